Feature: An agent's shift

  What an agent does is seen on the floor at every moment: ready, on a call, in after-call work, away and why.

  Background:
    Given the recorded session "07-agent-shift"

  Scenario: A shift with two calls
    Then 1 seconds into the session agent 1004 is ready
    And 8 seconds into the session agent 1004 is ringing
    And 10 seconds into the session agent 1004 is talking
    # After the call, after-call work comes before the pause that the agent has asked for.
    And 13.5 seconds into the session agent 1004 is afterCallWork
    And 16 seconds into the session agent 1004 is afterCallWork
    And 20 seconds into the session agent 1004 is notReady because of "lunch"
    And 25 seconds into the session 1 call waits in the queue "support" and 0 agents are ready for it
    And 28 seconds into the session agent 1004 is notReady because of "training"
    And 29.7 seconds into the session agent 1004 is ready
    And 30.6 seconds into the session agent 1004 is ringing
    And 33 seconds into the session agent 1004 is talking
    And 35 seconds into the session agent 1004 is talking
    And 38 seconds into the session agent 1004 is afterCallWork
    And 40.6 seconds into the session agent 1004 is ready

  Scenario: A pause in one queue leaves the other one
    Then 42 seconds into the session agent 1004 is ready
    And 42 seconds into the session 0 calls wait in the queue "sales" and 0 agents are ready for it
    And 42 seconds into the session 0 calls wait in the queue "support" and 1 agent is ready for it

  Scenario: The agent logs out of one queue after the other
    Then 44.6 seconds into the session agent 1004 is ready
    And 44.6 seconds into the session 0 calls wait in the queue "sales" and 1 agent is ready for it
    And 44.6 seconds into the session 0 calls wait in the queue "support" and 0 agents are ready for it
    And 45.3 seconds into the session agent 1004 is loggedOut

  Scenario: The second caller has waited until the agent came back
    When the supervisor opens the call from 2125550042
    Then it waited in these queues:
      | queue   | result   | agent | waited |
      | support | answered | 1004  | 8.2 s  |
    And these people were called:
      | agent | talked | ended by |
      | 1004  | 5 s    | caller   |
    And the history has 2 calls, all of them ended and none in contradiction
