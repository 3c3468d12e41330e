Feature: Queues and ringing

  A queue offers a call to agents until one takes it, the caller gives up, or the queue has waited long enough.

  Rule: Callers give up

    Scenario Outline: Nobody is logged in
      Given the recorded session "03-abandon-in-queue" of <switch>
      When the supervisor opens the call from <caller>
      Then <waiting> seconds into the call the floor shows it as queued, with:
        | <caller> | connected |
      And <into session> seconds into the session 1 call waits in the queue "sales" and 0 agents are ready for it
      And the record says:
        | outcome  | abandoned |
        | ended by | caller    |
        | lasted   | <lasted>  |
      And it waited in these queues:
        | queue | result    | agent | waited   |
        | sales | abandoned |       | <waited> |
      And nobody was called
      And it carries:
        | Account | <account> |
      And the story goes on after "caller <caller> waits in queue sales<place>" with:
        | the caller gives up waiting in queue sales |
        | caller <caller> hangs up                   |
        | the call ends, by caller <caller> (normal) |

      # A FreeSWITCH does not tell the place in the queue.
      Examples:
        | switch     | caller     | waiting | into session | lasted | waited | account | place        |
        | Asterisk   | 2125550003 | 8       | 9            | 12.4 s | 7.2 s  | 100200  | , position 1 |
        | FreeSWITCH | 0205551011 | 5       | 5            | 8.6 s  | 6.2 s  | 4711    |              |

    Scenario Outline: The only agent is on another call, and takes the next one when free
      Given the recorded session "03-abandon-in-queue" of <switch>
      Then <both wait> seconds into the session 2 calls wait in the queue "sales" and 0 agents are ready for it
      And <one waits> seconds into the session 1 call waits in the queue "sales" and 0 agents are ready for it
      When the supervisor opens the call from <gives up>
      Then the record says:
        | outcome | abandoned |
      And nobody was called
      When the supervisor opens the call from <is served>
      Then the record says:
        | outcome | answered |
      And it waited in these queues:
        | queue | result   | agent | waited   |
        | sales | answered | 1001  | <waited> |
      And the history has <calls> calls, all of them ended and none in contradiction

      Examples:
        | switch     | both wait | one waits | gives up   | is served  | waited | calls |
        | Asterisk   | 33        | 36        | 2125550005 | 2125550006 | 12.2 s | 4     |
        | FreeSWITCH | 27        | 31        | 0205551014 | 0205551015 | 10.9 s | 5     |

    Scenario: The caller gives up while the agent's telephone rings (recorded on a FreeSWITCH only)
      Given the recorded session "03-abandon-in-queue" of FreeSWITCH
      When the supervisor opens the call from 0205551012
      Then the record says:
        | outcome  | abandoned |
        | ended by | caller    |
      And it waited in these queues:
        | queue | result    | agent | waited | not taken by |
        | sales | abandoned |       | 2.7 s  |              |
      And these people were called:
        | agent | rang  | talked | result   | ended by |
        | 1001  | 2.6 s | 0 s    | noAnswer | caller   |

  Rule: A queue gives up

    Scenario Outline: The call overflows to the next queue
      Given the recorded session "<session>" of <switch>
      When the supervisor opens the call from <caller>
      Then it waited in these queues:
        | queue   | result   | agent | waited  |
        | sales   | timedOut |       | <first> |
        | support | answered | 1005  | <then>  |
      And it was not transferred
      And it carries:
        | <key> | <value> |
      And the story tells, among other things and in this order:
        | caller <caller> waits in queue sales<place>   |
        | the call leaves queue sales (timedOut)        |
        | caller <caller> waits in queue support<place> |
        | queue support gives the call to agent 1005    |

      Examples:
        | switch     | session                    | caller     | first  | then  | key         | value         | place        |
        | Asterisk   | 05-overflow                | 2125550021 | 12 s   | 2.2 s | CALL_REASON | overflow-line | , position 1 |
        | FreeSWITCH | 05-overflow-after-max-wait | 0205551031 | 15.5 s | 1.3 s | Account     | 4711          |              |

    Scenario: It overflows although an agent was offered the call, twice (recorded on an Asterisk only)
      Given the recorded session "05-overflow" of Asterisk
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

    Scenario: The caller gives up in the next queue (recorded on a FreeSWITCH only)
      Given the recorded session "05-overflow-after-max-wait" of FreeSWITCH
      When the supervisor opens the call from 0205551032
      Then it waited in these queues:
        | queue   | result    | agent | waited |
        | sales   | timedOut  |       | 16 s   |
        | support | abandoned |       | 4.2 s  |
      And the record says:
        | outcome | abandoned |
      And nobody was called

    Scenario Outline: Nothing is left
      Given the recorded session "<session>" of <switch>
      Then the history has 2 calls, all of them ended and none in contradiction

      Examples:
        | switch     | session                    |
        | Asterisk   | 05-overflow                |
        | FreeSWITCH | 05-overflow-after-max-wait |

  Rule: An agent does not take a call

    Scenario Outline: The agent lets it ring
      Given the recorded session "<session>" of <switch>
      When the supervisor opens the call from <caller>
      Then <first> seconds into the call the floor shows it as ringing, with:
        | <caller> | connected |
        | 1001     | ringing   |
      And <first> seconds into the call agent 1001 is ringing
      And <then> seconds into the call the floor shows it as ringing, with:
        | <caller> | connected |
        | 1002     | ringing   |
      And <then> seconds into the call agent 1001 is ready
      And it waited in these queues:
        | queue | result   | agent | waited   | not taken by |
        | sales | answered | 1002  | <waited> | 1001         |
      And these people were called:
        | agent | rang  | talked   | result    | ended by |
        | 1001  | 7.8 s | 0 s      | noAnswer  | switch   |
        | 1002  | <rang> | <talked> | completed | caller   |

      Examples:
        | switch     | session                     | caller     | first | then | waited | rang  | talked |
        | Asterisk   | 06-ring-no-answer           | 2125550031 | 8     | 15   | 10.7 s | 1.5 s | 4 s    |
        | FreeSWITCH | 06-ring-no-answer-then-next | 0205551041 | 5     | 11.2 | 9.3 s  | 1.3 s | 3.1 s  |

    Scenario: Who does not answer twice is on a break (a FreeSWITCH does so)
      Given the recorded session "06-ring-no-answer-then-next" of FreeSWITCH
      When the supervisor opens the call from 0205551042
      Then it waited in these queues:
        | queue | result   | agent | waited | not taken by |
        | sales | answered | 1002  | 8.6 s  | 1001         |
      And 45 seconds into the session agent 1001 is notReady because of "RONA"

    Scenario Outline: The agent rejects the call
      Given the recorded session "<session>" of <switch>
      When the supervisor opens the call from <caller>
      Then it waited in these queues:
        | queue | result   | agent    | waited   | not taken by |
        | sales | answered | <answers> | <waited> | <declined>   |
      And these people were called, among others:
        | agent     | rang   | talked   | result    | ended by |
        | <rejects> | <rang> | 0 s      | noAnswer  | agent    |
        | <answers> | <then> | <talked> | completed | <ended>  |
      And the history has <calls> calls, all of them ended and none in contradiction

      # On the FreeSWITCH a second agent is busy in between, and the first then takes the call.
      Examples:
        | switch     | session                     | caller     | rejects | answers | declined   | waited | rang  | then  | talked | ended  | calls |
        | Asterisk   | 06-ring-no-answer           | 2125550032 | 1001    | 1002    | 1001       | 2.1 s  | 0.8 s | 1 s   | 4 s    | agent  | 2     |
        | FreeSWITCH | 06-ring-no-answer-then-next | 0205551043 | 1003    | 1003    | 1003, 1002 | 5.1 s  | 1 s   | 0.8 s | 2.1 s  | caller | 3     |

    Scenario: A queue that rings everybody (recorded on a FreeSWITCH only)
      Given the recorded session "02-inbound-answer-agent-hangup" of FreeSWITCH
      When the supervisor opens the call from 0205551004
      Then it waited in these queues:
        | queue   | result   | agent | waited | not taken by |
        | support | answered | 1006  | 2.3 s  |              |
      And these people were called:
        | agent | rang  | talked | result    | ended by |
        | 1006  | 2.2 s | 4 s    | completed | agent    |
        | 1005  | 2.2 s | 0 s    | noAnswer  | switch   |
        | 1007  | 2.2 s | 0 s    | noAnswer  | switch   |
      And the history has 3 calls, all of them ended and none in contradiction

  Rule: An agent's telephone cannot be reached (recorded on an Asterisk only)

    Background:
      Given the recorded session "20-unreachable" of Asterisk

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
