package history

import (
	"time"

	"github.com/callstate/callstate/domain/call"
)

// rows is what the database has of a call: a function of its state, and of which events made it so. Rows are compared,
// so that only those are written that have changed.
type rows struct {
	call    callRow
	terms   string // what the call is found by
	parties []partyRow
	visits  []visitRow
	offers  []offerRow
	stays   []stayRow
	ivrs    []ivrRow
	data    []dataRow

	transfers []transferRow
	related   []relatedRow
	notes     []noteRow
}

type callRow struct {
	switchName, switchCallID string
	kind                     call.Type
	ani, dnis                string
	startedAt, endedAt       Time
	durationMs               int64
	endedBy                  string
	outcome                  Outcome
	ivrMs                    int64
	disposition              string
	anomalies                int
}

type visitRow struct {
	n                  int
	queue              string
	enteredAt, endedAt Time
	waitMs             int64
	result             QueueResult
	reason             call.LeaveReason
	agent              string

	enteredEvent, endedEvent string
}

type partyRow struct {
	n int
	party
}

// party is the part of a call.Party that is told.
type party struct {
	id, dn                             string
	external                           bool
	role, agent, queue, dialed         string
	appearedAt, connectedAt, releaseAt Time
	ringMs, talkMs, holdMs             int64
	cause                              call.Cause
	releasedBy                         string
	from                               call.ConnID
}

type offerRow struct {
	visit, n int
	Offer
}

type stayRow struct {
	n int
	AgentStay
	endedAt, beganAt                        Time
	lastedMs                                int64
	cause                                   call.Cause
	ringingEvent, answeredEvent, endedEvent string
}

type ivrRow struct {
	n                 int
	ivr               string
	enteredAt, leftAt Time
	choice            string
}

type transferRow struct {
	n int
	Transfer
}

type relatedRow struct {
	n int
	Related
}

type dataRow struct {
	key, value, by string
	at             Time
}

type noteRow struct {
	n int
	Note
}

func rowsOf(s call.State, told trace) rows {
	if !s.Started() {
		return rows{}
	}
	r := RecordOf(s)
	found := rows{call: callRow{
		switchName: r.Switch, switchCallID: r.SwitchCallID, kind: r.Type, ani: r.ANI, dnis: r.DNIS,
		startedAt: r.StartedAt, endedAt: r.EndedAt, durationMs: r.DurationMs, endedBy: r.EndedBy,
		outcome: r.Outcome, ivrMs: r.IVRMs, disposition: r.Disposition, anomalies: r.Anomalies,
	}}
	for n, v := range r.Queues {
		found.visits = append(found.visits, visitRow{
			n: n, queue: v.Queue, enteredAt: v.EnteredAt, endedAt: moment(s.Visits[n].EndedAt), waitMs: v.WaitMs,
			result: v.Result, reason: s.Visits[n].Reason, agent: v.Agent,
			enteredEvent: told.event(visitEntered, string(s.Visits[n].ID)), endedEvent: told.event(visitEnded, string(s.Visits[n].ID)),
		})
		for i, o := range v.NoAnswers {
			found.offers = append(found.offers, offerRow{visit: n, n: i, Offer: o})
		}
	}
	for n, p := range s.Parties {
		found.parties = append(found.parties, partyRow{n: n, party: partyOf(p)})
		if isStay(p) {
			found.stays = append(found.stays, stayOf(p, len(found.stays), told))
		}
	}
	for n, v := range s.IVRs {
		found.ivrs = append(found.ivrs, ivrRow{n: n, ivr: v.IVR, enteredAt: moment(v.EnteredAt), leftAt: moment(v.LeftAt), choice: v.Choice})
	}
	for _, d := range s.Data {
		found.data = append(found.data, dataRow{key: d.Key, value: d.Value, by: d.By, at: moment(d.At)})
	}
	found.terms = termsOf(r)
	for n, transfer := range r.Transfers {
		found.transfers = append(found.transfers, transferRow{n: n, Transfer: transfer})
	}
	for n, related := range r.Related {
		found.related = append(found.related, relatedRow{n: n, Related: related})
	}
	for n, note := range r.Notes {
		found.notes = append(found.notes, noteRow{n: n, Note: note})
	}
	return found
}

