Feature: Queues and ringing

  A queue offers a call to agents until one takes it, the caller gives up, or the queue has waited long enough.

  Rule: Callers give up

    Background:
      Given the recorded session "03-abandon-in-queue"

    Scenario: Nobody is logged in
      When the supervisor opens the call from 2125550003
      Then 8 seconds into the call the floor shows it as queued, with:
        | 2125550003 | connected |
      And 9 seconds into the session 1 call waits in the queue "sales" and 0 agents are ready for it
      And the record says:
        | outcome  | abandoned |
        | ended by | caller    |
        | lasted   | 12.4 s    |
      And it waited in these queues:
        | queue | result    | agent | waited |
        | sales | abandoned |       | 7.2 s  |
      And nobody was called
      And it carries:
        | Account | 100200 |
      And the story goes on after "caller 2125550003 waits in queue sales, position 1" with:
        | the caller gives up waiting in queue sales after 0:07.195    |
        | caller 2125550003 hangs up                                   |
        | the call ends, by caller 2125550003 (normal), after 0:12.417 |

    Scenario: The only agent is on another call, and takes the next one when free
      Then 33 seconds into the session 2 calls wait in the queue "sales" and 0 agents are ready for it
      And 36 seconds into the session 1 call waits in the queue "sales" and 0 agents are ready for it
      When the supervisor opens the call from 2125550005
      Then the record says:
        | outcome | abandoned |
      And nobody was called
      When the supervisor opens the call from 2125550006
      Then the record says:
        | outcome | answered |
      And it waited in these queues:
        | queue | result   | agent | waited |
        | sales | answered | 1001  | 12.2 s |
      And the history has 4 calls, all of them ended and none in contradiction

  Rule: A queue gives up

    Background:
      Given the recorded session "05-overflow"

    Scenario: The call overflows to the next queue
      When the supervisor opens the call from 2125550021
      Then it waited in these queues:
        | queue   | result   | agent | waited |
        | sales   | timedOut |       | 12 s   |
        | support | answered | 1005  | 2.2 s  |
      And it was not transferred
      And it carries:
        | CALL_REASON | overflow-line |
      And the story tells, among other things and in this order:
        | caller 2125550021 waits in queue sales, position 1         |
        | the call leaves queue sales (timedOut) after 0:12.009      |
        | caller 2125550021 waits in queue support, position 1       |
        | queue support gives the call to agent 1005 after 0:02.159  |

    Scenario: It overflows although an agent was offered the call, twice
      When the supervisor opens the call from 2125550022
      Then it waited in these queues:
        | queue   | result   | agent | waited | not taken by |
        | sales   | timedOut |       | 12 s   | 1003, 1003   |
        | support | answered | 1005  | 1.7 s  |              |
      And these people were called:
        | agent | queue   | rang  | talked | result    | ended by |
        | 1003  | sales   | 7.8 s | 0 s    | noAnswer  | switch   |
        | 1003  | sales   | 2.8 s | 0 s    | noAnswer  | switch   |
        | 1005  | support | 1.5 s | 4 s    | completed | agent    |
      And the history has 2 calls, all of them ended and none in contradiction

  Rule: An agent does not take a call

    Background:
      Given the recorded session "06-ring-no-answer"

    Scenario: The agent lets it ring
      When the supervisor opens the call from 2125550031
      Then 8 seconds into the call the floor shows it as ringing, with:
        | 2125550031 | connected |
        | 1001       | ringing   |
      And 8 seconds into the call agent 1001 is ringing
      And 15 seconds into the call the floor shows it as ringing, with:
        | 2125550031 | connected |
        | 1002       | ringing   |
      And 15 seconds into the call agent 1001 is ready
      And it waited in these queues:
        | queue | result   | agent | waited | not taken by |
        | sales | answered | 1002  | 10.7 s | 1001         |
      And these people were called:
        | agent | rang  | talked | result    | ended by |
        | 1001  | 7.8 s | 0 s    | noAnswer  | switch   |
        | 1002  | 1.5 s | 4 s    | completed | caller   |

    Scenario: The agent rejects the call
      When the supervisor opens the call from 2125550032
      Then it waited in these queues:
        | queue | result   | agent | waited | not taken by |
        | sales | answered | 1002  | 2.1 s  | 1001         |
      And these people were called:
        | agent | rang  | talked | result    | ended by |
        | 1001  | 0.8 s | 0 s    | noAnswer  | agent    |
        | 1002  | 1 s   | 4 s    | completed | agent    |
      And the history has 2 calls, all of them ended and none in contradiction

  Rule: An agent's telephone cannot be reached

    Background:
      Given the recorded session "20-unreachable"

    Scenario: The supervisor sees whose telephone cannot be reached
      Then 10 seconds into the session agent 1012 is outOfService
      And 14 seconds into the session 1 call waits in the queue "support" and 0 agents are ready for it
      And 28 seconds into the session agent 1012 is ready
      And 44.2 seconds into the session agent 1012 is outOfService

    Scenario: A queue tries until a telephone comes back
      When the supervisor opens the call from 2125550152
      Then it waited in these queues:
        | queue   | result   | agent | waited | not taken by                 |
        | support | answered | 1012  | 7.4 s  | 1004, 1004, 1004, 1004, 1004 |
      And 9 seconds into the call the floor shows it as queued, with:
        | 2125550152 | connected |
      And 14 seconds into the call the floor shows it as talking, with:
        | 2125550152 | connected |
        | 1012       | connected |

    Scenario: The caller gives up before that
      When the supervisor opens the call from 2125550151
      Then the record says:
        | outcome | abandoned |
      And it waited in these queues:
        | queue   | result    | waited |
        | support | abandoned | 4.2 s  |
      And nobody was called

    Scenario Outline: A colleague is called straight
      When the supervisor opens the call from 1001 to <to>
      Then the record says:
        | type    | internal  |
        | outcome | <outcome> |
      And the story tells, among other things and in this order:
        | 1001 dials <to> |
        | <told>          |
      And these people were called:
        | who  | rang | talked | result   |
        | <to> | 0 s  | 0 s    | noAnswer |

      Examples:
        | to   | outcome  | told                               |
        | 1004 | busy     | 1004 cannot be reached: busy       |
        | 1005 | busy     | 1005 cannot be reached: rejected   |
        | 1006 | noAnswer | 1006 cannot be reached: noAnswer   |
        | 1007 | failed   | 1007 cannot be reached: congestion |

    Scenario: Nothing is left
      Then the history has 7 calls, all of them ended and none in contradiction

    Scenario: A colleague's telephone is not registered
      When the supervisor opens the call from 1001 to 1012
      Then the record says:
        | outcome  | failed |
        | ended by | caller |
