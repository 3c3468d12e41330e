Feature: Requests

  A desktop asks, the switch does it, and what came of it is told by the switch. That it was asked is in the log before the
  switch is asked, and so is every refusal.

  Rule: On an Asterisk

    Scenario: An agent transfers a caller from the desktop
      Given an Asterisk that plays the session "08-blind-transfer" from when agent 1005 logs in
      And the engine is linked to the switch
      And agent 1001's desktop is connected
      When agent 1001 answers the call from 2125550053
      Then the desktop shows these calls:
        | 2125550053 | 5550100 | connected |

      When agent 1001's desktop asks to "transfer" the call from 2125550053, with:
        | to | 1003 |
      Then the switch is told:
        | Action: BlindTransfer  |
        | Channel: PJSIP/1001-*  |
        | Context: from-internal |
        | Exten: 1003            |
      And the answer says where in the log it was asked by "agent:1001"

      When the same is asked again under the same key
      Then the switch is told nothing more
      And the answer is the same

      When agent 1001 transfers the caller blind
      Then the desktop shows no call any more

    Scenario: What AMI cannot do is refused, and says why
      Given an Asterisk that plays the session "08-blind-transfer" from when agent 1005 logs in
      And the engine is linked to the switch
      And agent 1001's desktop is connected
      When agent 1001 answers the call from 2125550053
      Then the desktop shows these calls:
        | 2125550053 | 5550100 | connected |
      When agent 1001's desktop asks to "hold" the call from 2125550053
      Then it is refused with 501 "unsupported"
      When agent 1001's desktop asks to "retrieve" the call from 2125550053
      Then it is refused with 409 "invalidCallState"
      And the switch is told nothing more

    Scenario: An agent goes for lunch
      Given an Asterisk that plays the session "07-agent-shift" from when agent 1004 logs in
      And the engine is linked to the switch
      And agent 1004's desktop is connected
      When agent 1004's desktop asks to be "not-ready", with:
        | reason | lunch |
      Then the switch is told:
        | Action: QueuePause    |
        | Interface: PJSIP/1004 |
        | Paused: true          |
        | Reason: lunch         |
      # In both of his queues.
      When agent 1004 pauses, because of "lunch"
      And agent 1004 pauses, because of "lunch"
      Then the floor shows that agent 1004 is notReady because of "lunch"

  Rule: On a FreeSWITCH

    Scenario: An agent puts a caller on hold from the desktop
      Given a FreeSWITCH that plays the session "11-hold-retrieve" from when agent 1001 logs in
      And the engine is linked to the switch
      And agent 1001's desktop is connected
      When agent 1001 answers the call from 0205551092
      Then the desktop shows that the agent is talking
      When agent 1001's desktop asks to "hold" the call from 0205551092
      Then the switch is told:
        | uuid_hold * |
      And the answer says where in the log it was asked by "agent:1001"
      When agent 1001 puts the caller on hold
      Then the desktop shows that the agent is hold

  Rule: On a switch that can do it all

    Scenario: A call from ring to release, by the desktop alone
      Given an engine with a simulated switch on which agent 1001 does nothing by himself
      And agent 1001's desktop is connected
      When agent 1001's desktop logs in for all queues
      And a call rings there
      And agent 1001's desktop asks to "answer" it
      Then the desktop shows that the agent is talking
      When agent 1001's desktop asks to "hold" it
      Then the desktop shows that the agent is hold
      When agent 1001's desktop asks to "retrieve" it
      Then the desktop shows that the agent is talking
      When agent 1001's desktop asks to "release" it
      Then the desktop shows that the agent is afterCallWork
      When agent 1001's desktop asks to "hold" it
      Then it is refused with 410 "callEnded"
