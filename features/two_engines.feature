Feature: Several engines, one history

  Two engines may listen to the same switch, one may come late, one may die and another take over, and a recording may be
  read again. Whatever they hear twice is in the history once.

  Scenario Outline: A second engine hears the same
    Given an engine reads the session "<session>" of <switch>
    When another engine reads the session "<session>" of <switch>
    Then nothing was added
    And every call began once and ended once, and no event is there twice
    And the calls have the same events as those of one engine that heard everything

    Examples:
      | switch     | session                         |
      | Asterisk   | 01-answered-caller-hangs-up     |
      | Asterisk   | 08-blind-transfer               |
      | Asterisk   | 09-attended-transfer            |
      | Asterisk   | 10-conference                   |
      | Asterisk   | 15-link-loss                    |
      | Asterisk   | 22-local-members                |
      | Asterisk   | 25-crash                        |
      | FreeSWITCH | 01-inbound-answer-caller-hangup |
      | FreeSWITCH | 08-blind-transfer               |
      | FreeSWITCH | 09-attended-transfer            |
      | FreeSWITCH | 10-three-way-conference         |
      | FreeSWITCH | 15-link-loss-reconnect          |
      | FreeSWITCH | 16-switch-restart               |
      | FreeSWITCH | 18-loopback-agent               |

  Scenario Outline: An engine dies in the middle of a call, and another one has heard it all
    Given an engine that died after 8 seconds reads the session "09-attended-transfer" of <switch>
    When another engine reads the session "09-attended-transfer" of <switch>
    Then something was added
    And every call began once and ended once, and no event is there twice
    And the calls have the same events as those of one engine that heard everything

    Examples:
      | switch     |
      | Asterisk   |
      | FreeSWITCH |

  Scenario Outline: An engine joins late, beside one that has heard it all
    Given an engine reads the session "<session>" of <switch>
    When another engine that joined 7 seconds late reads the session "<session>" of <switch>
    Then no call was added to
    And every call began once and ended once, and no event is there twice

    Examples:
      | switch     | session                         |
      | Asterisk   | 01-answered-caller-hangs-up     |
      | FreeSWITCH | 01-inbound-answer-caller-hangup |

  Scenario Outline: An engine that lost its link adds nothing to what the other one heard
    Given an engine that stayed connected reads the session "<session>" of <switch>
    When another engine that lost its link reads the session "<session>" of <switch>
    Then no call was added to
    And every call began once and ended once, and no event is there twice
    And the calls have the same events as those of one engine that stayed connected

    Examples:
      | switch     | session                |
      | Asterisk   | 15-link-loss           |
      | FreeSWITCH | 15-link-loss-reconnect |

  Scenario Outline: The one that stayed connected comes second
    Given an engine that lost its link reads the session "<session>" of <switch>
    When another engine that stayed connected reads the session "<session>" of <switch>
    Then every call began once and ended once, and no event is there twice
    And the history has 4 calls, all of them ended and none in contradiction

    Examples:
      | switch     | session                |
      | Asterisk   | 15-link-loss           |
      | FreeSWITCH | 15-link-loss-reconnect |

  Scenario Outline: The second half is read first
    Given an engine that joined after the link was lost reads the session "<session>" of <switch>
    When another engine that stayed connected reads the session "<session>" of <switch>
    Then something was added
    And every call began once and ended once, and no event is there twice
    And the history has 4 calls, all of them ended and none in contradiction

    Examples:
      | switch     | session                |
      | Asterisk   | 15-link-loss           |
      | FreeSWITCH | 15-link-loss-reconnect |
