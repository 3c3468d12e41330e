Feature: Replay

  The past is told again: a call as a story, the whole floor as a story, and to a desktop in the very form in which it
  was told live. That somebody looked is an event itself.

  Scenario: A desktop is pointed at the past
    Given an Asterisk that plays the session "11-hold-retrieve" from when agent 1002 logs in
    And the engine is linked to the switch
    And agent 1002's desktop is connected
    When agent 1002 answers the call from 2125550081
    And the rest of the session is played
    And the supervisor notes what the floor and agent 1002's desktop show
    And another desktop is pointed at what agent 1002's desktop showed
    Then it has shown the same
    And it is in the log that user:tester has looked at the floor

  Scenario: A call is replayed to a program
    Given an Asterisk that plays the session "11-hold-retrieve" from when agent 1002 logs in
    And the engine is linked to the switch
    And agent 1002's desktop is connected
    When the rest of the session is played
    And the supervisor notes what the floor and agent 1002's desktop show
    And the call from 2125550081 is replayed to a program
    Then the program is shown the call as:
      | connected |
      | dialing   |
      | connected |
      | ivr       |
      | connected |
      | queued    |
      | ringing   |
      | talking   |
      | held      |
      | talking   |
      | held      |
      | talking   |
      | connected |
    And it is in the log that user:tester has looked at that call

  Scenario: The whole floor is told
    Given the recorded session "06-ring-no-answer" of Asterisk
    Then the floor from 14 to 16.6 seconds into the session is told as:
      | a call: agent 1002 rings for queue sales, ANI 2125550031, DNIS 5550100, Account="100200", CUSTOMER_TIER="gold", CustomerName="Blue Harbor Foods", Dnis="5550100", Lang="en" |
      | a call: agent 1002 answers for queue sales                       |
      | a call: queue sales gives the call to agent 1002 after 0:10.663 |
    And it is in the log that somebody has looked at the floor

  Scenario: What was not heard is told as a gap
    Given the recorded session "15-link-loss" of Asterisk
    When the supervisor opens the call from 2125550102
    Then the story tells, among other things and in this order:
      | agent 1002 puts the call on hold                                    |
      | GAP: nothing is heard of pbx for 0:04.823 (end of the recording)    |
      | agent 1002 is released by caller 2125550102                         |
    And it is in the log that somebody has looked at that call
