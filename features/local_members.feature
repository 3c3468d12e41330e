Feature: Members behind a detour

  Some switches reach an agent's telephone by a detour through themselves (a Local channel of Asterisk, a loopback pair of
  FreeSWITCH). Nobody sees the detour.

  Scenario Outline: The agent answers
    Given the recorded session "<session>" of <switch>
    When the supervisor opens the call from <caller>
    Then nobody else is in the story than:
      | <caller> |
      | <agent>  |
    And <ringing> seconds into the call the floor shows it as ringing, with:
      | <caller> | connected |
      | <agent>  | ringing   |
    And <talking> seconds into the call the floor shows it as talking, with:
      | <caller> | connected |
      | <agent>  | connected |
    And <talking> seconds into the call agent <agent> is talking
    And it waited in these queues:
      | queue   | result   | agent   | waited |
      | <queue> | answered | <agent> | 1.1 s  |
    And these people were called:
      | agent   | at      | rang | talked | result    | ended by   |
      | <agent> | <agent> | 1 s  | 4 s    | completed | <ended by> |
    And it was not transferred

    Examples:
      | switch     | session           | caller     | agent | queue   | ringing | talking | ended by |
      | Asterisk   | 22-local-members  | 2125550171 | 1001  | sales   | 6       | 8       | caller   |
      | FreeSWITCH | 18-loopback-agent | 0205551131 | 1008  | support | 2.8     | 5       | caller   |
      | FreeSWITCH | 18-loopback-agent | 0205551132 | 1008  | support | 2.8     | 5       | agent    |

  Scenario: The agent does not answer, and another one does (recorded on an Asterisk only)
    Given the recorded session "22-local-members" of Asterisk
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

  Scenario Outline: Nothing is left
    Given the recorded session "<session>" of <switch>
    Then the history has 2 calls, all of them ended and none in contradiction

    Examples:
      | switch     | session           |
      | Asterisk   | 22-local-members  |
      | FreeSWITCH | 18-loopback-agent |
