Feature: Conferences

  More than two people talk with each other. It is one call with one record, however they came together.

  Scenario Outline: A colleague joins the caller and the agent in a conference room
    Given the recorded session "<session>" of <switch>
    When the supervisor opens the call from <caller>
    Then <two> seconds into the call the floor shows it as talking, with:
      | <caller> | connected |
      | 1001     | connected |
    And <three> seconds into the call the floor shows it as talking, with:
      | <caller>    | connected |
      | 1001        | connected |
      | <colleague> | connected |
    And <later> seconds into the call the floor shows it as talking, with:
      | <caller> | connected |
      | <stays>  | connected |
    And <over> seconds into the call it is not on the floor any more
    And the record says:
      | outcome  | answered   |
      | ended by | <ended by> |
      | lasted   | <lasted>   |
    And these people were called:
      | who         | talked         | of that on hold | result    | ended by |
      | 1001        | <agent talked> | 0 s             | completed | agent    |
      | <colleague> | <other talked> | 0 s             | completed | agent    |
    And it belongs together with:
      | as       | from        | to     |
      | absorbed | <colleague> | <room> |
    And it was not transferred
    And the story goes on after "queue sales gives the call to agent 1001" with:
      | <colleague> comes over from another call   |
      | another call becomes part of this one      |
      | a conference is formed in room <number>    |
      | <first>                                    |
      | <second>                                   |
      | <third>                                    |
      | the call ends, by <last> (normal)          |

    # On the Asterisk the colleague dials the room; on the FreeSWITCH the room calls the colleague, and the agent leaves first.
    Examples:
      | switch     | session                 | caller     | colleague | room | number | two  | three | later | stays | over | ended by | lasted | agent talked | other talked | first              | second             | third                      | last              |
      | Asterisk   | 10-conference           | 2125550071 | 1006      | 800  | 800    | 10.5 | 14    | 20    | 1001  | 24   | caller   | 23.3 s | 14.6 s       | 7.5 s        | 1006 hangs up       | agent 1001 hangs up | caller 2125550071 hangs up | caller 2125550071 |
      | FreeSWITCH | 10-three-way-conference | 0205551082 | 1004      |      | 3001   | 5    | 9     | 11    | 1004  | 14   | called   | 13.8 s | 7.1 s        | 6.5 s        | agent 1001 hangs up | caller 0205551082 hangs up | 1004 hangs up      | 1004              |

  Scenario Outline: The call with which the colleague came
    Given the recorded session "<session>" of <switch>
    When the supervisor opens the call from <colleague>
    Then the record says:
      | type | internal |
    And nobody was called
    And it belongs together with:
      | as         | from     | to       |
      | mergedInto | <caller> | <called> |
    And the story tells, among other things and in this order:
      | <came>                                     |
      | <colleague> leaves this call (conferenced) |
      | the call becomes part of another call      |

    Examples:
      | switch     | session                 | colleague | came           | caller     | called     |
      | Asterisk   | 10-conference           | 1006      | 1006 dials 800 | 2125550071 | 5550100    |
      | FreeSWITCH | 10-three-way-conference | 1004      | 1004 answers   | 0205551082 | 0205550100 |

  Scenario Outline: A consultation becomes a conference
    Given the recorded session "<session>" of <switch>
    When the supervisor opens the call from <caller>
    Then <consulting> seconds into the call the floor shows it as held, with:
      | <caller> | connected |
      | 1001     | held      |
    And <three> seconds into the call the floor shows it as talking, with:
      | <caller>    | connected |
      | 1001        | connected |
      | <colleague> | connected |
    And <later> seconds into the call the floor shows it as talking, with:
      | <caller> | connected |
      | <stays>  | connected |
    And these people were called:
      | who         | talked         | of that on hold | result    | ended by      |
      | 1001        | <agent talked> | <on hold>       | completed | <agent ended> |
      | <colleague> | <other talked> | 0 s             | completed | <other ended> |
    And it belongs together with:
      | as           | from | to          |
      | consultation | 1001 | <colleague> |
      | absorbed     | 1001 | <colleague> |
    And the story tells, among other things and in this order:
      | agent 1001 puts the call on hold                 |
      | agent 1001 consults <colleague> in another call  |
      | agent 1001 forms a conference                    |
      | <colleague> comes over from another call         |
      | another call becomes part of this one            |
      | the consultation in another call is conferenced  |
      | <first>                                          |
      | caller <caller> hangs up                         |
    When the supervisor opens the consultation about it
    Then the record says:
      | type    | consult  |
      | outcome | answered |
    And these people were called:
      | who         | talked      | result      |
      | 1001        | <consulted> | conferenced |
      | <colleague> | <consulted> | conferenced |

    Examples:
      | switch     | session                 | caller     | colleague | consulting | three | later | stays | agent talked | on hold | agent ended | other talked | other ended | first               | consulted |
      | Asterisk   | 10-conference           | 2125550072 | 1004      | 13         | 17    | 21    | 1004  | 13.2 s       | 4.8 s   | agent       | 8.2 s        | caller      | agent 1001 hangs up | 2.9 s     |
      | FreeSWITCH | 10-three-way-conference | 0205551081 | 1003      | 7          | 10    | 14    | 1001  | 11.8 s       | 3.1 s   | caller      | 4.2 s        | agent       | 1003 hangs up       | 2.1 s     |

  Scenario Outline: Nothing is left
    Given the recorded session "<session>" of <switch>
    Then the history has 4 calls, all of them ended and none in contradiction

    Examples:
      | switch     | session                 |
      | Asterisk   | 10-conference           |
      | FreeSWITCH | 10-three-way-conference |
