Feature: Several engines, one history

  Two engines may listen to the same switch, one may come late, one may die and another take over, and a recording may be
  read again. Whatever they hear twice is in the history once.

  Scenario Outline: A second engine hears the same
    Given an engine reads the session "<session>"
    When another engine reads the session "<session>"
    Then nothing was added
    And every call began once and ended once, and no event is there twice
    And the calls have the same events as those of one engine that heard everything

    Examples:
      | session                   |
      | 01-answered-caller-hangs-up |
      | 08-blind-transfer         |
      | 09-attended-transfer      |
      | 10-conference             |
      | 15-link-loss              |
      | 22-local-members          |
      | 25-crash                  |

  Scenario: An engine dies in the middle of a call, and another one has heard it all
    Given an engine that died after 8 seconds reads the session "09-attended-transfer"
    When another engine reads the session "09-attended-transfer"
    Then something was added
    And every call began once and ended once, and no event is there twice
    And the calls have the same events as those of one engine that heard everything

  Scenario: An engine joins late, beside one that has heard it all
    Given an engine reads the session "01-answered-caller-hangs-up"
    When another engine that joined 7 seconds late reads the session "01-answered-caller-hangs-up"
    Then no call was added to
    And every call began once and ended once, and no event is there twice

  Scenario: An engine that lost its link adds nothing to what the other one heard
    Given an engine that stayed connected reads the session "15-link-loss"
    When another engine that lost its link reads the session "15-link-loss"
    Then no call was added to
    And every call began once and ended once, and no event is there twice
    And the calls have the same events as those of one engine that stayed connected

  Scenario: The one that stayed connected comes second
    Given an engine that lost its link reads the session "15-link-loss"
    When another engine that stayed connected reads the session "15-link-loss"
    Then every call began once and ended once, and no event is there twice
    And the history has 4 calls, all of them ended and none in contradiction

  Scenario: The second half is read first
    Given an engine that joined after the link was lost reads the session "15-link-loss"
    When another engine that stayed connected reads the session "15-link-loss"
    Then something was added
    And every call began once and ended once, and no event is there twice
    And the history has 4 calls, all of them ended and none in contradiction
