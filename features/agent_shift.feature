Feature: An agent's shift

  What an agent does is seen on the floor at every moment: ready, on a call, in after-call work, away and why.

  Scenario Outline: What the agent is doing
    Given the recorded session "<session>" of <switch>
    Then <at> seconds into the session agent <agent> is <state>

    # After the call, after-call work comes before the pause that the agent has asked for.
    Examples: On an Asterisk a shift with two calls
      | switch   | session        | at   | agent | state                            |
      | Asterisk | 07-agent-shift | 1    | 1004  | ready                            |
      | Asterisk | 07-agent-shift | 8    | 1004  | ringing                          |
      | Asterisk | 07-agent-shift | 10   | 1004  | talking                          |
      | Asterisk | 07-agent-shift | 13.5 | 1004  | afterCallWork                    |
      | Asterisk | 07-agent-shift | 16   | 1004  | afterCallWork                    |
      | Asterisk | 07-agent-shift | 20   | 1004  | notReady because of "lunch"      |
      | Asterisk | 07-agent-shift | 28   | 1004  | notReady because of "training"   |
      | Asterisk | 07-agent-shift | 29.7 | 1004  | ready                            |
      | Asterisk | 07-agent-shift | 30.6 | 1004  | ringing                          |
      | Asterisk | 07-agent-shift | 33   | 1004  | talking                          |
      | Asterisk | 07-agent-shift | 35   | 1004  | talking                          |
      | Asterisk | 07-agent-shift | 38   | 1004  | afterCallWork                    |
      | Asterisk | 07-agent-shift | 40.6 | 1004  | ready                            |
      | Asterisk | 07-agent-shift | 42   | 1004  | ready                            |
      | Asterisk | 07-agent-shift | 44.6 | 1004  | ready                            |
      | Asterisk | 07-agent-shift | 45.3 | 1004  | loggedOut                        |

    # 1001 takes the call that waited when the break is over, and goes home in the middle of the next one: the conversation
    # goes on. 1002 is available on demand, that is, for one call.
    Examples: On a FreeSWITCH the shifts of two agents
      | switch     | session         | at   | agent | state                          |
      | FreeSWITCH | 07-agent-status | 0.5  | 1001  | ready                          |
      | FreeSWITCH | 07-agent-status | 1.3  | 1001  | notReady because of "On Break" |
      | FreeSWITCH | 07-agent-status | 1.3  | 1002  | ready                          |
      | FreeSWITCH | 07-agent-status | 2    | 1002  | loggedOut                      |
      | FreeSWITCH | 07-agent-status | 6    | 1001  | notReady because of "On Break" |
      | FreeSWITCH | 07-agent-status | 9.3  | 1001  | ringing                        |
      | FreeSWITCH | 07-agent-status | 11   | 1001  | talking                        |
      | FreeSWITCH | 07-agent-status | 13.5 | 1001  | afterCallWork                  |
      | FreeSWITCH | 07-agent-status | 19   | 1001  | ready                          |
      | FreeSWITCH | 07-agent-status | 22   | 1001  | talking                        |
      | FreeSWITCH | 07-agent-status | 24   | 1001  | talking                        |
      | FreeSWITCH | 07-agent-status | 25.5 | 1001  | loggedOut                      |
      | FreeSWITCH | 07-agent-status | 26.5 | 1002  | ready                          |
      | FreeSWITCH | 07-agent-status | 29   | 1002  | ringing                        |
      | FreeSWITCH | 07-agent-status | 30   | 1002  | talking                        |
      | FreeSWITCH | 07-agent-status | 32   | 1002  | afterCallWork                  |
      | FreeSWITCH | 07-agent-status | 36   | 1002  | loggedOut                      |

  Scenario Outline: Nobody is ready for a call that waits
    Given the recorded session "<session>" of <switch>
    Then <at> seconds into the session 1 call waits in the queue "<queue>" and 0 agents are ready for it

    Examples:
      | switch     | session         | at | queue   |
      | Asterisk   | 07-agent-shift  | 25 | support |
      | FreeSWITCH | 07-agent-status | 6  | sales   |

  Scenario: A pause in one queue leaves the other one (a FreeSWITCH has no such pauses)
    Given the recorded session "07-agent-shift" of Asterisk
    Then 42 seconds into the session agent 1004 is ready
    And 42 seconds into the session 0 calls wait in the queue "sales" and 0 agents are ready for it
    And 42 seconds into the session 0 calls wait in the queue "support" and 1 agent is ready for it

  Scenario: The agent logs out of one queue after the other (a FreeSWITCH has no such logout)
    Given the recorded session "07-agent-shift" of Asterisk
    Then 44.6 seconds into the session agent 1004 is ready
    And 44.6 seconds into the session 0 calls wait in the queue "sales" and 1 agent is ready for it
    And 44.6 seconds into the session 0 calls wait in the queue "support" and 0 agents are ready for it
    And 45.3 seconds into the session agent 1004 is loggedOut

  Scenario Outline: The caller has waited until the agent came back
    Given the recorded session "<session>" of <switch>
    When the supervisor opens the call from <caller>
    Then it waited in these queues:
      | queue   | result   | agent   | waited   |
      | <queue> | answered | <agent> | <waited> |
    And these people were called:
      | agent   | talked   | ended by |
      | <agent> | <talked> | caller   |
    And the history has <calls> calls, all of them ended and none in contradiction

    Examples:
      | switch     | session         | caller     | queue   | agent | waited | talked | calls |
      | Asterisk   | 07-agent-shift  | 2125550042 | support | 1004  | 8.2 s  | 5 s    | 2     |
      | FreeSWITCH | 07-agent-status | 0205551051 | sales   | 1001  | 4.8 s  | 3.1 s  | 3     |
