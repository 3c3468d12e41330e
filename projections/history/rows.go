package history

import "github.com/callstate/callstate/domain/call"

// rows is what the database has of a call: a function of its state. Rows are compared, so that only those are written
// that have changed.
type rows struct {
	call   callRow
	visits []visitRow
	offers []offerRow
	stays  []stayRow
	ivrs   []ivrRow
	data   []dataRow

	transfers []transferRow
	related   []relatedRow
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
}

type offerRow struct {
	visit, n int
	Offer
}

type stayRow struct {
	n int
	AgentStay
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

func rowsOf(s call.State) rows {
	if !s.Started() {
		return rows{}
	}
	r := RecordOf(s)
	found := rows{call: callRow{
		switchName: r.Switch, switchCallID: r.SwitchCallID, kind: r.Type, ani: r.ANI, dnis: r.DNIS,
		startedAt: r.StartedAt, endedAt: r.EndedAt, durationMs: r.DurationMs, endedBy: r.EndedBy,
		outcome: r.Outcome, ivrMs: r.IVRMs, disposition: s.Disposition, anomalies: r.Anomalies,
	}}
	for n, v := range r.Queues {
		found.visits = append(found.visits, visitRow{
			n: n, queue: v.Queue, enteredAt: v.EnteredAt, endedAt: moment(s.Visits[n].EndedAt), waitMs: v.WaitMs,
			result: v.Result, reason: s.Visits[n].Reason, agent: v.Agent,
		})
		for i, o := range v.NoAnswers {
			found.offers = append(found.offers, offerRow{visit: n, n: i, Offer: o})
		}
	}
	for n, stay := range r.Agents {
		found.stays = append(found.stays, stayRow{n: n, AgentStay: stay})
	}
	for n, v := range s.IVRs {
		found.ivrs = append(found.ivrs, ivrRow{n: n, ivr: v.IVR, enteredAt: moment(v.EnteredAt), leftAt: moment(v.LeftAt), choice: v.Choice})
	}
	for _, d := range s.Data {
		found.data = append(found.data, dataRow{key: d.Key, value: d.Value, by: d.By, at: moment(d.At)})
	}
	for n, transfer := range r.Transfers {
		found.transfers = append(found.transfers, transferRow{n: n, Transfer: transfer})
	}
	for n, related := range r.Related {
		found.related = append(found.related, relatedRow{n: n, Related: related})
	}
	return found
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
	return []any{r.n, r.queue, r.enteredAt.value(), r.endedAt.value(), r.waitMs, string(r.result), string(r.reason), r.agent}
}

func (r offerRow) values() []any { return []any{r.visit, r.n, r.Agent, r.RingMs} }

func (r stayRow) values() []any {
	return []any{
		r.n, r.Agent, r.DN, r.Queue, r.RingingAt.value(), r.AnsweredAt.value(), r.RingMs, r.TalkMs, r.HoldMs, r.Result, r.EndedBy,
	}
}

func (r ivrRow) values() []any {
	return []any{r.n, r.ivr, r.enteredAt.value(), r.leftAt.value(), r.choice}
}

func (r dataRow) values() []any { return []any{r.key, r.value, r.by, r.at.value()} }

func (r transferRow) values() []any {
	var toCall any
	if !r.ToCall.IsZero() {
		toCall = r.ToCall.String()
	}
	return []any{r.n, r.Kind, r.By, r.To, toCall, r.At.value()}
}

func (r relatedRow) values() []any { return []any{r.n, r.Relation, r.ConnID.String()} }

func (r transferRow) replaces(old transferRow) bool { return r.n == old.n }
func (r relatedRow) replaces(old relatedRow) bool   { return r.n == old.n }

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
