Feature: Transfers

  An agent sends a caller on: blind, or after having spoken with the other side. Whatever the switch does with its own
  ids meanwhile, the caller stays on one call with one record.

  Rule: Blind, the caller goes on without a word

    Background:
      Given the recorded session "08-blind-transfer"

    Scenario: To another agent
      When the supervisor opens the call from 2125550051
      Then 8 seconds into the call the floor shows it as talking, with:
        | 2125550051 | connected |
        | 1001       | connected |
      And 10.5 seconds into the call the floor shows it as ringing, with:
        | 2125550051 | connected |
        | 1003       | ringing   |
      And 10.5 seconds into the call agent 1001 is afterCallWork
      And 13 seconds into the call the floor shows it as talking, with:
        | 2125550051 | connected |
        | 1003       | connected |
      And 16 seconds into the call it is not on the floor any more
      And the record says:
        | type     | inbound  |
        | to       | 5550100  |
        | outcome  | answered |
        | ended by | caller   |
        | lasted   | 15 s     |
      And it waited in these queues:
        | queue | result   | agent | waited |
        | sales | answered | 1001  | 1.2 s  |
      And these people were called:
        | who  | queue | rang | talked | result      | ended by |
        | 1001 | sales | 1 s  | 3 s    | transferred | agent    |
        | 1003 |       | 1.5 s | 4 s   | completed   | caller   |
      And it carries:
        | Account       | 100200 |
        | CUSTOMER_TIER | gold   |
      And its end was seen

    Scenario: To another queue
      When the supervisor opens the call from 2125550052
      Then 10.5 seconds into the call the floor shows it as ringing, with:
        | 2125550052 | connected |
        | 1005       | ringing   |
      And it waited in these queues:
        | queue   | result   | agent | waited |
        | sales   | answered | 1001  | 1.2 s  |
        | support | answered | 1005  | 1.7 s  |
      And these people were called:
        | agent | queue   | talked | result      | ended by |
        | 1001  | sales   | 3 s    | transferred | agent    |
        | 1005  | support | 3 s    | completed   | agent    |
      And the record says:
        | outcome  | answered |
        | ended by | agent    |

    Scenario: A third party moves the caller to another queue
      When the supervisor opens the call from 2125550054
      Then it was transferred:
        | kind  | by | to      |
        | blind |    | support |
      And it waited in these queues:
        | queue   | result   | agent |
        | sales   | answered | 1001  |
        | support | answered | 1005  |
      And these people were called:
        | agent | talked | result      | ended by |
        | 1001  | 3 s    | transferred | switch   |
        | 1005  | 3 s    | completed   | caller   |
      And the story tells, among other things and in this order:
        | queue sales gives the call to agent 1001 after 0:01.163       |
        | the switch transfers the call to support (redirect) (inferred) |
        | agent 1001 leaves this call (transferred)                     |
        | agent 1005 answers for queue support                          |
        | caller 2125550054 hangs up                                    |

    Scenario: To somebody who is busy
      When the supervisor opens the call from 2125550055
      Then it was transferred:
        | kind  | by   | to   |
        | blind | 1001 | 1003 |
      And these people were called:
        | who  | talked | result      |
        | 1001 | 2 s    | transferred |
        | 1003 | 0 s    | noAnswer    |
      And the story goes on after "agent 1001 leaves, having transferred the call" with:
        | 1003 rings, ANI 2125550055, DNIS 5550100, Account="100200", CUSTOMER_TIER="gold", CustomerName="Blue Harbor Foods", Dnis="5550100", Lang="en" |
        | 1003 cannot be reached: busy                                  |
        | 1003 is given up                                              |
        | caller 2125550055 is released by the switch (busy)            |
        | the call ends, by the switch (busy), after 0:11.552           |
      And the record says:
        | outcome  | answered |
        | ended by | switch   |

    Scenario: Nothing is left
      Then the history has 5 calls, all of them ended and none in contradiction

    Scenario Outline: A blind transfer is one transfer
      When the supervisor opens the call from <caller>
      Then it was transferred:
        | kind  | by   | to   |
        | blind | 1001 | <to> |

      Examples:
        | caller     | to   |
        | 2125550051 | 1003 |
        | 2125550052 | 601  |
        | 2125550053 | 1003 |

  Rule: Attended, after a consultation that is a call of its own

    Background:
      Given the recorded session "09-attended-transfer"

    Scenario: The agent's telephone does it
      When the supervisor opens the call from 2125550061
      Then 12.5 seconds into the call the floor shows it as held, with:
        | 2125550061 | connected |
        | 1001       | held      |
      And 12.5 seconds into the call agent 1001 is talking
      And 17 seconds into the call the floor shows it as talking, with:
        | 2125550061 | connected |
        | 1003       | connected |
      And 17 seconds into the call agent 1001 is afterCallWork
      And the record says:
        | outcome  | answered |
        | ended by | caller   |
        | lasted   | 19.8 s   |
      And these people were called:
        | who  | talked | of that on hold | result      | ended by |
        | 1001 | 8 s    | 5 s             | transferred | agent    |
        | 1003 | 5.4 s  | 0 s             | completed   | caller   |
      And it was transferred:
        | kind     | by   | to   |
        | attended | 1001 | 1003 |
      And it belongs together with:
        | as           | from | to   |
        | consultation | 1001 | 1003 |
        | absorbed     | 1001 | 1003 |
      And the story goes on after "queue sales gives the call to agent 1001 after 0:01.159" with:
        | agent 1001 puts the call on hold                   |
        | agent 1001 consults 1003 in another call           |
        | agent 1001 takes the call back                     |
        | agent 1001 transfers the call to 1003 (attended)   |
        | 1003 comes over from another call                  |
        | another call becomes part of this one              |
        | the consultation in another call is transferred    |
        | agent 1001 leaves, having transferred the call     |
        | caller 2125550061 hangs up                         |
        | 1003 is released by caller 2125550061              |
        | the call ends, by caller 2125550061 (normal), after 0:19.775 |

    Scenario: The consultation of that transfer
      Given the supervisor opens the call from 2125550061
      When the supervisor opens the consultation about it
      Then the record says:
        | type    | consult  |
        | from    | 1001     |
        | to      | 1003     |
        | outcome | answered |
        | lasted  | 4.4 s    |
      And 2.5 seconds into the call the floor shows it as talking, with:
        | 1001 | connected |
        | 1003 | connected |
      And 5 seconds into the call it is not on the floor any more
      And it belongs together with:
        | as             | from       | to      |
        | consultationOf | 2125550061 | 5550100 |
        | mergedInto     | 2125550061 | 5550100 |
      And the story is:
        | consultation 1795395636.2 from 1001 to 1003 on pbx, about another call |
        | agent 1001 dials 1003                      |
        | 1003 rings, ANI 1001, DNIS 1003            |
        | 1003 answers                               |
        | agent 1001 is connected                    |
        | agent 1001 leaves this call (transferred)  |
        | 1003 leaves this call (transferred)        |
        | the call becomes part of another call      |

    Scenario: The switch does it
      When the supervisor opens the call from 2125550062
      Then 12.5 seconds into the call the floor shows it as held, with:
        | 2125550062 | connected |
        | 1001       | held      |
      And 16 seconds into the call the floor shows it as talking, with:
        | 2125550062 | connected |
        | 1004       | connected |
      And it was transferred:
        | kind     | by   | to   |
        | attended | 1001 | 1004 |
      And these people were called:
        | who  | talked | of that on hold | result      | ended by |
        | 1001 | 8 s    | 5 s             | transferred | agent    |
        | 1004 | 4 s    | 0 s             | completed   | agent    |
      And nobody else is in the story than:
        | 2125550062 |
        | 1001       |
        | 1004       |

    Scenario: The switch does it, and the agent thinks better of it
      When the supervisor opens the call from 2125550063
      Then it was not transferred
      And these people were called:
        | agent | talked | of that on hold | result    | ended by |
        | 1001  | 11.3 s | 5 s             | completed | caller   |
      And 16 seconds into the call the floor shows it as talking, with:
        | 2125550063 | connected |
        | 1001       | connected |
      And the story tells, among other things and in this order:
        | agent 1001 puts the call on hold                |
        | agent 1001 consults 1004 in another call        |
        | the consultation in another call is cancelled   |
        | agent 1001 takes the call back                  |
        | caller 2125550063 hangs up                      |
      And it belongs together with:
        | as           | from | to   |
        | consultation | 1001 | 1004 |

    Scenario: The telephone does it, and the agent thinks better of it
      When the supervisor opens the call from 2125550064
      Then it was not transferred
      And these people were called:
        | agent | talked | of that on hold | result    | ended by |
        | 1001  | 11.3 s | 5.3 s           | completed | agent    |
      And it belongs together with:
        | as           | from | to   |
        | consultation | 1001 | 1003 |
      When the supervisor opens the consultation about it
      Then the record says:
        | type     | consult  |
        | outcome  | answered |
        | ended by | caller   |

    Scenario: The agent consults a queue and transfers to who answers there
      When the supervisor opens the call from 2125550065
      Then it was transferred:
        | kind     | by   | to   |
        | attended | 1001 | 1005 |
      And these people were called:
        | agent | queue   | talked | result      |
        | 1001  | sales   | 8.5 s  | transferred |
        | 1005  | support | 4.7 s  | completed   |
      And it waited in these queues:
        | queue | result   | agent |
        | sales | answered | 1001  |
      When the supervisor opens the consultation about it
      Then it waited in these queues:
        | queue   | result   | agent | waited |
        | support | answered | 1005  | 1.4 s  |

    Scenario: Nothing is left
      Then the history has 10 calls, all of them ended and none in contradiction

    Scenario: The caller ends the call after a transfer to a queue
      When the supervisor opens the call from 2125550065
      Then the record says:
        | ended by | caller |
      And these people were called:
        | agent | ended by |
        | 1001  | agent    |
        | 1005  | caller   |

  Rule: Live, nobody sees more than one side of it

    Scenario: The agent's desktop and the floor follow an attended transfer
      Given a switch that plays the session "09-attended-transfer" from when agent 1001 logs in
      And the engine is linked to the switch
      And agent 1001's desktop is connected
      And the desktop shows that the agent is ready

      When agent 1001 answers the call from 2125550061
      Then the desktop shows these calls:
        | 2125550061 | 5550100 | connected |

      When agent 1001 puts the caller on hold
      Then the desktop shows that the agent is hold
      And the desktop shows these calls:
        | 2125550061 | 5550100 | held |

      When agent 1001 calls 1003, which rings
      Then the desktop shows these calls:
        | 2125550061 | 5550100 | held    |
        | 1001       | 1003    | dialing |
      And the floor shows the call from 1001 as ringing, with:
        | 1001 | dialing |
        | 1003 | ringing |

      When 1003 answers the consultation
      Then the desktop shows these calls:
        | 2125550061 | 5550100 | held      |
        | 1001       | 1003    | connected |
      And the desktop shows that the agent is talking

      When agent 1001 transfers the caller and is gone
      Then the desktop shows no call any more
      And the floor shows the call from 2125550061 as talking, with:
        | 2125550061 | connected |
        | 1003       | connected |
      And the floor does not show the call from 1001 any more

      When the caller 2125550061 has hung up
      Then the floor is empty, and the engine is stopped
      And the history has 2 calls, all of them ended and none in contradiction
      When the supervisor opens the call from 2125550061
      Then it was transferred:
        | kind     | by   | to   |
        | attended | 1001 | 1003 |
