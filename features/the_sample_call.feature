Feature: The sample call

  The story that callstate was made for: a call arrives, an IVR talks to the caller and collects an
  account number, the call waits in a queue and is distributed to an agent. The agent's desktop shows
  who is calling, and why, before the agent answers.

  It is told by the bytes that a real switch sent when it happened, over a real connection, to the
  real engine.

  Background:
    Given a switch on which agent 1001 is logged in on DN 1001 for the queue "sales"
    And the engine is linked to the switch
    And agent 1001's desktop is connected
    And the desktop shows that the agent is ready

  Scenario: The desktop shows the call before the agent answers
    When a call from 2125550001 to 5550100 arrives at the switch
    Then the engine has created the call and given it its connection ID

    When the switch delivers the call to the IVR "main"
    Then the IVR "main" talks to the caller

    When the IVR collects the caller's account
    Then the call carries "Account" = "100200" and "CustomerName" = "Blue Harbor Foods"

    When the IVR sends the call to the queue "sales"
    Then the call waits in the queue "sales"

    When the ACD distributes the call to agent 1001
    Then the agent's desktop is told that a call rings on DN 1001
    And the desktop shows ANI 2125550001 and DNIS 5550100
    And the desktop shows "Account" = "100200" and "CustomerName" = "Blue Harbor Foods"
    And the agent has not answered yet

    When the agent answers
    Then the desktop shows that the agent is talking
    And the call still carries "Account" = "100200" and "CustomerName" = "Blue Harbor Foods"

    When the caller hangs up
    Then the desktop shows that the call is gone
    And the record says that agent 1001 answered after 2 seconds in the queue "sales" and talked for 6 seconds
    And the whole story is in the log, in the order in which it happened:
      | CallStarted      |
      | PartyDialing     |
      | PartyConnected   |
      | IVREntered       |
      | DigitsCollected  |
      | UserDataChanged  |
      | DigitsCollected  |
      | IVRLeft          |
      | QueueEntered     |
      | PartyAlerting    |
      | PartyConnected   |
      | QueueDistributed |
      | PartyReleased    |
      | PartyReleased    |
      | CallEnded        |

  Scenario: A desktop that lost its connection misses nothing
    Given a call from 2125550001 to 5550100 arrives at the switch
    And the agent's desktop loses its connection
    When the ACD distributes the call to agent 1001
    And the agent's desktop comes back with the position of its last message
    Then the agent's desktop is told that a call rings on DN 1001
    And the desktop shows "Account" = "100200" and "CustomerName" = "Blue Harbor Foods"

  Scenario: The engine is restarted in the middle of the call
    Given a call from 2125550001 to 5550100 arrives at the switch
    And the IVR collects the caller's account
    When the engine is stopped and started again
    And the ACD distributes the call to agent 1001
    And agent 1001's desktop is connected
    Then the agent's desktop is told that a call rings on DN 1001
    And the desktop shows "Account" = "100200" and "CustomerName" = "Blue Harbor Foods"
