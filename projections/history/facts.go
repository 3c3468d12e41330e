package history

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/callstate/callstate/domain/call"
)

// Facts takes what numbers are made of: each wait, each agent's part in a call, each state of an agent that touches a
// range of time, in no particular order.
type Facts interface {
	Visit(VisitFact)
	Stay(StayFact)
	State(StateFact)
}

// VisitFact is one wait in one queue, with the events that told it.
type VisitFact struct {
	ConnID                   call.ConnID
	Queue                    string
	Again                    bool // the call was in this queue before
	EnteredAt, EndedAt       Time // EndedAt is zero while it goes on
	WaitMs                   int64
	Result                   QueueResult
	Agent                    string
	EnteredEvent, EndedEvent string
}

// StayFact is one agent's part in a call, with the events that told it.
type StayFact struct {
	ConnID                                  call.ConnID
	Agent, Queue                            string
	RingingAt, AnsweredAt, EndedAt          Time
	TalkMs, HoldMs                          int64 // TalkMs includes hold
	Cause                                   call.Cause
	RingingEvent, AnsweredEvent, EndedEvent string
}

// StateFact is a time in which an agent's state was the same, with the events that told it.
type StateFact struct {
	Agent                  string
	State                  AgentState
	Call                   call.ConnID // with AfterCallWork
	Queue                  string      // with AfterCallWork: through which the agent had that call
	Since, Until           Time        // Until is zero while it goes on
	SinceEvent, UntilEvent string
}

// What touches [from, to) began before to, and has not ended or ended at from or later, which is before to and the
// longest that anything lasted: so much is read of an index, however old the range is.
const (
	visitFacts = `SELECT conn_id, queue, EXISTS (SELECT 1 FROM queue_visits AS b WHERE b.conn_id = v.conn_id AND b.n < v.n AND +b.queue = v.queue),
			entered_at, ended_at, wait_ms, result, agent, entered_event, ended_event
		FROM queue_visits AS v WHERE entered_at < ?2 AND ended_at `
	stayFacts = `SELECT conn_id, agent, queue, ringing_at, answered_at, ended_at, talk_ms, hold_ms, cause, ringing_event, answered_event, ended_event
		FROM agent_stays WHERE began_at < ?2 AND ended_at `
	stateFacts = `SELECT agent, state, call, coalesce((SELECT queue FROM agent_stays AS s WHERE s.conn_id = a.call AND +s.agent = a.agent
				AND s.answered_at IS NOT NULL ORDER BY s.n DESC LIMIT 1), ''),
			since, until, since_event, until_event
		FROM agent_states AS a WHERE since < ?2 AND until `
)

// Facts tells what touches the range of time [from, to), as of one checkpoint.
func (h *History) Facts(ctx context.Context, from, to time.Time, told Facts) error {
	h.open.RLock()
	defer h.open.RUnlock()
	tx, err := h.readers.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	defer tx.Rollback()
	q := query{ctx: ctx, tx: tx}
	for _, each := range []struct {
		text, table, length string
		read                func(*sql.Rows) error
	}{
		{visitFacts, "queue_visits", "wait_ms", func(rows *sql.Rows) error { return readVisit(rows, told) }},
		{stayFacts, "agent_stays", "lasted_ms", func(rows *sql.Rows) error { return readStay(rows, told) }},
		{stateFacts, "agent_states", "lasted_ms", func(rows *sql.Rows) error { return readState(rows, told) }},
	} {
		var longest int64
		if err := tx.QueryRowContext(ctx, fmt.Sprintf("SELECT coalesce(max(%s), 0) FROM %s", each.length, each.table)).Scan(&longest); err != nil {
			return fmt.Errorf("history: %w", err)
		}
		last := to.Add(time.Duration(longest+1) * time.Millisecond)
		arguments := []any{bound(from), bound(to), bound(last)}
		if err := q.each(each.text+"BETWEEN ?1 AND ?3", arguments, each.read); err != nil {
			return fmt.Errorf("history: %w", err)
		}
		if err := q.each(each.text+"IS NULL", arguments[:2], each.read); err != nil {
			return fmt.Errorf("history: %w", err)
		}
	}
	return nil
}

// Began is the first moment of which the history tells; zero when it tells nothing.
func (h *History) Began(ctx context.Context) (time.Time, error) {
	h.open.RLock()
	defer h.open.RUnlock()
	var first Time
	err := h.readers.QueryRowContext(ctx, `SELECT min(at) FROM
		(SELECT min(started_at) AS at FROM calls UNION ALL SELECT min(logged_in_at) FROM agent_sessions)`).Scan(&first)
	return time.Time(first), err
}

func readVisit(rows *sql.Rows, told Facts) error {
	var v VisitFact
	var id string
	err := rows.Scan(&id, &v.Queue, &v.Again, &v.EnteredAt, &v.EndedAt, &v.WaitMs, &v.Result, &v.Agent, &v.EnteredEvent, &v.EndedEvent)
	if err == nil {
		v.ConnID, err = call.ParseConnID(id)
	}
	if err == nil {
		told.Visit(v)
	}
	return err
}

func readStay(rows *sql.Rows, told Facts) error {
	var s StayFact
	var id string
	err := rows.Scan(&id, &s.Agent, &s.Queue, &s.RingingAt, &s.AnsweredAt, &s.EndedAt, &s.TalkMs, &s.HoldMs, &s.Cause,
		&s.RingingEvent, &s.AnsweredEvent, &s.EndedEvent)
	if err == nil {
		s.ConnID, err = call.ParseConnID(id)
	}
	if err == nil {
		told.Stay(s)
	}
	return err
}

func readState(rows *sql.Rows, told Facts) error {
	var s StateFact
	var id sql.NullString
	err := rows.Scan(&s.Agent, &s.State, &id, &s.Queue, &s.Since, &s.Until, &s.SinceEvent, &s.UntilEvent)
	if err == nil && id.Valid {
		s.Call, err = call.ParseConnID(id.String)
	}
	if err == nil {
		told.State(s)
	}
	return err
}
