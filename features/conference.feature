Feature: Conferences

  More than two people talk with each other. It is one call with one record, however they came together.

  Background:
    Given the recorded session "10-conference"

  Scenario: A colleague joins the caller and the agent in a conference room
    When the supervisor opens the call from 2125550071
    Then 10.5 seconds into the call the floor shows it as talking, with:
      | 2125550071 | connected |
      | 1001       | connected |
    And 14 seconds into the call the floor shows it as talking, with:
      | 2125550071 | connected |
      | 1001       | connected |
      | 1006       | connected |
    And 20 seconds into the call the floor shows it as talking, with:
      | 2125550071 | connected |
      | 1001       | connected |
    And 24 seconds into the call it is not on the floor any more
    And the record says:
      | outcome  | answered |
      | ended by | caller   |
      | lasted   | 23.3 s   |
    And these people were called:
      | who  | talked | result    | ended by |
      | 1001 | 14.6 s | completed | agent    |
      | 1006 | 7.5 s  | completed | agent    |
    And it belongs together with:
      | as       | from | to  |
      | absorbed | 1006 | 800 |
    And it was not transferred
    And the story goes on after "queue sales gives the call to agent 1001 after 0:01.156" with:
      | 1006 comes over from another call          |
      | another call becomes part of this one      |
      | a conference is formed in room 800         |
      | 1006 hangs up                              |
      | agent 1001 hangs up                        |
      | caller 2125550071 hangs up                 |
      | the call ends, by caller 2125550071 (normal), after 0:23.346 |

  Scenario: The call with which the colleague came
    When the supervisor opens the call from 1006 to 800
    Then the record says:
      | type | internal |
    And nobody was called
    And it belongs together with:
      | as         | from       | to      |
      | mergedInto | 2125550071 | 5550100 |
    And the story tells, among other things and in this order:
      | 1006 dials 800                        |
      | 1006 leaves this call (conferenced)   |
      | the call becomes part of another call |

  Scenario: A consultation becomes a conference
    When the supervisor opens the call from 2125550072
    Then 13 seconds into the call the floor shows it as held, with:
      | 2125550072 | connected |
      | 1001       | held      |
    And 17 seconds into the call the floor shows it as talking, with:
      | 2125550072 | connected |
      | 1001       | connected |
      | 1004       | connected |
    And 21 seconds into the call the floor shows it as talking, with:
      | 2125550072 | connected |
      | 1004       | connected |
    And these people were called:
      | who  | talked | of that on hold | result    | ended by |
      | 1001 | 13.2 s | 4.8 s           | completed | agent    |
      | 1004 | 8.2 s  | 0 s             | completed | caller   |
    And it belongs together with:
      | as           | from | to   |
      | consultation | 1001 | 1004 |
      | absorbed     | 1001 | 1004 |
    And the story tells, among other things and in this order:
      | agent 1001 puts the call on hold                 |
      | agent 1001 consults 1004 in another call         |
      | agent 1001 takes the call back                   |
      | agent 1001 forms a conference                    |
      | 1004 comes over from another call                |
      | another call becomes part of this one            |
      | the consultation in another call is conferenced  |
      | agent 1001 hangs up                              |
    When the supervisor opens the consultation about it
    Then these people were called:
      | who  | talked | result      |
      | 1001 | 2.9 s  | conferenced |
      | 1004 | 2.9 s  | conferenced |

  Scenario: Nothing is left
    Then the history has 4 calls, all of them ended and none in contradiction
