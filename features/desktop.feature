Feature: The page

  A new user runs the demo, opens the page and finds the way: to the calls that ring, to what happened in a call, to the
  floor as it was, and to the description of the API.

  Scenario: From a ringing call to its history, and back in time
    Given a new user runs the demo
    When the user opens the page
    Then the page shows a call that rings, with the caller's number and the data of the IVR
    When the user opens an ended call that an agent answered for a queue
    Then its ladder has a lane for the caller, the queue and the agent, with bars for what they were in
    When the user scrubs to where the agent rings
    Then the page shows that the agent rings, and the data as of then
    When the user scrubs to where the agent answers
    Then the page shows that the agent talks, and the data as of then
    When the user opens a call that was transferred
    Then its ladder has an arrow for the transfer
    When the user goes to the floor and drags it 8 seconds into the past
    Then the page says that this is the past, and shows the calls of that moment
    When the user plays on from there at 60 times the pace
    Then the page is live again
    When the user goes to the numbers and opens how many calls were answered
    Then the page lists the calls behind the number
    When the user goes to the description of the API
    Then it tells how to ask for the floor as it was

  Scenario: The engine is killed while the page is open
    Given a new user runs the demo
    When the user opens the page
    Then the page shows a call that rings, with the caller's number and the data of the IVR
    When the engine is killed
    Then the page says that the connection is lost
    When the user runs the demo again
    Then the page is live again, without having been loaded again
    And the page shows what the engine does

  Scenario: An agent takes a call at his desktop, and the engine is killed meanwhile
    Given a new user runs the demo with a simulated contact centre
    When the user opens the desktop of agent 1001 and logs in
    Then a call rings there, with its numbers, queue and data, before anybody has answered
    When the user presses "Answer"
    Then the desktop shows that the agent talks
    When the user presses "Hold"
    Then the desktop shows that the caller is on hold
    And the log tells of the call:
      | PartyAlerting  |
      | PartyConnected |
      | PartyHeld      |
    When the user notes "wants to be called back"
    Then the record of the call has the note "wants to be called back"
    When the engine is killed
    Then the page says that the connection is lost
    When the user runs the simulated demo again
    Then the desktop is live again, without having been loaded again, and shows the call among the last ones
    And the record of the call has the note "wants to be called back"
