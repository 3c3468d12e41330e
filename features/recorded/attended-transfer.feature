Feature: The recorded call "attended-transfer"

  A call that really happened, with other names and numbers.

  Scenario: inbound, answered
    Given the recorded call "attended-transfer"
    When the supervisor opens the call 01a205eb-2410-8459-b6b8-7837b2a0df86
    Then the record says:
      | type       | inbound    |
      | from       | 2125550101 |
      | to         | 2125550102 |
      | outcome    | answered   |
      | ended by   | caller     |
      | lasted     | 19.774 s   |
      | in the IVR | 5.219 s    |
    And it waited in these queues:
      | queue   | result   | agent | waited  | not taken by |
      | queue-1 | answered | 7001  | 1.159 s |              |
    And these people were called:
      | who  | at   | queue   | rang    | talked  | of that on hold | result      | ended by |
      | 7001 | 7001 | queue-1 | 1.002 s | 7.971 s | 4.964 s         | transferred | agent    |
      | 7002 | 7002 |         | 0 s     | 5.411 s | 0 s             | completed   | caller   |
    And it was transferred:
      | kind     | by   | to   |
      | attended | 7001 | 7002 |
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
      | agent 7001 answers for queue queue-1                                                                                                              |
      | queue queue-1 gives the call to agent 7001 after 0:01.159                                                                                         |
      | agent 7001 puts the call on hold                                                                                                                  |
      | agent 7001 consults 7002 in another call                                                                                                          |
      | agent 7001 takes the call back                                                                                                                    |
      | agent 7001 transfers the call to 7002 (attended)                                                                                                  |
      | 7002 comes over from another call                                                                                                                 |
      | another call becomes part of this one                                                                                                             |
      | the consultation in another call is transferred                                                                                                   |
      | agent 7001 leaves, having transferred the call                                                                                                    |
      | caller 2125550101 hangs up                                                                                                                        |
      | 7002 is released by caller 2125550101                                                                                                             |
      | the call ends, by caller 2125550101 (normal), after 0:19.775                                                                                      |
