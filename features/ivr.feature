Feature: IVR

  An IVR talks to the caller first and attaches what it learns. Digits are counted, never kept.

  Scenario Outline: Callers give up in the IVR
    Given the recorded session "04-abandon-in-ivr" of <switch>
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
      | IVR <ivr> talks to caller <caller> |
      | caller <caller> keys <keyed> digits |
      | caller <caller> hangs up           |
      | IVR <ivr> lets go                  |
    And its end was seen

    Examples:
      | switch     | caller     | ivr         | in IVR | keyed |
      | Asterisk   | 2125550012 | main        | 3.8 s  | 3     |
      | Asterisk   | 2125550013 | main        | 5.8 s  | 6     |
      | FreeSWITCH | 0205551022 | ivr_account | 2.2 s  | 2     |

  Scenario Outline: A caller gives up during the welcome
    Given the recorded session "04-abandon-in-ivr" of <switch>
    When the supervisor opens the call from <caller>
    Then the record says:
      | outcome    | abandoned |
      | in the IVR | <in IVR>  |
    And it waited in no queue
    And nobody was called

    Examples:
      | switch     | caller     | in IVR |
      | Asterisk   | 2125550011 | 1 s    |
      | FreeSWITCH | 0205551021 | 1.4 s  |

  Scenario Outline: A caller who keys nothing reaches the default queue
    Given the recorded session "04-abandon-in-ivr" of <switch>
    When the supervisor opens the call from <caller>
    Then the record says:
      | outcome    | abandoned |
      | in the IVR | <in IVR>  |
    And it waited in these queues:
      | queue | result    | waited   |
      | sales | abandoned | <waited> |
    And the history has 4 calls, all of them ended and none in contradiction

    Examples:
      | switch     | caller     | in IVR | waited |
      | Asterisk   | 2125550014 | 27.5 s | 6.5 s  |
      | FreeSWITCH | 0205551023 | 16.7 s | 3.2 s  |

  Scenario Outline: What was learned before the caller gave up is kept
    Given the recorded session "04-abandon-in-ivr" of <switch>
    When the supervisor opens the call from <caller>
    Then the record says:
      | outcome | abandoned |
    And it carries:
      | Account | <account>  |
      | <name>  | <customer> |

    Examples:
      | switch     | caller     | account | name          | customer             |
      | Asterisk   | 2125550013 | 200300  | CustomerName  | Müller & Söhne GmbH  |
      | FreeSWITCH | 0205551024 | 4714    | Customer-Name | Blue Harbor Shipping |

  Scenario: An IVR that is a program of its own (recorded on an Asterisk only)
    Given the recorded session "21-agi-ivr" of Asterisk
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

  Scenario: Two IVRs, one after the other (recorded on an Asterisk only)
    Given the recorded session "23-two-ivrs" of Asterisk
    When the supervisor opens the call from 2125550181
    Then the story tells, among other things and in this order:
      | IVR lang talks to caller 2125550181    |
      | caller 2125550181 keys 1 digit        |
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
