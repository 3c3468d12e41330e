Feature: The sample call

  The story that callstate was made for: a call arrives, an IVR talks to the caller and collects an
  account number, the call waits in a queue and is distributed to an agent. The agent's desktop shows
  who is calling, and why, before the agent answers.

  It is told by the bytes that a real switch sent when it happened, over a real connection, to the
  real engine.

  Scenario Outline: The desktop shows the call before the agent answers
    Given a <switch> that plays the session "<session>" from when agent 1001 logs in
    And the engine is linked to the switch
    And agent 1001's desktop is connected
    And the desktop shows that the agent is ready

    When a call from <caller> to <called> arrives at the switch
    Then the engine has created the call and given it its connection ID

    When the switch delivers the call to the IVR "<ivr>"
    Then the IVR "<ivr>" talks to the caller

    When the IVR collects the caller's account
    Then the call carries "Account" = "<account>" and "<name>" = "<customer>"

    When the IVR sends the call to the queue "sales"
    Then the call waits in the queue "sales"

    When the ACD distributes the call to agent 1001
    Then the agent's desktop is told that a call rings on DN 1001
    And the desktop shows ANI <caller> and DNIS <called>
    And the desktop shows "Account" = "<account>" and "<name>" = "<customer>"
    And the agent has not answered yet

    When the agent answers
    Then the desktop shows that the agent is talking
    And the call still carries "Account" = "<account>" and "<name>" = "<customer>"

    When the caller hangs up
    Then the desktop shows that the call is gone
    And the record says that agent 1001 answered after <waited> seconds in the queue "sales" and talked for <talked> seconds
    And the whole story is in the log, in the order in which it happened:
      | CallStarted      |
      | PartyDialing     |
      | PartyConnected   |
      | IVREntered       |
      | <collected>      |
      | IVRLeft          |
      | QueueEntered     |
      | PartyAlerting    |
      | PartyConnected   |
      | QueueDistributed |
      | PartyReleased    |
      | PartyReleased    |
      | CallEnded        |

    # The IVR of the Asterisk has a menu after the account.
    Examples:
      | switch     | session                         | caller     | called     | ivr         | account | name          | customer          | waited | talked | collected                                         |
      | Asterisk   | 01-answered-caller-hangs-up     | 2125550001 | 5550100    | main        | 100200  | CustomerName  | Blue Harbor Foods | 2      | 6      | DigitsCollected, UserDataChanged, DigitsCollected |
      | FreeSWITCH | 01-inbound-answer-caller-hangup | 0205551001 | 0205550100 | ivr_account | 4711    | Customer-Name | Northwind Foods   | 1      | 12     | DigitsCollected, UserDataChanged                  |

  Scenario Outline: A desktop that lost its connection misses nothing
    Given a <switch> that plays the session "<session>" from when agent 1001 logs in
    And the engine is linked to the switch
    And agent 1001's desktop is connected
    And a call from <caller> to <called> arrives at the switch
    And the agent's desktop loses its connection
    When the ACD distributes the call to agent 1001
    And the agent's desktop comes back with the position of its last message
    Then the agent's desktop is told that a call rings on DN 1001
    And the desktop shows "Account" = "<account>" and "<name>" = "<customer>"

    Examples:
      | switch     | session                         | caller     | called     | account | name          | customer          |
      | Asterisk   | 01-answered-caller-hangs-up     | 2125550001 | 5550100    | 100200  | CustomerName  | Blue Harbor Foods |
      | FreeSWITCH | 01-inbound-answer-caller-hangup | 0205551001 | 0205550100 | 4711    | Customer-Name | Northwind Foods   |

  Scenario Outline: The engine is restarted in the middle of the call
    Given a <switch> that plays the session "<session>" from when agent 1001 logs in
    And the engine is linked to the switch
    And agent 1001's desktop is connected
    And a call from <caller> to <called> arrives at the switch
    And the IVR collects the caller's account
    When the engine is stopped and started again
    And the ACD distributes the call to agent 1001
    And agent 1001's desktop is connected
    Then the agent's desktop is told that a call rings on DN 1001
    And the desktop shows "Account" = "<account>" and "<name>" = "<customer>"

    Examples:
      | switch     | session                         | caller     | called     | account | name          | customer          |
      | Asterisk   | 01-answered-caller-hangs-up     | 2125550001 | 5550100    | 100200  | CustomerName  | Blue Harbor Foods |
      | FreeSWITCH | 01-inbound-answer-caller-hangup | 0205551001 | 0205550100 | 4711    | Customer-Name | Northwind Foods   |
