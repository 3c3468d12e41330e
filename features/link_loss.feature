Feature: Losing the switch, and finding it again

  The link to a switch breaks, or the switch itself. No call is left open for ever: what goes on goes on, what is gone is
  ended, and where its end was not seen the record does not pretend that it was.

  Rule: The link is lost and comes back, the switch goes on

    Scenario Outline: Live
      Given a <switch> that plays the session "<session>" from when agent <known> logs in
      And the engine is linked to the switch
      And agent 1001 answers the call from <talking>
      And agent 1002 answers the call from <going on>
      And the caller <waiting> waits in the queue "sales"
      Then the floor shows the call from <waiting> as queued, with:
        | <waiting> | connected |

      When the link to the switch breaks
      And the caller <talking> has hung up
      And the caller <newcomer> waits in the queue "sales"
      And agent <other> pauses, because of "<why>"
      # Nobody knows better yet.
      Then the floor shows the call from <talking> as talking, with:
        | <talking> | connected |
        | 1001      | connected |
      And the floor shows that agent <other> is <was>
      And the floor does not show the call from <newcomer>

      When the link to the switch is back
      Then the floor does not show the call from <talking> any more
      And the floor shows the call from <waiting> as <waiting goes on>
      And the floor shows the call from <newcomer> as queued, with:
        | <newcomer> | connected |
      And the floor shows that agent <other> is notReady because of "<why>"

      When the rest of the session is played
      Then the floor is empty, and the engine is stopped
      And the history has 4 calls, all of them ended and none in contradiction
      And every call began once and ended once, and no event is there twice
      When the supervisor opens the call from <talking>
      Then its end is presumed: the switch did not have the call any more
      When the supervisor opens the call from <waiting>
      Then its end was seen
      And these people were called:
        | agent | talked   | result    | ended by |
        | 1001  | <talked> | completed | <ended>  |

      # On the FreeSWITCH agent 1001 takes the call that waited meanwhile.
      Examples:
        | switch     | session                | known | talking    | going on   | waiting    | newcomer   | other | was       | why      | waiting goes on | talked | ended  |
        | Asterisk   | 15-link-loss           | 1005  | 2125550101 | 2125550102 | 2125550103 | 2125550104 | 1005  | ready     | unseen   | queued          | 3 s    | agent  |
        | FreeSWITCH | 15-link-loss-reconnect | 1002  | 0205551111 | 0205551112 | 0205551113 | 0205551114 | 1003  | loggedOut | On Break | talking         | 19 s   | caller |

    Scenario Outline: A call that ended in the meantime
      Given the recorded session "<session>" of <switch>
      When the supervisor opens the call from <caller>
      Then its end is presumed: the switch did not have the call any more
      And the record says:
        | outcome  | answered |
        | ended by | switch   |
        | lasted   | <lasted> |
      And these people were called:
        | agent | talked   | result    | ended by |
        | 1001  | <talked> | completed | switch   |
      And <down> seconds into the session the link to the switch is down
      And <up> seconds into the session the link to the switch is up

      Examples:
        | switch     | session                | caller     | lasted | talked | down | up |
        | Asterisk   | 15-link-loss           | 2125550101 | 20 s   | 13.6 s | 22   | 26 |
        | FreeSWITCH | 15-link-loss-reconnect | 0205551111 | 13.6 s | 10.1 s | 20   | 29 |

    Scenario Outline: A call that went on
      Given the recorded session "<session>" of <switch>
      When the supervisor opens the call from <caller>
      Then its end was seen
      And these people were called:
        | agent | talked   | result    | ended by |
        | 1002  | <talked> | completed | caller   |

      Examples:
        | switch     | session                | caller     | talked |
        | Asterisk   | 15-link-loss           | 2125550102 | 17.4 s |
        | FreeSWITCH | 15-link-loss-reconnect | 0205551112 | 23.3 s |

    # On the FreeSWITCH it was answered in the meantime.
    Scenario Outline: A call that waited when the link was lost
      Given the recorded session "<session>" of <switch>
      When the supervisor opens the call from <caller>
      Then it waited in these queues:
        | queue | result   | agent | waited |
        | sales | answered | 1001  | 9.1 s  |
      And its end was seen

      Examples:
        | switch     | session                | caller     |
        | Asterisk   | 15-link-loss           | 2125550103 |
        | FreeSWITCH | 15-link-loss-reconnect | 0205551113 |

    Scenario Outline: A call that arrived in the meantime
      Given the recorded session "<session>" of <switch>
      When the supervisor opens the call from <caller>
      Then the record says:
        | type | inbound |
      And it waited in these queues:
        | queue | result   | agent | waited   |
        | sales | answered | 1002  | <waited> |
      And the story tells, among other things and in this order:
        | caller <caller> is connected (inferred)                |
        | caller <caller> waits in queue sales<place> (inferred) |
        | queue sales gives the call to agent 1002               |
        | <who> hangs up                                         |

      Examples:
        | switch     | session                | caller     | waited | place        | who               |
        | Asterisk   | 15-link-loss           | 2125550104 | 16.2 s | , position 2 | agent 1002        |
        | FreeSWITCH | 15-link-loss-reconnect | 0205551114 | 13.6 s |              | caller 0205551114 |

    Scenario Outline: What was missed of the agents
      Given the recorded session "<session>" of <switch>
      Then <before> seconds into the session agent <agent> is <was>
      And <after> seconds into the session agent <agent> is notReady because of "<why>"
      And the history has 4 calls, all of them ended and none in contradiction

      Examples:
        | switch     | session                | before | agent | was       | after | why      |
        | Asterisk   | 15-link-loss           | 24     | 1005  | ready     | 26    | unseen   |
        | FreeSWITCH | 15-link-loss-reconnect | 20     | 1003  | loggedOut | 29    | On Break |

    Scenario: Who was put on hold in the meantime (an Asterisk does not tell that)
      Given the recorded session "15-link-loss-reconnect" of FreeSWITCH
      When the supervisor opens the call from 0205551112
      Then 20 seconds into the call the floor shows it as talking, with:
        | 0205551112 | connected |
        | 1002       | connected |
      And 24 seconds into the call the floor shows it as held, with:
        | 0205551112 | held      |
        | 1002       | connected |

    # The recorder of the FreeSWITCH asked for nothing on its first connection.
    Scenario Outline: The log tells of the link
      Given the recorded session "<session>" of <switch>
      Then the log tells of the link:
        | LinkUp   |
        | <first>  |
        | LinkDown |
        | LinkUp   |
        | <then>   |
        | LinkDown |

      Examples:
        | switch     | session                | first          | then                            |
        | Asterisk   | 15-link-loss           | Resynchronised | Resynchronised                  |
        | Asterisk   | 16-restart             | Resynchronised | SwitchRestarted, Resynchronised |
        | FreeSWITCH | 15-link-loss-reconnect |                | GapDetected, Resynchronised     |
        | FreeSWITCH | 16-switch-restart      |                | SwitchRestarted, Resynchronised |

  Rule: The switch is started anew

    Scenario Outline: At once, it tells the end of every call before it goes
      Given the recorded session "<session>" of <switch>
      Then the history has <calls> calls, all of them ended and none in contradiction
      When the supervisor opens the call from <talking>
      Then its end was seen
      And the record says:
        | outcome  | answered |
        | ended by | switch   |
        | lasted   | <lasted> |
      And these people were called:
        | agent | talked   | result    | ended by |
        | 1001  | <talked> | completed | switch   |
      When the supervisor opens the call from <waiting>
      Then its end was seen
      And the record says:
        | ended by | switch |
      And it waited in these queues:
        | queue | result    | waited   |
        | sales | abandoned | <waited> |
      When the supervisor opens the call from <afterwards>
      Then the record says:
        | outcome  | answered |
        | ended by | caller   |

      Examples:
        | switch     | session           | calls | talking    | lasted | talked | waiting    | waited | afterwards |
        | Asterisk   | 16-restart        | 4     | 2125550111 | 13.8 s | 7.4 s  | 2125550112 | 2.2 s  | 2125550114 |
        | FreeSWITCH | 16-switch-restart | 3     | 0205551121 | 10 s   | 6.6 s  | 0205551122 | 4.2 s  | 0205551123 |

    Scenario: A caller was in the IVR (recorded on an Asterisk only)
      Given the recorded session "16-restart" of Asterisk
      When the supervisor opens the call from 2125550113
      Then the record says:
        | ended by   | switch |
        | in the IVR | 2 s    |

    Scenario: Gracefully, when the last call has ended (recorded on an Asterisk only)
      Given the recorded session "24-restart-gracefully" of Asterisk
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

    Scenario: It dies without a word (recorded on an Asterisk only)
      Given the recorded session "25-crash" of Asterisk
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
      Given the recorded session "25-crash" of Asterisk
      When the supervisor opens the call from <caller>
      Then its end is presumed: the switch was started anew

      Examples:
        | caller     |
        | 2125550195 |
        | 2125550196 |
