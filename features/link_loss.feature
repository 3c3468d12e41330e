Feature: Losing the switch, and finding it again

  The link to a switch breaks, or the switch itself. No call is left open for ever: what goes on goes on, what is gone is
  ended, and where its end was not seen the record does not pretend that it was.

  Rule: The link is lost and comes back, the switch goes on

    Scenario: Live
      Given a switch that plays the session "15-link-loss" from when agent 1005 logs in
      And the engine is linked to the switch
      And agent 1001 answers the call from 2125550101
      And agent 1002 answers the call from 2125550102
      And the caller 2125550103 waits in the queue "sales"
      And 1002 puts the caller on hold
      Then the floor shows the call from 2125550102 as held, with:
        | 2125550102 | connected |
        | 1002       | held      |

      When the link to the switch breaks
      And the caller 2125550101 has hung up
      And the caller 2125550104 waits in the queue "sales"
      And agent 1005 pauses, because of "unseen"
      # Nobody knows better yet.
      Then the floor shows the call from 2125550101 as talking, with:
        | 2125550101 | connected |
        | 1001       | connected |
      And the floor shows that agent 1005 is ready
      And the floor does not show the call from 2125550104

      When the link to the switch is back
      Then the floor does not show the call from 2125550101 any more
      And the floor shows the call from 2125550103 as queued, with:
        | 2125550103 | connected |
      And the floor shows the call from 2125550104 as queued, with:
        | 2125550104 | connected |
      And the floor shows that agent 1005 is notReady because of "unseen"

      When agent 1001 answers the call from 2125550103
      Then the floor shows the call from 2125550103 as talking, with:
        | 2125550103 | connected |
        | 1001       | connected |

      When the rest of the session is played
      Then the floor is empty, and the engine is stopped
      And the history has 4 calls, all of them ended and none in contradiction
      And every call began once and ended once, and no event is there twice
      When the supervisor opens the call from 2125550101
      Then its end is presumed: the switch did not have the call any more
      When the supervisor opens the call from 2125550103
      Then its end was seen
      And these people were called:
        | agent | talked | result    | ended by |
        | 1001  | 3 s    | completed | agent    |

    Scenario: A call that ended in the meantime
      Given the recorded session "15-link-loss"
      When the supervisor opens the call from 2125550101
      Then its end is presumed: the switch did not have the call any more
      And the record says:
        | outcome  | answered |
        | ended by | switch   |
        | lasted   | 20 s     |
      And these people were called:
        | agent | talked | result    | ended by |
        | 1001  | 13.6 s | completed | switch   |
      And 22 seconds into the session the link to the switch is down
      And 26 seconds into the session the link to the switch is up

    Scenario: A call that went on
      Given the recorded session "15-link-loss"
      When the supervisor opens the call from 2125550102
      Then its end was seen
      And these people were called:
        | agent | talked | result    | ended by |
        | 1002  | 17.4 s | completed | caller   |

    Scenario: A call that waited all the time
      Given the recorded session "15-link-loss"
      When the supervisor opens the call from 2125550103
      Then it waited in these queues:
        | queue | result   | agent | waited |
        | sales | answered | 1001  | 9.2 s  |
      And its end was seen

    Scenario: A call that arrived in the meantime
      Given the recorded session "15-link-loss"
      When the supervisor opens the call from 2125550104
      Then it waited in these queues:
        | queue | result   | agent | waited |
        | sales | answered | 1002  | 16.2 s |
      And the story tells, among other things and in this order:
        | caller 2125550104 is connected (inferred)                     |
        | caller 2125550104 waits in queue sales, position 2 (inferred) |
        | queue sales gives the call to agent 1002 after 0:16.464     |
        | agent 1002 hangs up                                         |

    Scenario: What was missed of the agents
      Given the recorded session "15-link-loss"
      Then 24 seconds into the session agent 1005 is ready
      And 26 seconds into the session agent 1005 is notReady because of "unseen"
      And the log tells of the link:
        | LinkUp         |
        | Resynchronised |
        | LinkDown       |
        | LinkUp         |
        | Resynchronised |
        | LinkDown       |
      And the history has 4 calls, all of them ended and none in contradiction

    Scenario: A call that arrived in the meantime came from outside
      Given the recorded session "15-link-loss"
      When the supervisor opens the call from 2125550104
      Then the record says:
        | type | inbound |

  Rule: The switch is started anew

    Scenario: At once, it tells the end of every call before it goes
      Given the recorded session "16-restart"
      Then the history has 4 calls, all of them ended and none in contradiction
      When the supervisor opens the call from 2125550111
      Then its end was seen
      And the record says:
        | outcome | answered |
        | lasted  | 13.8 s   |
      And these people were called:
        | agent | talked | result    |
        | 1001  | 7.4 s  | completed |
      When the supervisor opens the call from 2125550112
      Then its end was seen
      And the record says:
        | ended by | switch |
      When the supervisor opens the call from 2125550113
      Then the record says:
        | ended by   | switch |
        | in the IVR | 2 s    |
      When the supervisor opens the call from 2125550114
      Then the record says:
        | outcome  | answered |
        | ended by | caller   |
      And the log tells of the link:
        | LinkUp          |
        | Resynchronised  |
        | LinkDown        |
        | LinkUp          |
        | SwitchRestarted |
        | Resynchronised  |
        | LinkDown        |

    Scenario: A call that the restart killed was ended by the switch
      Given the recorded session "16-restart"
      When the supervisor opens the call from 2125550111
      Then the record says:
        | ended by | switch |
      And these people were called:
        | agent | ended by |
        | 1001  | switch   |

    Scenario: Gracefully, when the last call has ended
      Given the recorded session "24-restart-gracefully"
      Then the history has 2 calls, all of them ended and none in contradiction
      When the supervisor opens the call from 2125550191
      Then its end was seen
      And the record says:
        | outcome  | answered |
        | ended by | caller   |
      When the supervisor opens the call from 2125550193
      Then the record says:
        | ended by | agent |
      And 15.7 seconds into the session agent 1001 is afterCallWork
      And 18.5 seconds into the session agent 1001 is ready

    Scenario: It dies without a word
      Given the recorded session "25-crash"
      Then the history has 3 calls, all of them ended and none in contradiction
      And 15 seconds into the session the link to the switch is down
      When the supervisor opens the call from 2125550195
      Then the record says:
        | outcome  | answered |
        | ended by | switch   |
      And these people were called:
        | agent | result    | ended by |
        | 1001  | completed | switch   |
      And 19 seconds into the call it is not on the floor any more
      When the supervisor opens the call from 2125550196
      Then the record says:
        | ended by | switch |
      And nobody was called
      When the supervisor opens the call from 2125550197
      Then its end was seen
      And these people were called:
        | agent | talked | result    | ended by |
        | 1001  | 3 s    | completed | agent    |
      And the log tells of the link:
        | LinkUp          |
        | Resynchronised  |
        | LinkDown        |
        | LinkUp          |
        | SwitchRestarted |
        | Resynchronised  |
        | LinkDown        |

    Scenario Outline: What a crash killed ended because the switch was started anew
      Given the recorded session "25-crash"
      When the supervisor opens the call from <caller>
      Then its end is presumed: the switch was started anew

      Examples:
        | caller     |
        | 2125550195 |
        | 2125550196 |
