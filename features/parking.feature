Feature: Parking

  A caller waits in a parking space until a colleague takes the call from there.

  No FreeSWITCH was recorded while somebody parked a caller: this is told of an Asterisk only.

  Background:
    Given the recorded session "17-park" of Asterisk

  Scenario: A colleague takes the call
    When the supervisor opens the call from 2125550121
    Then 12 seconds into the call the floor shows it as connected, with:
      | 2125550121 | connected |
    And 12 seconds into the call agent 1001 is afterCallWork
    And 16 seconds into the call the floor shows it as talking, with:
      | 2125550121 | connected |
      | 1004       | connected |
    And the story tells, among other things and in this order:
      | agent 1001 leaves, having transferred the call      |
      | caller 2125550121 is parked in 701                  |
      | caller 2125550121 is taken from parking by 1004     |
      | 1004 comes over from another call                   |
      | another call becomes part of this one               |
      | 1004 hangs up                                       |
      | caller 2125550121 is released by 1004               |
    And these people were called:
      | who  | talked | result      | ended by |
      | 1001 | 3 s    | transferred | agent    |
      | 1004 | 4 s    | completed   | agent    |
    And it belongs together with:
      | as       | from | to  |
      | absorbed | 1004 | 701 |
    And the record says:
      | outcome  | answered |
      | ended by | called   |
      | lasted   | 18.4 s   |

  Scenario: The caller gives up
    When the supervisor opens the call from 2125550122
    Then the story tells, among other things and in this order:
      | caller 2125550122 is parked in 701            |
      | agent 1001 leaves this call (transferred)     |
      | caller 2125550122 hangs up                    |
      | caller 2125550122 leaves parking (abandoned)  |
    And 12 seconds into the call the floor shows it as connected, with:
      | 2125550122 | connected |
    And the record says:
      | ended by | caller |
      | lasted   | 14.4 s |

  Scenario: Nothing is left
    Then the history has 3 calls, all of them ended and none in contradiction

  Scenario: Parking by the agent is one transfer at most
    When the supervisor opens the call from 2125550121
    Then it was transferred:
      | kind  | by   | to  |
      | blind | 1001 | 700 |
