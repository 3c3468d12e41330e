Feature: Audit

  An auditor must be able to trust the records: that the log is what was written, that it tells a consistent story, and
  that the read models say nothing else than the log. Whoever changes the program must see what it tells differently.

  Scenario: A log that nobody has touched
    Given the recorded session "09-attended-transfer" of Asterisk, in a folder of the auditor's own
    When the auditor verifies it
    Then everything agrees

  Scenario Outline: Somebody has changed the call records
    Given the recorded session "05-overflow" of Asterisk, in a folder of the auditor's own
    And somebody <did>
    When the auditor verifies it
    Then it is found that <found>

    Examples:
      | did                               | found                                                            |
      | made an abandoned wait of a timeout | queue_visits n 0 result: stored is "abandoned", the log says "timedOut" |
      | removed a call                    | calls: the row is missing                                        |
      | hushed up who did not answer      | no_answers visit 0, n 0: the row is missing                      |
      | invented words                    | found_by block 0, term invented: there should be no such row     |

  Scenario: Somebody has changed the log
    Given the recorded session "05-overflow" of Asterisk, in a folder of the auditor's own
    And somebody turned over a bit of the log
    When the auditor verifies it
    Then it is found that the log is damaged

  Scenario: What today's program would tell differently is shown call by call, and nothing is changed
    Given the recorded session "05-overflow" of Asterisk, in a folder of the auditor's own
    And somebody made an abandoned wait of a timeout
    When the auditor replays the past in the shadow
    Then the shadow tells differently:
      | table        | column | stored    | today    |
      | queue_visits | result | abandoned | timedOut |
    When the auditor verifies it
    Then it is found that queue_visits n 0 result: stored is "abandoned", the log says "timedOut"

  Scenario: A rebuild brings the records back to what the log says
    Given the recorded session "05-overflow" of Asterisk, in a folder of the auditor's own
    And somebody removed a call
    When the auditor has the read models rebuilt
    And the auditor verifies it
    Then everything agrees

  Scenario: The records are there for other programs
    Given the recorded session "05-overflow" of Asterisk, in a folder of the auditor's own
    When the auditor exports the calls that waited in support as CSV
    Then the file has a heading and 2 calls

  Scenario: Who looked at what is in the log too
    Given the recorded session "05-overflow" of Asterisk, in a folder of the auditor's own
    When somebody asks callstate to:
      | calls --queue support                        |
      | calls 01a205eb-bc68-8411-b1cf-589499265152   |
      | events 01a205eb-bc68-8411-b1cf-589499265152  |
      | floor --at 2026-11-23T01:01:10Z              |
      | floor --agent 1003 --at 2026-11-23T01:01:10Z |
      | stats --explain abandoned                    |
      | replay 01a205eb-bc68-8411-b1cf-589499265152  |
      | verify                                       |
    Then the log says that he has, and nothing else of anybody:
      | CallsSearched   | calls                                     |
      | CallViewed      | call-01a205eb-bc68-8411-b1cf-589499265152 |
      | CallViewed      | call-01a205eb-bc68-8411-b1cf-589499265152 |
      | FloorViewed     | floor                                     |
      | FloorViewed     | floor                                     |
      | NumberExplained | numbers                                   |
      | CallReplayed    | call-01a205eb-bc68-8411-b1cf-589499265152 |
