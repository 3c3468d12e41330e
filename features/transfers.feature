Feature: Transfers

  An agent sends a caller on: blind, or after having spoken with the other side. Whatever the switch does with its own
  ids meanwhile, the caller stays on one call with one record.

  Rule: Blind, the caller goes on without a word

    Scenario Outline: To another agent
      Given the recorded session "08-blind-transfer" of <switch>
      When the supervisor opens the call from <caller>
      Then <before> seconds into the call the floor shows it as talking, with:
        | <caller> | connected |
        | 1001     | connected |
      And <during> seconds into the call the floor shows it as ringing, with:
        | <caller> | connected |
        | <to>     | ringing   |
      And <during> seconds into the call agent 1001 is afterCallWork
      And <after> seconds into the call the floor shows it as talking, with:
        | <caller> | connected |
        | <to>     | connected |
      And <over> seconds into the call it is not on the floor any more
      And the record says:
        | type     | inbound    |
        | to       | <called>   |
        | outcome  | answered   |
        | ended by | <ended by> |
        | lasted   | <lasted>   |
      And it waited in these queues:
        | queue | result   | agent | waited |
        | sales | answered | 1001  | 1.1 s  |
      And these people were called:
        | who  | queue | rang   | talked         | result      | ended by |
        | 1001 | sales | 1 s    | <agent talked> | transferred | agent    |
        | <to> |       | <rang> | <other talked> | completed   | <ended>  |
      And it carries:
        | Account | <account> |
        | <key>   | <value>   |
      And its end was seen

      Examples:
        | switch     | caller     | called     | to   | before | during | after | over | ended by | ended  | lasted | rang  | agent talked | other talked | account | key           | value  |
        | Asterisk   | 2125550051 | 5550100    | 1003 | 8      | 10.5   | 13    | 16   | caller   | caller | 15 s   | 1.5 s | 3 s          | 4 s          | 100200  | CUSTOMER_TIER | gold   |
        | FreeSWITCH | 0205551062 | 0205550100 | 1004 | 4      | 5.9    | 8     | 10.5 | called   | agent  | 9.9 s  | 1 s   | 2.1 s        | 3.5 s        | 4712    | customer_tier | silver |

    # On the Asterisk the agent does so, on the FreeSWITCH a CRM.
    Scenario Outline: To another queue
      Given the recorded session "08-blind-transfer" of <switch>
      When the supervisor opens the call from <caller>
      Then <during> seconds into the call the floor shows it as ringing, with:
        | <caller> | connected |
        | 1005     | ringing   |
      And it waited in these queues:
        | queue   | result   | agent | waited  |
        | sales   | answered | 1001  | 1.1 s   |
        | support | answered | 1005  | <waits> |
      And these people were called:
        | agent | queue   | talked         | result      | ended by |
        | 1001  | sales   | <agent talked> | transferred | <sent>   |
        | 1005  | support | 3 s            | completed   | <ended>  |
      And the record says:
        | outcome  | answered |
        | ended by | <ended>  |

      Examples:
        | switch     | caller     | during | waits | agent talked | sent   | ended  |
        | Asterisk   | 2125550052 | 10.5   | 1.7 s | 3 s          | agent  | agent  |
        | FreeSWITCH | 0205551063 | 6      | 1.1 s | 2.1 s        | switch | caller |

    Scenario Outline: A third party moves the caller to another queue
      Given the recorded session "08-blind-transfer" of <switch>
      When the supervisor opens the call from <caller>
      Then it was transferred:
        | kind  | by | to   |
        | blind |    | <to> |
      And it waited in these queues:
        | queue   | result   | agent |
        | sales   | answered | 1001  |
        | support | answered | 1005  |
      And these people were called:
        | agent | talked   | result      | ended by |
        | 1001  | <talked> | transferred | switch   |
        | 1005  | 3 s      | completed   | caller   |
      And the story tells, among other things and in this order:
        | queue sales gives the call to agent 1001                  |
        | the switch transfers the call to <to> (redirect) <as seen> |
        | agent 1001 leaves this call (transferred)                 |
        | agent 1005 answers for queue support                      |
        | caller <caller> hangs up                                  |

      Examples:
        | switch     | caller     | to            | talked | as seen       |
        | Asterisk   | 2125550054 | support       | 3 s    | (inferred)      |
        | FreeSWITCH | 0205551063 | queue_support | 2.1 s  |               |

    # On the FreeSWITCH a CRM sends the caller.
    Scenario Outline: To somebody who does not take the call
      Given the recorded session "08-blind-transfer" of <switch>
      When the supervisor opens the call from <caller>
      Then it was transferred:
        | kind  | by   | to   |
        | blind | <by> | 1003 |
      And these people were called:
        | who  | talked   | result      |
        | 1001 | <talked> | transferred |
        | 1003 | 0 s      | noAnswer    |
      And the story tells, among other things and in this order:
        | <told>                                         |
        | caller <caller> is released by the switch (<why>) |
        | the call ends, by the switch (<why>)           |
      And the record says:
        | outcome  | answered |
        | ended by | switch   |

      Examples:
        | switch     | caller     | by   | talked | told                         | why      |
        | Asterisk   | 2125550055 | 1001 | 2 s    | 1003 cannot be reached: busy | busy     |
        | FreeSWITCH | 0205551064 |      | 1.6 s  | 1003 does not answer         | noAnswer |

    Scenario: To a number that does not exist (recorded on a FreeSWITCH only)
      Given the recorded session "08-blind-transfer" of FreeSWITCH
      When the supervisor opens the call from 0205551065
      Then these people were called:
        | who  | talked | result      | ended by |
        | 1001 | 1.6 s  | transferred | agent    |
      And the record says:
        | outcome  | answered |
        | ended by | switch   |

    Scenario Outline: A blind transfer is one transfer
      Given the recorded session "08-blind-transfer" of <switch>
      When the supervisor opens the call from <caller>
      Then it was transferred:
        | kind  | by   | to   |
        | blind | <by> | <to> |

      Examples:
        | switch     | caller     | by   | to   |
        | Asterisk   | 2125550051 | 1001 | 1003 |
        | Asterisk   | 2125550052 | 1001 | 601  |
        | Asterisk   | 2125550053 | 1001 | 1003 |
        | FreeSWITCH | 0205551061 |      | 1003 |
        | FreeSWITCH | 0205551062 | 1001 | 1004 |
        | FreeSWITCH | 0205551065 | 1001 | 1999 |

    Scenario Outline: Nothing is left
      Given the recorded session "08-blind-transfer" of <switch>
      Then the history has 5 calls, all of them ended and none in contradiction

      Examples:
        | switch     |
        | Asterisk   |
        | FreeSWITCH |

  Rule: Attended, after a consultation that is a call of its own

    # By the agent's telephone (a second call, joined with the first), and by the switch (Atxfer, att_xfer).
    Scenario Outline: The agent consults a colleague, and transfers the caller
      Given the recorded session "09-attended-transfer" of <switch>
      When the supervisor opens the call from <caller>
      Then <consulting> seconds into the call the floor shows it as held, with:
        | <caller> | connected |
        | 1001     | held      |
      And <after> seconds into the call the floor shows it as talking, with:
        | <caller> | connected |
        | <to>     | connected |
      And <after> seconds into the call agent 1001 is afterCallWork
      And the record says:
        | outcome  | answered   |
        | ended by | <ended by> |
        | lasted   | <lasted>   |
      And these people were called:
        | who  | talked         | of that on hold | result      | ended by |
        | 1001 | <agent talked> | <on hold>       | transferred | agent    |
        | <to> | <other talked> | 0 s             | completed   | <ended>  |
      And it was transferred:
        | kind     | by   | to   |
        | attended | 1001 | <to> |
      And it belongs together with:
        | as           | from | to   |
        | consultation | 1001 | <to> |
        | absorbed     | 1001 | <to> |
      And nobody else is in the story than:
        | <caller> |
        | 1001     |
        | <to>     |
      And the story tells, among other things and in this order:
        | queue sales gives the call to agent 1001        |
        | agent 1001 puts the call on hold                |
        | agent 1001 consults <to> in another call        |
        | agent 1001 transfers the call to <to> (attended) |
        | <to> comes over from another call               |
        | another call becomes part of this one           |
        | the consultation in another call is transferred |
        | agent 1001 leaves, having transferred the call  |
        | <last>                                          |

      Examples: By the telephone
        | switch     | caller     | to   | consulting | after | lasted | agent talked | on hold | other talked | ended by | ended  | last                       |
        | Asterisk   | 2125550061 | 1003 | 12.5       | 17    | 19.8 s | 8 s          | 5 s     | 5.4 s        | caller   | caller | caller 2125550061 hangs up |
        | FreeSWITCH | 0205551074 | 1004 | 8.5        | 11    | 13.3 s | 6.1 s        | 4.1 s   | 4 s          | caller   | caller | caller 0205551074 hangs up |

      Examples: By the switch
        | switch     | caller     | to   | consulting | after | lasted | agent talked | on hold | other talked | ended by | ended  | last                       |
        | Asterisk   | 2125550062 | 1004 | 12.5       | 16    | 18.5 s | 8 s          | 5 s     | 4 s          | called   | agent  | 1004 hangs up              |
        | FreeSWITCH | 0205551071 | 1003 | 8          | 11    | 12.2 s | 6 s          | 3.5 s   | 3 s          | caller   | caller | caller 0205551071 hangs up |

    Scenario Outline: The consultation of that transfer
      Given the recorded session "09-attended-transfer" of <switch>
      And the supervisor opens the call from <caller>
      When the supervisor opens the consultation about it
      Then the record says:
        | type    | consult  |
        | from    | 1001     |
        | to      | <to>     |
        | outcome | answered |
        | lasted  | <lasted> |
      And 2.5 seconds into the call the floor shows it as talking, with:
        | 1001 | connected |
        | <to> | connected |
      And 2.5 seconds into the call agent 1001 is talking
      And 5 seconds into the call it is not on the floor any more
      And it belongs together with:
        | as             | from     | to       |
        | consultationOf | <caller> | <called> |
        | mergedInto     | <caller> | <called> |
      And the story goes on after "agent 1001 dials <to>" with:
        | <to> rings, ANI 1001, DNIS <to>           |
        | <to> answers                              |
        | agent 1001 is connected                   |
        | agent 1001 leaves this call (transferred) |
        | <to> leaves this call (transferred)       |
        | the call becomes part of another call     |

      Examples:
        | switch     | caller     | called     | to   | lasted |
        | Asterisk   | 2125550061 | 5550100    | 1003 | 4.4 s  |
        | FreeSWITCH | 0205551074 | 0205550100 | 1004 | 3.1 s  |
        | FreeSWITCH | 0205551071 | 0205550100 | 1003 | 3.5 s  |

    Scenario Outline: The switch does it, and the agent thinks better of it
      Given the recorded session "09-attended-transfer" of <switch>
      When the supervisor opens the call from <caller>
      Then it was not transferred
      And these people were called:
        | agent | talked   | of that on hold | result    | ended by |
        | 1001  | <talked> | <on hold>       | completed | <ended>  |
      And <after> seconds into the call the floor shows it as talking, with:
        | <caller> | connected |
        | 1001     | connected |
      And the story tells, among other things and in this order:
        | agent 1001 puts the call on hold              |
        | agent 1001 consults <to> in another call      |
        | the consultation in another call is cancelled |
        | agent 1001 takes the call back                |
        | <last>                                        |
      And it belongs together with:
        | as           | from | to   |
        | consultation | 1001 | <to> |

      # In the last one nobody answers the consultation.
      Examples:
        | switch     | caller     | to   | after | talked | on hold | ended  | last                       |
        | Asterisk   | 2125550063 | 1004 | 16    | 11.3 s | 5 s     | caller | caller 2125550063 hangs up |
        | FreeSWITCH | 0205551072 | 1003 | 10    | 8.3 s  | 3.1 s   | agent  | agent 1001 hangs up        |
        | FreeSWITCH | 0205551073 | 1003 | 11    | 9.1 s  | 4 s     | caller | caller 0205551073 hangs up |

    Scenario: The consultation that nobody answers (recorded on a FreeSWITCH only)
      Given the recorded session "09-attended-transfer" of FreeSWITCH
      And the supervisor opens the call from 0205551073
      When the supervisor opens the consultation about it
      Then the record says:
        | type    | consult  |
        | outcome | noAnswer |
      And these people were called:
        | who  | rang | talked | result   |
        | 1001 | 0 s  | 0 s    | noAnswer |
        | 1003 | 4 s  | 0 s    | noAnswer |

    Scenario: The telephone does it, and the agent thinks better of it (recorded on an Asterisk only)
      Given the recorded session "09-attended-transfer" of Asterisk
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

    Scenario: The agent consults a queue and transfers to who answers there (recorded on an Asterisk only)
      Given the recorded session "09-attended-transfer" of Asterisk
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

    Scenario: The caller ends the call after that transfer (recorded on an Asterisk only)
      Given the recorded session "09-attended-transfer" of Asterisk
      When the supervisor opens the call from 2125550065
      Then the record says:
        | ended by | caller |
      And these people were called:
        | agent | ended by |
        | 1001  | agent    |
        | 1005  | caller   |

    Scenario Outline: Nothing is left
      Given the recorded session "09-attended-transfer" of <switch>
      Then the history has <calls> calls, all of them ended and none in contradiction

      Examples:
        | switch     | calls |
        | Asterisk   | 10    |
        | FreeSWITCH | 8     |

  Rule: Live, nobody sees more than one side of it

    Scenario Outline: The agent's desktop and the floor follow an attended transfer
      Given a <switch> that plays the session "09-attended-transfer" from when agent 1001 logs in
      And the engine is linked to the switch
      And agent 1001's desktop is connected
      And the desktop shows that the agent is ready

      When agent 1001 answers the call from <caller>
      Then the desktop shows these calls:
        | <caller> | <called> | connected |

      When agent 1001 puts the caller on hold
      Then the desktop shows that the agent is hold
      And the desktop shows these calls:
        | <caller> | <called> | held |

      When agent 1001 calls <to>, which rings
      Then the desktop shows these calls:
        | <caller> | <called> | held    |
        | 1001       | <to>    | dialing |
      And the floor shows the call from 1001 as ringing, with:
        | 1001 | dialing |
        | <to> | ringing |

      When <to> answers the consultation
      Then the desktop shows these calls:
        | <caller> | <called> | held      |
        | 1001       | <to>    | connected |
      And the desktop shows that the agent is talking

      When agent 1001 transfers the caller and is gone
      Then the desktop shows no call any more
      And the floor shows the call from <caller> as talking, with:
        | <caller> | connected |
        | <to>       | connected |
      And the floor does not show the call from 1001 any more

      When the caller <caller> has hung up
      Then the floor is empty, and the engine is stopped
      And the history has <calls> calls, all of them ended and none in contradiction
      When the supervisor opens the call from <caller>
      Then it was transferred:
        | kind     | by   | to   |
        | attended | 1001 | <to> |

      Examples:
        | switch     | caller     | called     | to   | calls |
        | Asterisk   | 2125550061 | 5550100    | 1003 | 2     |
        | FreeSWITCH | 0205551074 | 0205550100 | 1004 | 8     |
