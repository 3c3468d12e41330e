Feature: Hold

  Who presses hold is the one that holds; who waits is not. The time on hold is part of the conversation and is told of it.

  Scenario Outline: The agent puts the caller on hold, and takes the call back
    Given the recorded session "11-hold-retrieve" of <switch>
    When the supervisor opens the call from <caller>
    Then <before> seconds into the call agent <agent> is talking
    And <during> seconds into the call the floor shows it as held, with:
      | <caller> | connected |
      | <agent>  | held      |
    And <during> seconds into the call agent <agent> is hold
    And <after> seconds into the call the floor shows it as talking, with:
      | <caller> | connected |
      | <agent>  | connected |
    And <after> seconds into the call agent <agent> is talking
    And these people were called:
      | agent   | talked   | of that on hold | result    | ended by   |
      | <agent> | <talked> | <on hold>       | completed | <ended by> |
    And the story tells, among other things and in this order:
      | agent <agent> puts the call on hold |
      | agent <agent> takes the call back   |

    # On the Asterisk the agent does so twice; on the FreeSWITCH one call is held by a command, one by a telephone.
    Examples:
      | switch     | caller     | agent | before | during | after | talked | on hold | ended by |
      | Asterisk   | 2125550081 | 1002  | 8      | 11     | 14.5  | 13.5 s | 6.5 s   | caller   |
      | Asterisk   | 2125550081 | 1002  | 14.5   | 16.5   | 19    | 13.5 s | 6.5 s   | caller   |
      | FreeSWITCH | 0205551091 | 1001  | 9      | 11     | 12.8  | 10.1 s | 2 s     | caller   |
      | FreeSWITCH | 0205551092 | 1001  | 4      | 7      | 10.5  | 8.7 s  | 4.5 s   | agent    |

  Scenario Outline: The caller puts the agent on hold, which is not the agent's hold time
    Given the recorded session "11-hold-retrieve" of <switch>
    When the supervisor opens the call from <caller>
    Then <during> seconds into the call the floor shows it as held, with:
      | <caller> | held      |
      | <agent>  | connected |
    And <during> seconds into the call agent <agent> is talking
    And <after> seconds into the call the floor shows it as talking, with:
      | <caller> | connected |
      | <agent>  | connected |
    And these people were called:
      | agent   | talked   | of that on hold |
      | <agent> | <talked> | <on hold>       |
    And the story tells, among other things and in this order:
      | caller <caller> puts the call on hold |
      | caller <caller> takes the call back   |

    # On the FreeSWITCH the caller holds for 3 s, and later the agent for 2 s.
    Examples:
      | switch     | caller     | agent | during | after | talked | on hold |
      | Asterisk   | 2125550082 | 1002  | 11     | 13    | 8 s    | 0 s     |
      | FreeSWITCH | 0205551091 | 1001  | 6.5    | 9     | 10.1 s | 2 s     |

  Scenario Outline: It is told in order
    Given the recorded session "11-hold-retrieve" of <switch>
    When the supervisor opens the call from <caller>
    Then the story goes on after "queue <queue> gives the call to agent <agent>" with:
      | <1>                           |
      | <2>                           |
      | <3>                           |
      | <4>                           |
      | <5>                           |
      | <6>                           |
      | the call ends, by caller <caller> (normal) |

    Examples:
      | switch     | caller     | agent | queue   | 1                                     | 2                                   | 3                                 | 4                               | 5                                           | 6                                           |
      | Asterisk   | 2125550081 | 1002  | support | agent 1002 puts the call on hold      | agent 1002 takes the call back      | agent 1002 puts the call on hold | agent 1002 takes the call back | agent 1002 is released by caller 2125550081 | caller 2125550081 hangs up                  |
      | FreeSWITCH | 0205551091 | 1001  | sales   | caller 0205551091 puts the call on hold | caller 0205551091 takes the call back | agent 1001 puts the call on hold | agent 1001 takes the call back | caller 0205551091 hangs up                  | agent 1001 is released by caller 0205551091 |

  Scenario: The caller hangs up while on hold (recorded on a FreeSWITCH only)
    Given the recorded session "11-hold-retrieve" of FreeSWITCH
    When the supervisor opens the call from 0205551093
    Then 7 seconds into the call the floor shows it as held, with:
      | 0205551093 | connected |
      | 1001       | held      |
    And these people were called:
      | agent | talked | of that on hold | result    | ended by |
      | 1001  | 5.4 s  | 3.3 s           | completed | caller   |

  Scenario Outline: Nothing is left
    Given the recorded session "11-hold-retrieve" of <switch>
    Then the history has <calls> calls, all of them ended and none in contradiction

    Examples:
      | switch     | calls |
      | Asterisk   | 2     |
      | FreeSWITCH | 3     |
