Feature: Members behind a detour

  Some switches reach an agent's telephone by a detour through themselves. Nobody sees the detour.

  Background:
    Given the recorded session "22-local-members"

  Scenario: The agent answers
    When the supervisor opens the call from 2125550171
    Then nobody else is in the story than:
      | 2125550171 |
      | 1001       |
    And 6 seconds into the call the floor shows it as ringing, with:
      | 2125550171 | connected |
      | 1001       | ringing   |
    And 8 seconds into the call the floor shows it as talking, with:
      | 2125550171 | connected |
      | 1001       | connected |
    And 8 seconds into the call agent 1001 is talking
    And it waited in these queues:
      | queue | result   | agent | waited |
      | sales | answered | 1001  | 1.2 s  |
    And these people were called:
      | agent | at   | rang | talked | result    | ended by |
      | 1001  | 1001 | 1 s  | 4 s    | completed | caller   |

  Scenario: The agent does not answer, and another one does
    When the supervisor opens the call from 2125550172
    Then nobody else is in the story than:
      | 2125550172 |
      | 1001       |
      | 1002       |
    And it waited in these queues:
      | queue | result   | agent | waited | not taken by |
      | sales | answered | 1002  | 19.2 s | 1001, 1001   |
    And these people were called:
      | agent | at   | rang  | talked | result    | ended by |
      | 1001  | 1001 | 7.8 s | 0 s    | noAnswer  | switch   |
      | 1001  | 1001 | 7.8 s | 0 s    | noAnswer  | switch   |
      | 1002  | 1002 | 1 s   | 4 s    | completed | agent    |
    And it was not transferred

  Scenario: Nothing is left
    Then the history has 2 calls, all of them ended and none in contradiction
