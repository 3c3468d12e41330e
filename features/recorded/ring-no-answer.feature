Feature: The recorded call "ring-no-answer"

  A call that really happened, with other names and numbers.

  Scenario: inbound, answered
    Given the recorded call "ring-no-answer"
    When the supervisor opens the call 01a205ec-21f8-8459-b6b8-7837b2a0df86
    Then the record says:
      | type       | inbound    |
      | from       | 2125550101 |
      | to         | 2125550102 |
      | outcome    | answered   |
      | ended by   | caller     |
      | lasted     | 19.889 s   |
      | in the IVR | 5.220 s    |
    And it waited in these queues:
      | queue   | result   | agent | waited   | not taken by |
      | queue-1 | answered | 7002  | 10.662 s | 7001         |
    And these people were called:
      | who  | at   | queue   | rang    | talked  | of that on hold | result    | ended by |
      | 7001 | 7001 | queue-1 | 7.848 s | 0 s     | 0 s             | noAnswer  | switch   |
      | 7002 | 7002 | queue-1 | 1.503 s | 4.003 s | 0 s             | completed | caller   |
    And it was not transferred
    And it carries:
      | Account      | value-1    |
      | CustomerName | value-2    |
      | Dnis         | 2125550102 |
      | Lang         | value-3    |
    And the story is:
      | external call call-1 from 2125550101 to 2125550102 on pbx                                                                                         |
      | caller 2125550101 dials 2125550102                                                                                                                |
      | caller 2125550101 is connected                                                                                                                    |
      | IVR ivr-1 talks to caller 2125550101                                                                                                              |
      | caller 2125550101 keys 6 digits                                                                                                                   |
      | ivr:ivr-1 attaches Account="value-1" CustomerName="value-2" Dnis="2125550102" Lang="value-3"                                                      |
      | caller 2125550101 keys 1 digit                                                                                                                   |
      | IVR ivr-1 lets go, choice 1                                                                                                                       |
      | caller 2125550101 waits in queue queue-1, position 1                                                                                              |
      | agent 7001 rings for queue queue-1, ANI 2125550101, DNIS 2125550102, Account="value-1", CustomerName="value-2", Dnis="2125550102", Lang="value-3" |
      | agent 7001 does not answer                                                                                                                        |
      | agent 7002 rings for queue queue-1, ANI 2125550101, DNIS 2125550102, Account="value-1", CustomerName="value-2", Dnis="2125550102", Lang="value-3" |
      | agent 7002 answers for queue queue-1                                                                                                              |
      | queue queue-1 gives the call to agent 7002 after 0:10.663                                                                                         |
      | caller 2125550101 hangs up                                                                                                                        |
      | agent 7002 is released by caller 2125550101                                                                                                       |
      | the call ends, by caller 2125550101 (normal), after 0:19.890                                                                                      |