func partyOf(p call.Party) party {
	return party{
		id: string(p.ID), dn: p.DN, external: p.External, role: string(p.Role), agent: p.Agent, queue: p.Queue, dialed: p.Dialed,
		appearedAt: moment(p.AppearedAt), connectedAt: moment(p.ConnectedAt), releaseAt: moment(p.ReleasedAt),
		ringMs: p.Ring.Milliseconds(), talkMs: p.Talk.Milliseconds(), holdMs: p.Hold.Milliseconds(),
		cause: p.Cause, releasedBy: string(p.ReleasedBy), from: p.From,
	}
}

func stayOf(p call.Party, n int, told trace) stayRow {
	began, ended := moment(p.AppearedAt), moment(stayEnd(p))
	row := stayRow{n: n, AgentStay: agentStay(p), beganAt: began, endedAt: ended, cause: p.Cause}
	if ended != (Time{}) {
		row.lastedMs = time.Time(ended).Sub(time.Time(began)).Milliseconds()
	}
	id := string(p.ID)
	if p.Answered() {
		row.answeredEvent = told.event(partyConnected, id)
	}
	row.ringingEvent, row.endedEvent = told.event(partyAlerting, id), told.event(partyEnded, id)
	return row
}

// stayEnd is when an agent's part was over: a call that could not be delivered is over before its leg is gone.
func stayEnd(p call.Party) time.Time {
	if !p.FailedAt.IsZero() && !p.Answered() {
		return p.FailedAt
	}
	return p.ReleasedAt
}

// A row has its values in the order of the table's columns after conn_id, and knows another row that stands in the same
// place, under the same primary key.
type row[R any] interface {
	comparable
	values() []any
	replaces(R) bool
}

func (r callRow) values() []any {
	return []any{
		r.switchName, r.switchCallID, string(r.kind), r.ani, r.dnis, r.startedAt.value(), r.endedAt.value(), r.durationMs,
		r.endedBy, string(r.outcome), r.ivrMs, r.disposition, r.anomalies,
	}
}

func (r visitRow) values() []any {
	return []any{r.n, r.queue, r.enteredAt.value(), r.endedAt.value(), r.waitMs, string(r.result), string(r.reason), r.agent, r.enteredEvent, r.endedEvent}
}

func (r partyRow) values() []any {
	return []any{
		r.n, r.id, r.dn, r.external, r.role, r.agent, r.queue, r.dialed, r.appearedAt.value(), r.connectedAt.value(), r.releaseAt.value(),
		r.ringMs, r.talkMs, r.holdMs, string(r.cause), r.releasedBy, connIDValue(r.from),
	}
}

func (r offerRow) values() []any { return []any{r.visit, r.n, r.Agent, r.RingMs} }

func (r stayRow) values() []any {
	return []any{
		r.n, r.Agent, r.DN, r.Queue, r.RingingAt.value(), r.AnsweredAt.value(), r.endedAt.value(), r.RingMs, r.TalkMs, r.HoldMs,
		r.Result, string(r.cause), r.EndedBy, r.beganAt.value(), r.lastedMs, r.ringingEvent, r.answeredEvent, r.endedEvent,
	}
}

func (r ivrRow) values() []any {
	return []any{r.n, r.ivr, r.enteredAt.value(), r.leftAt.value(), r.choice}
}

func (r dataRow) values() []any { return []any{r.key, r.value, r.by, r.at.value()} }

func (r transferRow) values() []any {
	return []any{r.n, r.Kind, r.By, r.To, connIDValue(r.ToCall), r.At.value()}
}

func (r relatedRow) values() []any { return []any{r.n, r.Relation, r.ConnID.String()} }

func (r noteRow) values() []any { return []any{r.n, r.Text, r.By, r.At.value()} }

func (r noteRow) replaces(old noteRow) bool         { return r.n == old.n }
func (r transferRow) replaces(old transferRow) bool { return r.n == old.n }
func (r relatedRow) replaces(old relatedRow) bool   { return r.n == old.n }

func (r partyRow) replaces(old partyRow) bool { return r.n == old.n }
func (r visitRow) replaces(old visitRow) bool { return r.n == old.n }
func (r offerRow) replaces(old offerRow) bool { return r.visit == old.visit && r.n == old.n }
func (r stayRow) replaces(old stayRow) bool   { return r.n == old.n }
func (r ivrRow) replaces(old ivrRow) bool     { return r.n == old.n }
func (r dataRow) replaces(old dataRow) bool   { return r.key == old.key }

// value is the moment as the database has it: text, or NULL.
func (t Time) value() any {
	if t == (Time{}) {
		return nil
	}
	return t.String()
}

// connIDValue is a connection id as the database has it: text, or NULL.
func connIDValue(id call.ConnID) any {
	if id.IsZero() {
		return nil
	}
	return id.String()
}
