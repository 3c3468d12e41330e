// Package statistics counts and measures what the history holds: by queue, by agent, by interval. docs/statistics.md
// defines every number.
//
// Nothing is kept: each number is made anew from the facts, so that a changed definition reaches the past too, and each
// opens to the facts that made it, down to the ids of their events. Numbers that can be added up are sums over facts,
// each of which belongs to one moment or is cut at the bounds of the intervals; so intervals that do not overlap add up to
// the whole. All others are quotients of such sums, or what was so at the end of an interval.
package statistics

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/callstate/callstate/projections/history"
)

// Version is that of the definitions: another number when one of them changes.
const Version = 1

// ErrQuery: numbers were asked for that there cannot be; the error says why.
var ErrQuery = errors.New("statistics")

// Definition is what is left to the one who asks.
type Definition struct {
	Version  int   `json:"version" doc:"Of the definitions in docs/statistics.md"`
	TargetMs int64 `json:"targetMs" doc:"Answered within so long is in time"`
	ShortMs  int64 `json:"shortMs" doc:"Abandoned before so long is a short abandon"`
}

// NewDefinition returns the present definitions with a target of the service level and what is a short abandon; 20 and
// 5 seconds where they are zero.
func NewDefinition(target, short time.Duration) Definition {
	return Definition{Version, cmp.Or(target, 20*time.Second).Milliseconds(), cmp.Or(short, 5*time.Second).Milliseconds()}
}

// Query says which numbers are asked for.
type Query struct {
	Definition Definition
	From, To   time.Time      // [From, To); From zero: since the history began; To zero: up to Now
	Now        time.Time      // what goes on is counted up to here, or to the last event where that is little later; zero: to the last event
	Interval   time.Duration  // numbers for each of these, a duration that divides a day; zero: for the whole range
	Zone       *time.Location // where days begin at midnight, and intervals where the clock shows a multiple of them; nil: UTC
	Queue      string         // of this queue only
	Agent      string         // of this agent only
	Of         Subject        // of queues only, or of agents only; empty: of both
	Explain    string         // open this number, by its name in JSON
	Limit      int            // explain by so many facts at most; 0: all
}

// What one query may have: so many intervals, and so many rows of queues and of agents, which are made in memory.
const (
	maxIntervals = 10_000
	maxRows      = 200_000
)

// maxAhead is how far a switch's clock may be ahead of the one that tells now, so that what it has told last is in the
// range. One that is further ahead is wrong: numbers up to its time would be of times that are still to come.
const maxAhead = time.Hour

// Source is where the facts come from: history.History.
type Source interface {
	Facts(ctx context.Context, from, to time.Time, told history.Facts) error
	Began(ctx context.Context) (time.Time, error)
	Latest(ctx context.Context) (time.Time, error)
}

// Report is the numbers of a query.
type Report struct {
	Definition Definition    `json:"definition"`
	From       history.Time  `json:"from"`
	To         history.Time  `json:"to"`
	AsOf       history.Time  `json:"asOf" doc:"What goes on was counted up to here"`
	IntervalMs int64         `json:"intervalMs" doc:"0: the whole range is one interval"`
	Zone       string        `json:"tz" doc:"The time zone by whose clocks intervals begin"`
	Queues     []QueueRow    `json:"queues" doc:"By interval and queue; intervals in which nothing happened are left out"`
	Totals     []QueueRow    `json:"totals" doc:"All queues together, by interval"`
	Agents     []AgentRow    `json:"agents" doc:"By interval and agent"`
	Explained  []Explanation `json:"explained,omitempty" doc:"The facts behind the number that was to be opened"`
	More       bool          `json:"more,omitempty" doc:"There are more facts behind it"`
}

