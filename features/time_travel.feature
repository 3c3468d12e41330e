Feature: Time travel

  The floor, and every desktop, as it was at any position of the log or at any time: exactly what was shown then.

  Scenario: What was shown then is what is shown of then
    Given an Asterisk that plays the session "11-hold-retrieve" from when agent 1002 logs in
    And the engine is linked to the switch
    And agent 1002's desktop is connected
    And the supervisor notes what the floor and agent 1002's desktop show
    When agent 1002 answers the call from 2125550081
    And the supervisor notes what the floor and agent 1002's desktop show
    And agent 1002 puts the caller on hold
    And the supervisor notes what the floor and agent 1002's desktop show
    And the rest of the session is played
    And the supervisor notes what the floor and agent 1002's desktop show
    Then at each position that was noted they are still what they were
    When the engine comes back
    Then at each position that was noted they are still what they were

  Scenario: What is different between two moments
    Given the recorded session "11-hold-retrieve" of Asterisk
    When the supervisor opens the call from 2125550081
    Then what is different from 8 to 11 seconds into the call is:
      | agent 1002           | talking | hold |
      | call from 2125550081 | talking | held |

  Scenario: Moments that there are not
    Given the recorded session "11-hold-retrieve" of Asterisk
    Then "callstate floor --at 2020-01-01T00:00:00Z" fails with "that is before the first event of the log"
    And "callstate floor --at 99999" fails with "that is past the end of the log"
    And "callstate floor --agent 1099" fails with "there is no agent 1099"
    And "callstate replay --from 99999" fails with "that is past the end of the log"
    And "callstate replay --from 20 --to 10" fails with "the range ends before it begins"
    And "callstate replay 01a205eb-2410-89d9-b98e-daa2fbad81f7" fails with "there is no call"

  Scenario: Moments that there are not, asked of a running engine
    Given an Asterisk that plays the session "11-hold-retrieve" from when agent 1002 logs in
    And the engine is linked to the switch
    Then the engine answers "/v1/floor?at=2020-01-01T00:00:00Z" with 404 and "before the first event of the log"
    And the engine answers "/v1/floor?at=99999" with 404 and "past the end of the log"
    And the engine answers "/v1/floor?at=yesterday" with 422 and "not a position, nor a time"
    And the engine answers "/v1/agents/1002?at=0" with 404 and "before the first event of the log"
    And the engine answers "/v1/floor/diff?from=99999&to=99998" with 404 and "past the end of the log"
    And the engine answers "/v1/replay?from=2&to=1" with 422 and "the range ends before it begins"
    And the engine answers "/v1/replay?from=99999" with 404 and "past the end of the log"
    And the engine answers "/v1/replay?speed=-1" with 422 and "speed must be a number"
    And the engine answers "/v1/calls/01a205eb-2410-89d9-b98e-daa2fbad81f7/replay" with 404 and "there is no such call"
    And the engine answers "/v1/calls/1795395626.0/replay" with 422 and "not a connection id"
