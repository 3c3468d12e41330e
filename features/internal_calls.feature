Feature: Internal calls

  Colleagues call each other. Nobody waits in a queue; the record says how it turned out for who called.

  Scenario Outline: It is answered
    Given the recorded session "<session>" of <switch>
    When the supervisor opens the call from 1001 to 1002
    Then <ringing> seconds into the call the floor shows it as ringing, with:
      | 1001 | dialing |
      | 1002 | ringing |
    And <talking> seconds into the call the floor shows it as talking, with:
      | 1001 | connected |
      | 1002 | connected |
    And the record says:
      | type     | internal |
      | outcome  | answered |
      | ended by | caller   |
      | lasted   | <lasted> |
    And these people were called, among others:
      | who  | agent | rang   | talked   | result    | ended by |
      | 1002 |       | <rang> | <talked> | completed | caller   |
    And it waited in no queue
    And the story goes on after "<caller> dials 1002" with:
      | 1002 rings, ANI 1001, DNIS 1002     |
      | 1002 answers                        |
      | <caller> is connected               |
      | <caller> hangs up                   |
      | 1002 is released by <caller>        |
      | the call ends, by <caller> (normal) |

    # On the Asterisk, 1001 is logged in as an agent.
    Examples:
      | switch     | session           | caller     | ringing | talking | lasted | rang  | talked |
      | Asterisk   | 12-internal       | agent 1001 | 1       | 3       | 5.7 s  | 1.5 s | 4 s    |
      | FreeSWITCH | 12-internal-calls | 1001       | 0.5     | 3       | 4.1 s  | 1 s   | 3 s    |

  Scenario Outline: It is not answered
    Given the recorded session "<session>" of <switch>
    When the supervisor opens the call from <from> to <to>
    Then the record says:
      | type     | internal   |
      | outcome  | <outcome>  |
      | ended by | <ended by> |
    And these people were called:
      | who  | talked | rang   | result   |
      | <to> | 0 s    | <rang> | noAnswer |
    And the story tells, among other things and in this order:
      | <from> dials <to> |
      | <told>            |
    And its end was seen

    # After a busy one the dialplan of the Asterisk plays a tone until the caller hangs up; the FreeSWITCH ends the call.
    Examples:
      | switch     | session           | from | to   | outcome   | ended by | rang    | told                           |
      | Asterisk   | 12-internal       | 1003 | 1004 | busy      | caller   | 0.001 s | 1004 cannot be reached: busy   |
      | Asterisk   | 12-internal       | 1005 | 1006 | noAnswer  | switch   | 14.9 s  | 1006 does not answer           |
      | Asterisk   | 12-internal       | 1007 | 1008 | abandoned | caller   | 3 s     | 1008 stops ringing (abandoned) |
      | FreeSWITCH | 12-internal-calls | 1002 | 1004 | busy      | called   | 0.1 s   | 1004 cannot be reached: busy   |
      | FreeSWITCH | 12-internal-calls | 1001 | 1005 | noAnswer  | switch   | 7.4 s   | 1005 does not answer           |
      | FreeSWITCH | 12-internal-calls | 1001 | 1006 | abandoned | caller   | 3 s     | 1006 stops ringing (abandoned) |

  Scenario Outline: Nobody is there (recorded on a FreeSWITCH; "queue_and_ring" tells of the Asterisk)
    Given the recorded session "12-internal-calls" of FreeSWITCH
    When the supervisor opens the call from 1001 to <to>
    Then the record says:
      | outcome  | failed |
      | ended by | switch |
    And nobody was called
    And the story tells, among other things and in this order:
      | 1001 dials <to>                        |
      | 1001 is released by the switch (<why>) |

    Examples:
      | to   | why           |
      | 1007 | unreachable   |
      | 1999 | invalidNumber |

  Scenario Outline: The one who was called hangs up
    Given the recorded session "<session>" of <switch>
    When the supervisor opens the call from <from> to <to>
    Then the record says:
      | outcome  | answered   |
      | ended by | <ended by> |
    And 0.7 seconds into the call the floor shows it as ringing, with:
      | <from> | dialing |
      | <to>   | ringing |
    And 3 seconds into the call the floor shows it as talking, with:
      | <from> | connected |
      | <to>   | connected |
    And these people were called:
      | who  | agent   | at   | talked   | ended by |
      | <to> | <agent> | <to> | <talked> | agent    |

    # A call straight to somebody who is logged in is that agent's.
    Examples:
      | switch     | session           | from | to   | agent | talked | ended by |
      | Asterisk   | 12-internal       | 1002 | 1001 | 1001  | 3 s    | agent    |
      | FreeSWITCH | 12-internal-calls | 1001 | 1003 |       | 2.5 s  | called   |

  Scenario Outline: Nothing is left
    Given the recorded session "<session>" of <switch>
    Then the history has <calls> calls, all of them ended and none in contradiction

    Examples:
      | switch     | session           | calls |
      | Asterisk   | 12-internal       | 5     |
      | FreeSWITCH | 12-internal-calls | 7     |