// QueueRow is the numbers of one queue in one interval.
type QueueRow struct {
	Queue             string       `json:"queue"`
	From              history.Time `json:"from"`
	To                history.Time `json:"to"`
	Entered           int64        `json:"entered"`
	Offered           int64        `json:"offered"`
	Answered          int64        `json:"answered"`
	Abandoned         int64        `json:"abandoned"`
	ShortAbandoned    int64        `json:"shortAbandoned"`
	Left              int64        `json:"left"`
	Waiting           int64        `json:"waiting" doc:"In the queue at the interval's end"`
	LongestWaitMs     int64        `json:"longestWaitMs" doc:"Of those"`
	AnsweredInTarget  int64        `json:"answeredInTarget"`
	AbandonedInTarget int64        `json:"abandonedInTarget"`
	ASAMs             *int64       `json:"asaMs"`
	AbandonRate       *float64     `json:"abandonRate"`
	ServiceLevel      ServiceLevel `json:"serviceLevel"`
	Handled           int64        `json:"handled"`
	TalkMs            int64        `json:"talkMs" doc:"Without hold"`
	HoldMs            int64        `json:"holdMs"`
	AfterCallWorkMs   int64        `json:"afterCallWorkMs"`
	AHTMs             *int64       `json:"ahtMs"`
	RingNoAnswer      int64        `json:"ringNoAnswer"`
}

// AgentRow is the numbers of one agent in one interval.
type AgentRow struct {
	Agent           string       `json:"agent"`
	From            history.Time `json:"from"`
	To              history.Time `json:"to"`
	Offered         int64        `json:"offered"`
	Handled         int64        `json:"handled"`
	RingNoAnswer    int64        `json:"ringNoAnswer"`
	TalkMs          int64        `json:"talkMs" doc:"Without hold"`
	HoldMs          int64        `json:"holdMs"`
	AfterCallWorkMs int64        `json:"afterCallWorkMs"`
	AHTMs           *int64       `json:"ahtMs"`
	LoggedInMs      int64        `json:"loggedInMs"`
	ReadyMs         int64        `json:"readyMs"`
	NotReadyMs      int64        `json:"notReadyMs"`
	BusyMs          int64        `json:"busyMs"`
	IdleMs          int64        `json:"idleMs"`
	Occupancy       *float64     `json:"occupancy"`
	Utilisation     *float64     `json:"utilisation"`
}

// ServiceLevel is the share of calls that were served in time by the five formulas in use, each from 0 to 1; null where
// there was none to share.
type ServiceLevel struct {
	AnsweredOnly             *float64 `json:"answeredOnly" doc:"Answered in time / answered"`
	AbandonsMissed           *float64 `json:"abandonsMissed" doc:"Answered in time / (answered + abandoned)"`
	AbandonsInTargetMet      *float64 `json:"abandonsInTargetMet" doc:"(Answered in time + abandoned in time) / (answered + abandoned)"`
	AbandonsInTargetExcluded *float64 `json:"abandonsInTargetExcluded" doc:"Answered in time / (answered + abandoned - abandoned in time)"`
	ShortAbandonsMet         *float64 `json:"shortAbandonsMet" doc:"(Answered in time + short abandons) / (answered + abandoned)"`
}

func serviceLevel(answered, answeredInTarget, abandoned, abandonedInTarget, short int64) ServiceLevel {
	return ServiceLevel{
		AnsweredOnly:             share(answeredInTarget, answered),
		AbandonsMissed:           share(answeredInTarget, answered+abandoned),
		AbandonsInTargetMet:      share(answeredInTarget+abandonedInTarget, answered+abandoned),
		AbandonsInTargetExcluded: share(answeredInTarget, answered+abandoned-abandonedInTarget),
		ShortAbandonsMet:         share(answeredInTarget+short, answered+abandoned),
	}
}

func share(part, whole int64) *float64 {
	if whole == 0 {
		return nil
	}
	value := float64(part) / float64(whole)
	return &value
}

// average is a mean, rounded to the nearest.
func average(sum, count int64) *int64 {
	if count == 0 {
		return nil
	}
	value := (sum + count/2) / count
	return &value
}

