Feature: Recording

  When a conversation was recorded, and when not, is part of its story.

  No FreeSWITCH was recorded while it recorded somebody: this is told of an Asterisk only.

  Background:
    Given the recorded session "18-recording" of Asterisk

  Scenario: The recording pauses while the caller says a card number
    When the supervisor opens the call from 2125550131
    Then the story goes on after "queue sales gives the call to agent 1001" with:
      | recording starts                            |
      | recording pauses                            |
      | recording goes on                           |
      | recording stops                             |
      | agent 1001 is released by caller 2125550131 |
      | caller 2125550131 hangs up                  |
      | the call ends, by caller 2125550131 (normal) |

  Scenario: The recording goes on until the call ends
    When the supervisor opens the call from 2125550132
    Then the story goes on after "queue sales gives the call to agent 1001" with:
      | recording starts                            |
      | agent 1001 hangs up                         |
      | caller 2125550132 is released by agent 1001 |
      | recording stops                             |
      | the call ends, by agent 1001 (normal) |

  Scenario: Recording changes nothing else about a call
    When the supervisor opens the call from 2125550131
    Then nobody else is in the story than:
      | 2125550131 |
      | 1001       |
    And these people were called:
      | agent | talked | of that on hold | result    |
      | 1001  | 11 s   | 0 s             | completed |
    And the history has 2 calls, all of them ended and none in contradiction
