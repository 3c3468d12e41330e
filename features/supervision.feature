Feature: Supervision

  A supervisor listens to a conversation. That is told of the call, but a supervisor is no party to it.

  Scenario Outline: The supervisor first only listens or whispers, and then takes part
    Given the recorded session "<session>" of <switch>
    When the supervisor opens the call from <caller>
    Then the story tells, among other things and in this order:
      | queue sales gives the call to agent 1001                |
      | supervisor <supervisor> joins agent 1001 (<mode>)       |
      | <more>                                                  |
      | the supervisor leaves                                   |
      | the call ends, by caller <caller> (normal)              |
    And <during> seconds into the call the floor shows it as talking, with:
      | <caller> | connected |
      | 1001     | connected |
    And these people were called:
      | agent | talked   | result    | ended by |
      | 1001  | <talked> | completed | caller   |
    And it was not transferred

    # On the Asterisk the supervisor leaves in between; on the FreeSWITCH keys change what the supervisor can do.
    Examples:
      | switch     | session                 | caller     | supervisor | mode    | more                                      | during | talked |
      | Asterisk   | 14-chanspy              | 2125550091 | 1090       | whisper | supervisor 1090 joins agent 1001 (barge)  | 11     | 13.9 s |
      | FreeSWITCH | 14-supervisor-eavesdrop | 0205551101 | 1007       | silent  | the supervisor changes to whisper         | 8.5    | 11.6 s |
      | FreeSWITCH | 14-supervisor-eavesdrop | 0205551101 | 1007       | silent  | the supervisor changes to barge           | 10     | 11.6 s |

  Scenario: The caller hangs up while the supervisor listens (recorded on a FreeSWITCH only)
    Given the recorded session "14-supervisor-eavesdrop" of FreeSWITCH
    When the supervisor opens the call from 0205551102
    Then the story goes on after "queue sales gives the call to agent 1001" with:
      | supervisor 1007 joins agent 1001 (silent)   |
      | caller 0205551102 hangs up                  |
      | the supervisor leaves                       |
      | agent 1001 is released by caller 0205551102 |
      | the call ends, by caller 0205551102 (normal) |

  Scenario Outline: The supervisor's own call is no conversation
    Given the recorded session "<session>" of <switch>
    When the supervisor opens the call from <supervisor> to <dialed>
    Then the record says:
      | type   | internal |
      | lasted | <lasted> |
    And nobody was called
    And it waited in no queue
    And 2 seconds into the call the floor shows it as connected, with:
      | <supervisor> | connected |

    Examples:
      | switch     | session                 | supervisor | dialed  | lasted |
      | Asterisk   | 14-chanspy              | 1090       | *551001 | 5 s    |
      | FreeSWITCH | 14-supervisor-eavesdrop | 1007       | 881001  | 8 s    |

  Scenario Outline: Nothing is left
    Given the recorded session "<session>" of <switch>
    Then the history has <calls> calls, all of them ended and none in contradiction

    Examples:
      | switch     | session                 | calls |
      | Asterisk   | 14-chanspy              | 3     |
      | FreeSWITCH | 14-supervisor-eavesdrop | 4     |
