package floor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/callstate/callstate/domain/eventlog"
)

// ErrSlowFollower ends a feed whose reader is too far behind. Following again from the position of the last frame loses
// nothing.
var ErrSlowFollower = errors.New("too slow to follow the floor")

// Following says what to follow and from where.
type Following struct {
	Agent  string            // the desktop of this agent, seen yet or not; empty: the whole floor
	After  eventlog.Position // with Resume: the position of the last frame that was received
	Resume bool              // go on after a position, rather than begin with a snapshot
	// Beat asks for a Heartbeat each time something comes from it; nil: there are none. Who resumes gets one without
	// asking, after all that he has missed.
	Beat <-chan struct{}
}

// Follow yields the frames of a feed: a Snapshot, and then a Changed frame for each event of the log that changed
// something that can be seen there, in order, without gap or duplicate. With Resume it yields the Changed frames after
// a position; where they are not kept any more, or the floor has never come so far, a Reset and then a Snapshot.
//
// When the loop's body is so slow that more than Options.Behind changes came up since it was last given any, it gets them
// as one frame: each call, agent, queue and link once, as it is after the last of them, and all notifications.
//
// It waits until the floor is live. It ends only with an error, after the frames that are there already: that of ctx
// when ctx is done; ErrSlowFollower when the loop's body is so slow that such a frame would have more than Options.Mailbox
// things in it, or that what it would be made of is not kept any more; the floor's own when that has stopped. Who begins
// to follow a floor that has stopped gets nothing but that error.
func (f *Floor) Follow(ctx context.Context, w Following) iter.Seq2[Frame, error] {
	return func(yield func(Frame, error) bool) {
		if waiting, err := f.awaitLive(ctx, w.Beat, yield); !waiting {
			return
		} else if err != nil {
			yield(Frame{}, err)
			return
		}
		me, first := f.enter(w)
		defer f.leave(me)
		for _, frame := range first {
			if !yield(frame, nil) {
				return
			}
		}
		for asked := w.Resume && w.Beat != nil; ; {
			ended := ctx.Err() // before it looks what is there
			frames, err := f.next(me)
			for frame := range frames {
				if !yield(frame, nil) {
					return
				}
			}
			if err = cmp.Or(err, ended); err != nil {
				yield(Frame{}, err)
				return
			}
			if asked {
				frame, upToDate := f.beat(me)
				if !upToDate {
					continue
				}
				if asked = false; !yield(frame, nil) {
					return
				}
			}
			select {
			case <-me.woken:
			case <-w.Beat:
				asked = true
			case <-ctx.Done():
			}
		}
	}
}

// awaitLive waits until the floor shows the present, or never will; waiting is false when the follower does no more.
func (f *Floor) awaitLive(ctx context.Context, beat <-chan struct{}, yield func(Frame, error) bool) (waiting bool, err error) {
	for {
		select {
		case <-f.live:
			f.mu.RLock()
			defer f.mu.RUnlock()
			return true, f.failed
		default:
		}
		select {
		case <-f.live:
		case <-beat:
			position, _ := f.Position(ctx)
			if !yield(Frame{Kind: Heartbeat, Position: position}, nil) {
				return false, nil
			}
		case <-ctx.Done():
			return true, ctx.Err()
		}
	}
}

// follower is one that follows. It only remembers how far it has come: what it has not seen yet stands in the feed.
type follower struct {
	agent string
	after eventlog.Position
	limit int           // changes that it may be behind before they are coalesced
	woken chan struct{} // holds one call
}

func (m *follower) call() {
	select {
	case m.woken <- struct{}{}:
	default: // called already
	}
}

func (f *Floor) wake(agent string) {
	for each := range f.followers[agent] {
		each.call()
	}
}

// enter adds a follower, with the frames that it begins with.
func (f *Floor) enter(w Following) (*follower, []Frame) {
	me, now, reason := f.added(w)
	switch {
	case now == nil:
		return me, nil
	case reason != "":
		return me, []Frame{{Kind: Reset, Position: now.position, Reason: reason}, now.snapshot()}
	default:
		return me, []Frame{now.snapshot()}
	}
}

