Feature: IVR

  An IVR talks to the caller first and attaches what it learns. Digits are counted, never kept.

  Scenario Outline: Callers give up in the IVR
    Given the recorded session "04-abandon-in-ivr"
    When the supervisor opens the call from <caller>
    Then the record says:
      | outcome    | abandoned |
      | ended by   | caller    |
      | in the IVR | <in IVR>  |
    And 0.5 seconds into the call the floor shows it as ivr, with:
      | <caller> | connected |
    And it waited in no queue
    And nobody was called
    And the story tells, among other things and in this order:
      | IVR main talks to caller <caller> |
      | <told>                            |
      | caller <caller> hangs up          |
      | IVR main lets go                  |
    And its end was seen

    Examples:
      | caller     | in IVR | told                                     |
      | 2125550012 | 3.8 s  | caller 2125550012 keys 3 digits          |
      | 2125550013 | 5.8 s  | caller 2125550013 keys 6 digits          |

  Scenario: A caller gives up during the welcome
    Given the recorded session "04-abandon-in-ivr"
    When the supervisor opens the call from 2125550011
    Then the record says:
      | outcome    | abandoned |
      | in the IVR | 1 s       |
    And nobody was called

  Scenario: A caller who keys nothing reaches the default queue
    Given the recorded session "04-abandon-in-ivr"
    When the supervisor opens the call from 2125550014
    Then the record says:
      | outcome    | abandoned |
      | in the IVR | 27.5 s    |
    And it waited in these queues:
      | queue | result    | waited |
      | sales | abandoned | 6.5 s  |
    And the history has 4 calls, all of them ended and none in contradiction

  Scenario: What was learned before the caller gave up is kept
    Given the recorded session "04-abandon-in-ivr"
    When the supervisor opens the call from 2125550013
    Then it carries:
      | Account      | 200300              |
      | CustomerName | Müller & Söhne GmbH |

  Scenario: An IVR that is a program of its own
    Given the recorded session "21-agi-ivr"
    When the supervisor opens the call from 2125550161
    Then 2 seconds into the call the floor shows it as ivr, with:
      | 2125550161 | connected |
    And the record says:
      | outcome    | answered |
      | in the IVR | 4.5 s    |
    And it carries:
      | Account | 200300 |
      | Lang    | de     |
    And it waited in these queues:
      | queue   | result   | agent |
      | support | answered | 1002  |
    When the supervisor opens the call from 2125550162
    Then the record says:
      | outcome    | abandoned |
      | in the IVR | 2.8 s     |
    And the history has 2 calls, all of them ended and none in contradiction

  Scenario: Two IVRs, one after the other
    Given the recorded session "23-two-ivrs"
    When the supervisor opens the call from 2125550181
    Then the story tells, among other things and in this order:
      | IVR lang talks to caller 2125550181    |
      | caller 2125550181 keys 1 digits        |
      | IVR lang lets go, choice 2             |
      | IVR main talks to caller 2125550181    |
      | caller 2125550181 keys 6 digits        |
      | ivr:main attaches CUSTOMER_TIER="gold" |
      | IVR main lets go, choice 2             |
      | caller 2125550181 waits in queue support, position 1 |
    And the record says:
      | outcome    | answered |
      | in the IVR | 7.2 s    |
    And these people were called:
      | agent | queue   | talked | ended by |
      | 1005  | support | 4 s    | agent    |
    And the history has 1 calls, all of them ended and none in contradiction
