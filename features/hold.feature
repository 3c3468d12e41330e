Feature: Hold

  Who presses hold is the one that holds; who waits is not. The time on hold is part of the conversation and is told of it.

  Background:
    Given the recorded session "11-hold-retrieve"

  Scenario: The agent puts the caller on hold, twice
    When the supervisor opens the call from 2125550081
    Then 8 seconds into the call agent 1002 is talking
    And 11 seconds into the call the floor shows it as held, with:
      | 2125550081 | connected |
      | 1002       | held      |
    And 11 seconds into the call agent 1002 is hold
    And 14.5 seconds into the call the floor shows it as talking, with:
      | 2125550081 | connected |
      | 1002       | connected |
    And 16.5 seconds into the call agent 1002 is hold
    And 19 seconds into the call agent 1002 is talking
    And these people were called:
      | agent | talked | of that on hold | result    | ended by |
      | 1002  | 13.5 s | 6.5 s           | completed | caller   |
    And the story goes on after "queue support gives the call to agent 1002 after 0:01.162" with:
      | agent 1002 puts the call on hold            |
      | agent 1002 takes the call back              |
      | agent 1002 puts the call on hold            |
      | agent 1002 takes the call back              |
      | agent 1002 is released by caller 2125550081 |
      | caller 2125550081 hangs up                  |
      | the call ends, by caller 2125550081 (normal), after 0:19.894 |

  Scenario: The caller puts the agent on hold, which is not the agent's hold time
    When the supervisor opens the call from 2125550082
    Then 11 seconds into the call the floor shows it as held, with:
      | 2125550082 | held      |
      | 1002       | connected |
    And 11 seconds into the call agent 1002 is talking
    And 13 seconds into the call the floor shows it as talking, with:
      | 2125550082 | connected |
      | 1002       | connected |
    And these people were called:
      | agent | talked | of that on hold | ended by |
      | 1002  | 8 s    | 0 s             | agent    |

  Scenario: Nothing is left
    Then the history has 2 calls, all of them ended and none in contradiction