// added adds a follower. It begins with the floor as it is now, and where it wanted to go on there is a reason why it cannot;
// nil: it goes on.
func (f *Floor) added(w Following) (me *follower, now *moment, reason string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	me = &follower{agent: w.Agent, after: f.position, limit: f.options.Behind, woken: make(chan struct{}, 1)}
	if f.followers[w.Agent] == nil {
		f.followers[w.Agent] = map[*follower]bool{}
	}
	f.followers[w.Agent][me] = true
	if w.Resume {
		missed, kept := f.feedOf(w.Agent).after(w.After)
		switch {
		case w.After > f.position:
			reason = fmt.Sprintf("position %d is not reached yet", w.After)
		case !kept:
			reason = fmt.Sprintf("what came after position %d is not kept any more", w.After)
		default:
			me.after = w.After
			me.limit += len(missed) // it was away
			return me, nil, ""
		}
	}
	return me, f.now(w.Agent), reason
}

func (f *Floor) leave(me *follower) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.followers[me.agent], me)
	if len(f.followers[me.agent]) == 0 {
		delete(f.followers, me.agent)
	}
}

// Feeds is who follows the floor.
type Feeds struct {
	Floor    int    // who follow the whole floor, now
	Desktops int    // who follow an agent's desktop, now
	Cut      uint64 // who were too slow, so far
	Merged   uint64 // changes that were told together with others to who had fallen behind, so far
}

// Feeds tells how many follow.
func (f *Floor) Feeds() Feeds {
	f.mu.RLock()
	defer f.mu.RUnlock()
	feeds := Feeds{Cut: f.cut.Load(), Merged: f.merged.Load()}
	for agent, those := range f.followers {
		if agent == "" {
			feeds.Floor += len(those)
		} else {
			feeds.Desktops += len(those)
		}
	}
	return feeds
}

// next returns the frames that a follower has not seen yet.
func (f *Floor) next(me *follower) (iter.Seq[Frame], error) {
	changes, behind, err := f.unseen(me)
	if !behind {
		return func(yield func(Frame) bool) {
			for _, d := range changes {
				if !yield(d.frame(me.agent)) {
					return
				}
			}
		}, err
	}
	frame := coalesced(changes, me.agent)
	if frame.Change.size() > f.options.Mailbox {
		f.cut.Add(1)
		return noFrames, ErrSlowFollower
	}
	f.merged.Add(uint64(len(changes)))
	return func(yield func(Frame) bool) { yield(frame) }, err
}

func noFrames(func(Frame) bool) {}

// unseen returns the changes that a follower has not seen yet, and whether they are more than it may be behind.
func (f *Floor) unseen(me *follower) (changes []*change, behind bool, err error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	all, kept := f.feedOf(me.agent).after(me.after)
	if !kept {
		f.cut.Add(1)
		return nil, false, ErrSlowFollower
	}
	if len(all) == 0 {
		return nil, false, f.failed
	}
	me.after = all[len(all)-1].position
	for _, d := range all {
		if me.agent != "" || d.visible() { // else it is told to desktops only
			changes = append(changes, d)
		}
	}
	behind = len(changes) > me.limit
	me.limit = f.options.Behind
	return changes, behind, f.failed
}

// beat is the Heartbeat of a follower who has seen all there is; false when there is more to see first.
func (f *Floor) beat(me *follower) (Frame, bool) {
	f.mu.RLock()
	if more, kept := f.feedOf(me.agent).after(me.after); len(more) > 0 || !kept {
		f.mu.RUnlock()
		return Frame{}, false
	}
	frame, state := Frame{Kind: Heartbeat, Position: f.position}, f.stateOf(me.agent)
	f.mu.RUnlock()
	me.after, frame.Hash = frame.Position, state.hash()
	return frame, true
}

func (f *Floor) feedOf(agent string) *feed {
	if agent == "" {
		return &f.feed
	}
	if a, known := f.agents[agent]; known {
		return &a.feed
	}
	return &feed{}
}
