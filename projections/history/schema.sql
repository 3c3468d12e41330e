-- Moments are RFC 3339 with milliseconds in UTC, durations are milliseconds. What goes on has no end: NULL.
-- Columns named ..._event hold the id of the event that told it, empty where there is none.
-- docs/formats/history.md says what the columns mean.

CREATE TABLE checkpoint (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    position INTEGER NOT NULL, -- of the last event that was taken in
    at       TEXT,             -- latest switch time that was taken in
    behind   BLOB NOT NULL     -- conn_ids, 16 bytes each, of the live calls whose rows are older than that
) STRICT;

INSERT INTO checkpoint VALUES (1, 0, NULL, x'');

CREATE TABLE calls (
    conn_id        TEXT PRIMARY KEY,
    switch         TEXT NOT NULL,
    switch_call_id TEXT NOT NULL,
    type           TEXT NOT NULL,
    ani            TEXT NOT NULL,
    dnis           TEXT NOT NULL,
    started_at     TEXT NOT NULL,
    ended_at       TEXT,
    duration_ms    INTEGER NOT NULL,
    ended_by       TEXT NOT NULL,
    outcome        TEXT NOT NULL,
    ivr_ms         INTEGER NOT NULL,
    disposition    TEXT NOT NULL,
    anomalies      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE parties (
    conn_id      TEXT NOT NULL,
    n            INTEGER NOT NULL, -- of the call's parties, from 0
    party        TEXT NOT NULL,
    dn           TEXT NOT NULL,
    external     INTEGER NOT NULL,
    role         TEXT NOT NULL,
    agent        TEXT NOT NULL,
    queue        TEXT NOT NULL,
    dialed       TEXT NOT NULL,
    appeared_at  TEXT NOT NULL,
    connected_at TEXT,
    released_at  TEXT,
    ring_ms      INTEGER NOT NULL,
    talk_ms      INTEGER NOT NULL,
    hold_ms      INTEGER NOT NULL,
    cause        TEXT NOT NULL,
    released_by  TEXT NOT NULL,
    from_call    TEXT,
    PRIMARY KEY (conn_id, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE queue_visits (
    conn_id       TEXT NOT NULL,
    n             INTEGER NOT NULL, -- of the call's visits, from 0
    queue         TEXT NOT NULL,
    entered_at    TEXT NOT NULL,
    ended_at      TEXT,
    wait_ms       INTEGER NOT NULL,
    result        TEXT NOT NULL,
    reason        TEXT NOT NULL,
    agent         TEXT NOT NULL,
    entered_event TEXT NOT NULL,
    ended_event   TEXT NOT NULL,
    PRIMARY KEY (conn_id, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE no_answers (
    conn_id TEXT NOT NULL,
    visit   INTEGER NOT NULL, -- n of the queue visit
    n       INTEGER NOT NULL, -- of the visit's offers that were not taken, from 0
    agent   TEXT NOT NULL,
    ring_ms INTEGER NOT NULL,
    PRIMARY KEY (conn_id, visit, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE agent_stays (
    conn_id        TEXT NOT NULL,
    n              INTEGER NOT NULL, -- of the call's stays, from 0
    agent          TEXT NOT NULL,
    dn             TEXT NOT NULL,
    queue          TEXT NOT NULL,
    ringing_at     TEXT,
    answered_at    TEXT,
    ended_at       TEXT,
    ring_ms        INTEGER NOT NULL,
    talk_ms        INTEGER NOT NULL,
    hold_ms        INTEGER NOT NULL,
    result         TEXT NOT NULL,
    cause          TEXT NOT NULL,
    ended_by       TEXT NOT NULL,
    began_at       TEXT NOT NULL,
    lasted_ms      INTEGER NOT NULL,
    ringing_event  TEXT NOT NULL,
    answered_event TEXT NOT NULL,
    ended_event    TEXT NOT NULL,
    PRIMARY KEY (conn_id, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE ivr_visits (
    conn_id    TEXT NOT NULL,
    n          INTEGER NOT NULL, -- of the call's stays in an IVR, from 0
    ivr        TEXT NOT NULL,
    entered_at TEXT NOT NULL,
    left_at    TEXT,
    choice     TEXT NOT NULL,
    PRIMARY KEY (conn_id, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE user_data (
    conn_id    TEXT NOT NULL,
    key        TEXT NOT NULL,
    value      TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at TEXT NOT NULL,
    PRIMARY KEY (conn_id, key)
) STRICT, WITHOUT ROWID;

-- The index by which calls are looked for (index.go): what each is found by, of each block of 2048 ids who has what, and between
-- which moments the calls of a block began.
CREATE TABLE found_calls (
    id         INTEGER PRIMARY KEY, -- in the order in which the calls were first written
    conn_id    TEXT NOT NULL UNIQUE,
    started_ms INTEGER NOT NULL,    -- since 1970
    terms      TEXT NOT NULL        -- sorted, with spaces between
) STRICT;

CREATE TABLE found_by (
    block INTEGER NOT NULL, -- id / 2048
    term  TEXT NOT NULL,
    calls BLOB NOT NULL,    -- id % 2048 of each, two bytes (little endian), or else 256 bytes with a bit for each call of the block
    PRIMARY KEY (block, term)
) STRICT, WITHOUT ROWID;

CREATE TABLE found_blocks (
    block    INTEGER PRIMARY KEY,
    first_ms INTEGER NOT NULL, -- none of its calls began before that
    last_ms  INTEGER NOT NULL  -- or after that
) STRICT;

CREATE TABLE transfers (
    conn_id TEXT NOT NULL,
    n       INTEGER NOT NULL, -- of the call's transfers, from 0
    kind    TEXT NOT NULL,
    by      TEXT NOT NULL,
    target  TEXT NOT NULL,
    to_call TEXT,
    at      TEXT NOT NULL,
    PRIMARY KEY (conn_id, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE related_calls (
    conn_id  TEXT NOT NULL,
    n        INTEGER NOT NULL, -- of the call's relations, from 0
    relation TEXT NOT NULL,
    other    TEXT NOT NULL,
    PRIMARY KEY (conn_id, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE notes (
    conn_id TEXT NOT NULL,
    n       INTEGER NOT NULL, -- of the call's notes, from 0
    text    TEXT NOT NULL,
    by      TEXT NOT NULL,
    at      TEXT NOT NULL,
    PRIMARY KEY (conn_id, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE conversations (
    conn_id      TEXT PRIMARY KEY,
    conversation TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE agent_sessions (
    agent            TEXT NOT NULL,
    n                INTEGER NOT NULL, -- of the agent's sessions, from 0
    dn               TEXT NOT NULL,
    switch           TEXT NOT NULL,
    logged_in_at     TEXT NOT NULL,
    logged_out_at    TEXT,
    logged_in_event  TEXT NOT NULL,
    logged_out_event TEXT NOT NULL,
    PRIMARY KEY (agent, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE agent_states (
    agent       TEXT NOT NULL,
    n           INTEGER NOT NULL, -- of the agent's states, from 0
    session     INTEGER NOT NULL, -- n of the session
    state       TEXT NOT NULL,
    reason      TEXT NOT NULL,
    call        TEXT,             -- conn_id of the call that the work is about
    since       TEXT NOT NULL,
    until       TEXT,
    lasted_ms   INTEGER NOT NULL,
    since_event TEXT NOT NULL,
    until_event TEXT NOT NULL,
    PRIMARY KEY (agent, n)
) STRICT, WITHOUT ROWID;

-- Where the fold of each agent's stream stands, so that it goes on without reading the stream again.
CREATE TABLE agent_folds (
    agent    TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,
    fold     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
