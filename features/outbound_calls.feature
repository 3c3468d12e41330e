Feature: Outbound calls

  The contact centre calls somebody: by a click on a desktop, by a telephone, or by a campaign that has a queue find the
  agent once the customer answers.

  Background:
    Given the recorded session "13-outbound"

  Scenario: By a telephone
    When the supervisor opens the call from 1002 to 96465559911
    Then 1 seconds into the call the floor shows it as ringing, with:
      | 1002       | dialing |
      | 6465559911 | ringing |
    And 4 seconds into the call the floor shows it as talking, with:
      | 1002       | connected |
      | 6465559911 | connected |
    And the record says:
      | type     | outbound |
      | outcome  | answered |
      | ended by | called   |
      | lasted   | 7.1 s    |

  Scenario: A campaign finds an agent once the customer has answered
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

  Scenario: By a click, the agent's telephone rings first
    Given 1.2 seconds into the session agent 1001 is ringing
    And 6 seconds into the session agent 1001 is talking
    And 15 seconds into the session agent 1001 is talking
    Then the history has 7 calls, all of them ended and none in contradiction

  Scenario Outline: The record says whom the agent called by a click, and how it turned out
    When the supervisor opens the call from 1001 to <number>
    Then the record says:
      | type    | outbound  |
      | outcome | <outcome> |
    And it carries:
      | CALL_REASON | callback |
    And it waited in no queue

    Examples:
      | number     | outcome  |
      | 6465559901 | answered |
      | 6465559902 | busy     |
      | 6465559903 | noAnswer |
      | 6465559904 | failed   |

  Scenario: By a click, the agent does not answer
    When the supervisor opens the call from 1001 to 6465559905
    Then the record says:
      | outcome | noAnswer |