// Of makes the numbers of a query. ErrQuery when there cannot be any.
func Of(ctx context.Context, source Source, q Query) (Report, error) {
	if err := complete(ctx, source, &q); err != nil {
		return Report{}, err
	}
	report := Report{
		Definition: q.Definition, From: history.Time(q.From), To: history.Time(q.To), AsOf: history.Time(q.Now), IntervalMs: q.Interval.Milliseconds(), Zone: q.Zone.String(),
		Queues: []QueueRow{}, Totals: []QueueRow{}, Agents: []AgentRow{},
	}
	if !q.From.Before(q.To) {
		return report, nil // the history is empty
	}
	opened, err := measuresOf(q.Explain)
	if err != nil {
		return Report{}, err
	}
	ctx, refuse := context.WithCancelCause(ctx)
	defer refuse(nil)
	c, err := newCalculation(q, opened, refuse)
	if err != nil {
		return Report{}, err
	}
	if err = source.Facts(ctx, q.From, q.To, c); err == nil {
		c.agentTimes(ctx)
	}
	if err = cmp.Or(context.Cause(ctx), err); err != nil {
		return Report{}, err
	}
	c.rows(&report)
	c.sortExplained()
	report.Explained = c.explained
	if q.Limit > 0 && len(c.explained) > q.Limit {
		report.Explained, report.More = c.explained[:q.Limit], true
	}
	return report, nil
}

// complete fills in what a query leaves open, and refuses one that cannot be meant.
func complete(ctx context.Context, source Source, q *Query) error {
	if !q.From.IsZero() && !q.To.IsZero() && !q.From.Before(q.To) {
		return fmt.Errorf("%w: the range ends at %s, before it begins", ErrQuery, history.Time(q.To))
	}
	if err := checkInterval(q.Interval); err != nil {
		return err
	}
	if q.Definition.TargetMs < 0 || q.Definition.ShortMs < 0 {
		return fmt.Errorf("%w: a threshold is negative", ErrQuery)
	}
	if q.Limit < 0 {
		return fmt.Errorf("%w: the limit is negative", ErrQuery)
	}
	began, err := source.Began(ctx)
	if err != nil {
		return err
	}
	latest, err := source.Latest(ctx)
	if err != nil {
		return err
	}
	afterLatest := latest
	if !latest.IsZero() {
		afterLatest = latest.Add(time.Millisecond) // so that the last event is in the range
	}
	if q.Now.IsZero() || q.Now.Before(afterLatest) && afterLatest.Sub(q.Now) <= maxAhead {
		q.Now = afterLatest
	}
	if q.To.IsZero() {
		q.To = q.Now
	}
	switch {
	case q.From.IsZero() && began.IsZero():
		q.From = q.To
	case q.From.IsZero():
		q.From = began
	}
	if q.From.After(q.To) {
		return fmt.Errorf("%w: the range ends at %s, before it begins at %s", ErrQuery, history.Time(q.To), history.Time(q.From))
	}
	q.Zone = cmp.Or(q.Zone, time.UTC)
	q.From, q.To, q.Now = ceil(q.From), ceil(q.To), ceil(q.Now)
	return nil
}

// ceil is the first millisecond that is not before a moment: facts have no finer ones.
func ceil(t time.Time) time.Time {
	cut := t.UTC().Truncate(time.Millisecond)
	if cut.Before(t) {
		cut = cut.Add(time.Millisecond)
	}
	return cut
}

// ParseDefinition reads the two thresholds, as durations: 20s.
func ParseDefinition(target, short string) (Definition, error) {
	t, err := parseDuration("target", target)
	if err != nil {
		return Definition{}, err
	}
	s, err := parseDuration("short", short)
	return Definition{Version, t.Milliseconds(), s.Milliseconds()}, err
}

func parseDuration(what, text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%w: %s %q is not a duration such as 20s or 15m", ErrQuery, what, text)
	}
	return d, nil
}
