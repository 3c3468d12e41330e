package verification

import (
	"context"
	"fmt"
	"slices"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
)

// story is a call's stream as far as it has been read.
type story struct {
	state call.State
	last  eventlog.Revision
	ends  map[call.VisitID]int // how often the end of a visit was told
}

// relations are what a call says of others, kept when the rest of it is not needed any more.
type relations struct {
	ended                 bool
	consultOf, mergedInto call.ConnID
	absorbed              []call.ConnID
}

func (v *verifier) takeCall(ctx context.Context, log eventlog.Reader, r eventlog.Record) error {
	id, err := call.ParseConnID(r.Stream.ID())
	if err != nil {
		v.breaks(r, err)
		return nil
	}
	s := v.live[id]
	if s == nil {
		if s, err = v.open(ctx, log, id, r); err != nil {
			return err
		}
	}
	if s.last++; r.Revision != s.last {
		v.breaks(r, fmt.Errorf("revision %d follows %d", r.Revision, s.last-1))
		return nil
	}
	event, err := wire.DecodeCall(r)
	if err != nil {
		v.breaks(r, err)
		delete(v.live, id)
		v.calls[id] = relations{}
		return nil
	}
	v.step(s, id, event, r)
	if s.state.Ended() {
		v.close(id, s)
		delete(v.live, id)
	} else {
		v.live[id], v.calls[id] = s, relations{}
	}
	return nil
}

// open is a story that begins, or one that goes on after its end: what was said up to there has been checked.
func (v *verifier) open(ctx context.Context, log eventlog.Reader, id call.ConnID, next eventlog.Record) (*story, error) {
	s := &story{ends: map[call.VisitID]int{}}
	if _, known := v.calls[id]; !known {
		return s, nil
	}
	for r, err := range log.ReadStream(ctx, next.Stream, 1) {
		if err != nil {
			return nil, err
		}
		if r.Revision >= next.Revision {
			break
		}
		event, err := wire.DecodeCall(r)
		if err != nil {
			return nil, err
		}
		s.state, s.last = call.Evolve(s.state, event), r.Revision
		s.visitEnds(event)
	}
	return s, nil
}

// visitEnds counts the ends of visits, and returns the visit whose end an event tells.
func (s *story) visitEnds(e call.Event) (call.VisitID, bool) {
	var id call.VisitID
	switch b := e.Body.(type) {
	case call.QueueDistributed:
		id = b.Visit
	case call.QueueLeft:
		id = b.Visit
	case call.QueueAbandoned:
		id = b.Visit
	default:
		return "", false
	}
	s.ends[id]++
	return id, true
}

// step checks an event against what was before.
func (v *verifier) step(s *story, id call.ConnID, e call.Event, r eventlog.Record) {
	before := s.state
	s.state = call.Evolve(s.state, e)
	if started, ok := e.Body.(call.CallStarted); ok != (s.last == 1) {
		v.found(r, "%s is event %d of the call", r.Type, s.last)
	} else if ok && started.ConnID != id {
		v.found(r, "the call says that it is %s", started.ConnID)
	}
	if before.Ended() && !isAnnotation(e.Body) {
		v.found(r, "%s after the call's end", r.Type)
	}
	if visit, ends := s.visitEnds(e); ends {
		if _, known := before.Visit(visit); !known {
			v.found(r, "the wait %s ends that was not begun", visit)
		} else if s.ends[visit] > 1 {
			v.found(r, "the wait %s ends a second time", visit)
		}
	}
	if b, ok := e.Body.(call.QueueEntered); ok {
		if _, known := before.Visit(b.Visit); known {
			v.found(r, "the wait %s begins a second time", b.Visit)
		}
	}
	if b, ok := e.Body.(call.CallMerged); ok {
		if b.Survivor == b.Absorbed || b.Survivor != id && b.Absorbed != id {
			v.found(r, "the call is told of a merge of %s into %s", b.Absorbed, b.Survivor)
		}
	}
}

