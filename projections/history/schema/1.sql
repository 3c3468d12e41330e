-- Moments are RFC 3339 with milliseconds in UTC, durations are milliseconds. What goes on has no end: NULL.
-- docs/formats/history.md says what the columns mean.

CREATE TABLE checkpoint (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    position INTEGER NOT NULL, -- of the last event that was taken in
    behind   BLOB NOT NULL     -- conn_ids, 16 bytes each, of the live calls whose rows are older than that
) STRICT;

INSERT INTO checkpoint VALUES (1, 0, x'');

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

CREATE INDEX calls_by_time ON calls (started_at, conn_id);
CREATE INDEX calls_by_ani ON calls (ani, started_at);
CREATE INDEX calls_by_switch_call_id ON calls (switch_call_id);

CREATE TABLE queue_visits (
    conn_id    TEXT NOT NULL,
    n          INTEGER NOT NULL, -- of the call's visits, from 0
    queue      TEXT NOT NULL,
    entered_at TEXT NOT NULL,
    ended_at   TEXT,
    wait_ms    INTEGER NOT NULL,
    result     TEXT NOT NULL,
    reason     TEXT NOT NULL,
    agent      TEXT NOT NULL,
    PRIMARY KEY (conn_id, n)
) STRICT, WITHOUT ROWID;

CREATE INDEX queue_visits_by_queue ON queue_visits (queue, entered_at);

CREATE TABLE no_answers (
    conn_id TEXT NOT NULL,
    visit   INTEGER NOT NULL, -- n of the queue visit
    n       INTEGER NOT NULL, -- of the visit's offers that were not taken, from 0
    agent   TEXT NOT NULL,
    ring_ms INTEGER NOT NULL,
    PRIMARY KEY (conn_id, visit, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE agent_stays (
    conn_id     TEXT NOT NULL,
    n           INTEGER NOT NULL, -- of the call's stays, from 0
    agent       TEXT NOT NULL,
    dn          TEXT NOT NULL,
    queue       TEXT NOT NULL,
    ringing_at  TEXT,
    answered_at TEXT,
    ring_ms     INTEGER NOT NULL,
    talk_ms     INTEGER NOT NULL,
    hold_ms     INTEGER NOT NULL,
    result      TEXT NOT NULL,
    ended_by    TEXT NOT NULL,
    PRIMARY KEY (conn_id, n)
) STRICT, WITHOUT ROWID;

CREATE INDEX agent_stays_by_agent ON agent_stays (agent, conn_id);

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

CREATE INDEX related_calls_by_other ON related_calls (other);
