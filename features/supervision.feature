Feature: Supervision

  A supervisor listens to a conversation. That is told of the call, but a supervisor is no party to it.

  Background:
    Given the recorded session "14-chanspy"

  Scenario: The supervisor whispers to the agent, leaves, and comes back into the conversation
    When the supervisor opens the call from 2125550091
    Then the story goes on after "queue sales gives the call to agent 1001 after 0:01.159" with:
      | supervisor 1090 joins agent 1001 (whisper)  |
      | the supervisor leaves                       |
      | supervisor 1090 joins agent 1001 (barge)    |
      | the supervisor leaves                       |
      | agent 1001 is released by caller 2125550091 |
      | caller 2125550091 hangs up                  |
      | the call ends, by caller 2125550091 (normal), after 0:20.237 |
    And 11 seconds into the call the floor shows it as talking, with:
      | 2125550091 | connected |
      | 1001       | connected |
    And these people were called:
      | agent | talked | result    | ended by |
      | 1001  | 13.9 s | completed | caller   |
    And it was not transferred

  Scenario: The supervisor's own call is no conversation
    When the supervisor opens the call from 1090 to *551001
    Then the record says:
      | type   | internal |
      | lasted | 5 s      |
    And nobody was called
    And it waited in no queue
    And 2 seconds into the call the floor shows it as connected, with:
      | 1090 | connected |

  Scenario: Nothing is left
    Then the history has 3 calls, all of them ended and none in contradiction