// isAnnotation says whether an event may follow a call's end: what people say about it, what was asked too late, and
// what else was merged with it.
func isAnnotation(b call.Body) bool {
	switch b.(type) {
	case call.UserDataChanged, call.DispositionSet, call.NoteAdded, call.AnomalyNoted, call.RequestMade, call.RequestRefused,
		call.RecordingStopped, call.ConsultEnded, call.CallMerged:
		return true
	}
	return false
}

// close checks a call as a whole: at its end, or, when it goes on, at the log's.
func (v *verifier) close(id call.ConnID, s *story) {
	_, again := v.calls[id]
	again = again && v.calls[id].ended
	v.calls[id] = relations{s.state.Ended(), s.state.ConsultOf, s.state.MergedInto, s.state.Absorbed}
	if again {
		return
	}
	v.checked.Visits += len(s.state.Visits)
	stream := wire.CallStream(id)
	found := func(format string, arguments ...any) { v.report(Finding{stream, 0, fmt.Sprintf(format, arguments...)}) }
	for _, p := range s.state.Parties {
		if s.state.Ended() && s.state.MergedInto.IsZero() && p.Telephony.Live() {
			found("the call has ended, and party %s is %s", p.ID, p.Telephony)
		}
		if p.Ring < 0 || p.Talk < 0 || p.Hold < 0 {
			found("party %s has a negative time", p.ID)
		}
		if spent, life := p.Ring+p.Talk+p.Hold, p.ReleasedAt.Sub(p.AppearedAt); !p.ReleasedAt.IsZero() && spent > life {
			found("party %s was there for %s, of which it spent %s", p.ID, life, spent)
		}
	}
	for _, visit := range s.state.Visits {
		if s.state.Ended() && visit.End == call.Waiting {
			found("the call has ended, and its wait %s in queue %s has no end", visit.ID, visit.Queue)
		}
		if visit.End != call.Waiting && visit.EndedAt.Before(visit.EnteredAt) {
			found("the wait %s in queue %s ends before it begins", visit.ID, visit.Queue)
		}
	}
	for _, visit := range s.state.IVRs {
		if s.state.Ended() && visit.LeftAt.IsZero() {
			found("the call has ended, and its stay in IVR %s has no end", visit.IVR)
		}
	}
	if s.state.Ended() && s.state.EndedAt.Before(s.state.StartedAt) {
		found("the call ends before it begins")
	}
}

// relations checks what calls and agents say of other calls.
func (v *verifier) relations() {
	for id, r := range v.calls {
		found := func(format string, arguments ...any) {
			v.report(Finding{wire.CallStream(id), 0, fmt.Sprintf(format, arguments...)})
		}
		if _, known := v.calls[r.consultOf]; !r.consultOf.IsZero() && !known {
			found("it is a consultation about %s, which the log does not have", r.consultOf)
		}
		for _, absorbed := range r.absorbed {
			if other, known := v.calls[absorbed]; !known || other.mergedInto != id {
				found("it has absorbed %s, which does not say so", absorbed)
			}
		}
		if r.mergedInto.IsZero() {
			continue
		}
		if survivor, known := v.calls[r.mergedInto]; !known {
			found("it was merged into %s, which the log does not have", r.mergedInto)
		} else if !slices.Contains(survivor.absorbed, id) {
			found("it was merged into %s, which does not say so", r.mergedInto)
		}
		if v.circular(id) {
			found("it was merged into itself, through others")
		}
	}
	for stream, s := range v.agents {
		for id, position := range s.calls {
			if _, known := v.calls[id]; !known {
				v.report(Finding{stream, position, fmt.Sprintf("after-call work on %s, which the log does not have", id)})
			}
		}
	}
}

func (v *verifier) circular(id call.ConnID) bool {
	seen := map[call.ConnID]bool{}
	for at := id; !at.IsZero(); at = v.calls[at].mergedInto {
		if seen[at] {
			return true
		}
		seen[at] = true
	}
	return false
}
