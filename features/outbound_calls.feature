Feature: Outbound calls

  The contact centre calls somebody: by a click on a desktop, by a telephone, or by a campaign that has a queue find the
  agent once the customer answers.

  Scenario Outline: By a telephone
    Given the recorded session "<session>" of <switch>
    When the supervisor opens the call from <from> to <dialed>
    Then 1 seconds into the call the floor shows it as ringing, with:
      | <from>   | dialing |
      | <number> | ringing |
    And <talking> seconds into the call the floor shows it as talking, with:
      | <from>   | connected |
      | <number> | connected |
    And the record says:
      | type     | outbound   |
      | outcome  | answered   |
      | ended by | <ended by> |
      | lasted   | <lasted>   |
    And it waited in no queue

    Examples:
      | switch     | session           | from | dialed      | number     | talking | ended by | lasted |
      | Asterisk   | 13-outbound       | 1002 | 96465559911 | 6465559911 | 4       | called   | 7.1 s  |
      | FreeSWITCH | 13-outbound-calls | 1001 | 90301112201 | 0301112201 | 3       | caller   | 6 s    |
      | FreeSWITCH | 13-outbound-calls | 1002 | 90301112202 | 0301112202 | 3       | called   | 4.5 s  |

  Scenario Outline: By a click, the agent's telephone rings first
    Given the recorded session "<session>" of <switch>
    When the supervisor opens the call from <agent> to <number>
    Then 0.5 seconds into the call the floor shows it as ringing, with:
      | <agent> | ringing |
    And 1.7 seconds into the call the floor shows it as ringing, with:
      | <agent>  | connected |
      | <number> | ringing   |
    And <talking> seconds into the call the floor shows it as talking, with:
      | <agent>  | connected |
      | <number> | connected |
    And the record says:
      | type     | outbound   |
      | outcome  | answered   |
      | ended by | <ended by> |

    Examples:
      | switch     | session           | agent | number     | talking | ended by |
      | Asterisk   | 13-outbound       | 1001  | 6465559901 | 6       | caller   |
      | FreeSWITCH | 13-outbound-calls | 1002  | 0301112206 | 4       | called   |

  Scenario: On an Asterisk that agent is logged in
    Given the recorded session "13-outbound" of Asterisk
    Then 1.2 seconds into the session agent 1001 is ringing
    And 6 seconds into the session agent 1001 is talking
    And 15 seconds into the session agent 1001 is talking

  # By a click on the Asterisk, by a telephone on the FreeSWITCH.
  Scenario Outline: The record says whom the agent called, and how it turned out
    Given the recorded session "<session>" of <switch>
    When the supervisor opens the call from <agent> to <dialed>
    Then the record says:
      | type    | outbound  |
      | outcome | <outcome> |
    And it waited in no queue

    Examples:
      | switch     | session           | agent | dialed      | outcome  |
      | Asterisk   | 13-outbound       | 1001  | 6465559901  | answered |
      | Asterisk   | 13-outbound       | 1001  | 6465559902  | busy     |
      | Asterisk   | 13-outbound       | 1001  | 6465559903  | noAnswer |
      | Asterisk   | 13-outbound       | 1001  | 6465559904  | failed   |
      | FreeSWITCH | 13-outbound-calls | 1001  | 90301112203 | busy     |
      | FreeSWITCH | 13-outbound-calls | 1003  | 90301112205 | noAnswer |
      | FreeSWITCH | 13-outbound-calls | 1001  | 90301112204 | failed   |

  Scenario: What the click says is attached (recorded on an Asterisk only)
    Given the recorded session "13-outbound" of Asterisk
    When the supervisor opens the call from 1001 to 6465559902
    Then it carries:
      | CALL_REASON | callback |

  Scenario: By a click, the agent does not answer (recorded on an Asterisk only)
    Given the recorded session "13-outbound" of Asterisk
    When the supervisor opens the call from 1001 to 6465559905
    Then the record says:
      | outcome | noAnswer |

  Scenario: A campaign finds an agent once the customer has answered (recorded on an Asterisk only)
    Given the recorded session "13-outbound" of Asterisk
    When the supervisor opens the call from 5550100 to 6465559921
    Then the record says:
      | type     | outbound |
      | outcome  | answered |
      | ended by | agent    |
    And it waited in these queues:
      | queue    | result   | agent | waited |
      | callback | answered | 1001  | 1.4 s  |
    And these people were called:
      | agent | queue    | rang  | talked | result    | ended by |
      | 1001  | callback | 1.2 s | 4 s    | completed | agent    |
    And it carries:
      | Account  | 200888 |
      | Campaign | spring |
    And 1 seconds into the call the floor shows it as ringing, with:
      | 6465559921 | ringing |
    And 5 seconds into the call the floor shows it as talking, with:
      | 6465559921 | connected |
      | 1001       | connected |

  Scenario Outline: Nothing is left
    Given the recorded session "<session>" of <switch>
    Then the history has <calls> calls, all of them ended and none in contradiction

    Examples:
      | switch     | session           | calls |
      | Asterisk   | 13-outbound       | 7     |
      | FreeSWITCH | 13-outbound-calls | 6     |
