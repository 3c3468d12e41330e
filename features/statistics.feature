Feature: Statistics

  A supervisor asks how the queues and the agents did, for any range of time. Every number says by which definition it was
  made, is made anew from the calls, and opens to the calls and the events behind it.

  Rule: What a queue did

    Scenario: Callers that were answered and callers that gave up
      Given the recorded session "03-abandon-in-queue" of Asterisk
      When the supervisor asks for the numbers
      Then the numbers of queue sales are:
        | entered         | 4      |
        | offered         | 4      |
        | answered        | 2      |
        | abandoned       | 2      |
        | short abandoned | 0      |
        | left            | 0      |
        | waiting         | 0      |
        | ASA             | 6.7 s  |
        | abandon rate    | 50.0 % |
        | handled         | 2      |
        | talk            | 19.8 s |
      And the service level of queue sales is:
        | answeredOnly             | 100.0 % |
        | abandonsMissed           | 50.0 %  |
        | abandonsInTargetMet      | 100.0 % |
        | abandonsInTargetExcluded | 100.0 % |
        | shortAbandonsMet         | 50.0 %  |

    Scenario: Another target and another short abandon reach the past too
      Given the recorded session "03-abandon-in-queue" of Asterisk
      When the supervisor asks for the numbers with a target of 5s and short abandons before 8s
      Then the numbers of queue sales are:
        | answered        | 2 |
        | abandoned       | 2 |
        | short abandoned | 1 |
      And the service level of queue sales is:
        | answeredOnly             | 50.0 % |
        | abandonsMissed           | 25.0 % |
        | abandonsInTargetMet      | 25.0 % |
        | abandonsInTargetExcluded | 25.0 % |
        | shortAbandonsMet         | 50.0 % |

    Scenario: A call that waits too long in one queue counts in the next as well
      Given the recorded session "05-overflow" of Asterisk
      When the supervisor asks for the numbers
      Then the numbers of queue sales are:
        | entered        | 2 |
        | answered       | 0 |
        | left           | 2 |
        | ring no answer | 2 |
      And the numbers of queue support are:
        | entered  | 2 |
        | answered | 2 |

    Scenario: In the middle of the day somebody waits
      Given the recorded session "03-abandon-in-queue" of Asterisk
      When the supervisor asks for the numbers of the first 10 seconds
      Then the numbers of queue sales are:
        | entered      | 1     |
        | answered     | 0     |
        | waiting      | 1     |
        | longest wait | 4.7 s |

  Rule: What an agent did

    Scenario: Calls, time and telephones that were left ringing
      Given the recorded session "06-ring-no-answer" of Asterisk
      When the supervisor asks for the numbers
      Then the numbers of agent 1001 are:
        | offered        | 2      |
        | handled        | 0      |
        | ring no answer | 1      |
        | occupancy      | 0.0 %  |
      And the numbers of agent 1002 are:
        | offered        | 2      |
        | handled        | 2      |
        | ring no answer | 0      |
        | talk           | 8.0 s  |

  Rule: Numbers can be added up and opened

    Scenario Outline: Intervals add up to the whole
      Given the recorded session "<session>" of Asterisk
      When the supervisor asks for the numbers, whole and by minutes
      Then the minutes add up to the whole

      Examples:
        | session              |
        | 03-abandon-in-queue  |
        | 05-overflow          |
        | 07-agent-shift       |
        | 09-attended-transfer |

    Scenario: By the days of the contact centre's own time zone
      Given the recorded session "03-abandon-in-queue" of Asterisk
      When the supervisor asks for the numbers from 2026-11-23 to 2026-11-24 by days of Asia/Kolkata
      Then the numbers are of the days:
        | 2026-11-22T18:30:00.000Z | 2026-11-23T18:30:00.000Z |

    Scenario: A number opens to the calls behind it
      Given the recorded session "03-abandon-in-queue" of Asterisk
      When the supervisor opens the abandoned calls of queue sales
      Then behind it are the calls from:
        | 2125550003 |
        | 2125550005 |
      And the log has every event that is named there

    Scenario: A range that ends before it begins
      Given the recorded session "03-abandon-in-queue" of Asterisk
      When the supervisor asks for the numbers from 2026-11-24 to 2026-11-23
      Then that is refused, because "the range ends at 2026-11-23T00:00:00.000Z, before it begins"
