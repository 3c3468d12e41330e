Feature: Internal calls

  Colleagues call each other. Nobody waits in a queue; the record says how it turned out for who called.

  Background:
    Given the recorded session "12-internal"

  Scenario: It is answered
    When the supervisor opens the call from 1001 to 1002
    Then 1 seconds into the call the floor shows it as ringing, with:
      | 1001 | dialing |
      | 1002 | ringing |
    And 3 seconds into the call the floor shows it as talking, with:
      | 1001 | connected |
      | 1002 | connected |
    And 3 seconds into the call agent 1001 is talking
    And the record says:
      | type     | internal |
      | outcome  | answered |
      | ended by | caller   |
      | lasted   | 5.7 s    |
    And these people were called:
      | who  | agent | rang  | talked | result    | ended by |
      | 1001 | 1001  | 0 s   | 4 s    | completed | agent    |
      | 1002 |       | 1.5 s | 4 s    | completed | caller   |
    And it waited in no queue
    And the story is:
      | internal call 1795395647.0 from 1001 to 1002 on pbx |
      | agent 1001 dials 1002                               |
      | 1002 rings, ANI 1001, DNIS 1002                     |
      | 1002 answers                                        |
      | agent 1001 is connected                             |
      | agent 1001 hangs up                                 |
      | 1002 is released by agent 1001                      |
      | the call ends, by agent 1001 (normal), after 0:05.664 |

  Scenario Outline: It is not answered
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

    Examples:
      | from | to   | outcome   | ended by | rang    | told                           |
      | 1003 | 1004 | busy      | caller   | 0.001 s | 1004 cannot be reached: busy   |
      | 1005 | 1006 | noAnswer  | switch   | 14.9 s  | 1006 does not answer           |
      | 1007 | 1008 | abandoned | caller   | 3 s     | 1008 stops ringing (abandoned) |

  Scenario: The one who was called hangs up
    When the supervisor opens the call from 1002 to 1001
    Then the record says:
      | outcome  | answered |
      | ended by | agent    |
    And 0.7 seconds into the call agent 1001 is ringing
    And 3 seconds into the call agent 1001 is talking

  Scenario: Nothing is left
    Then the history has 5 calls, all of them ended and none in contradiction

  Scenario: A call straight to somebody who is logged in is that agent's
    When the supervisor opens the call from 1002 to 1001
    Then these people were called:
      | agent | at   | talked | ended by |
      | 1001  | 1001 | 3 s    | agent    |
