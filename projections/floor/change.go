package floor

import (
	"context"
	"slices"
	"time"

	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/notify"
)

// change is everything that one event changed on the floor. It is made of views that are shared and never changed;
// the frame for the one or the other follower is put together where it is read.
type change struct {
	position eventlog.Position
	kind     string // the event's stored name
	at       time.Time
	trace    string // the event's traceparent
	link     *Link
	agents   []*Agent
	queues   []*Queue
	calls    []changedCall
	told     []told
	desks    []desk // of the agents whose desktops it changes
}

// desk is an agent's desktop after a change.
type desk struct {
	agent string
	state state
}

// told is what an agent's DN is told.
type told struct {
	agent   string
	message notify.Message
}

// recipients are the agents at the DN to which a message goes.
func (f *Floor) recipients(m notify.Message) []string {
	if m.AgentID != "" {
		return []string{m.AgentID}
	}
	if at := f.devices[device{m.Switch, m.DN}]; at != nil {
		return at.agents
	}
	return nil
}

// changedCall is a call as it is after an event that touched it.
type changedCall struct {
	*Call
	changed bool     // looks otherwise than before, or is gone
	gone    bool     // has ended
	was, is []string // the agents that took part before, and those that do now; sorted
}

// pass notes for which desktops the event may have been of concern, without finding out.
func (f *Floor) pass() {
	for _, a := range f.touched.agents {
		a.feed.dropped = f.position
	}
	for _, m := range f.told {
		for _, id := range f.recipients(m) {
			if a := f.agents[id]; a != nil {
				a.feed.dropped = f.position
			}
		}
	}
	for _, c := range f.touched.calls {
		for _, id := range c.agents { // who took part before is touched
			f.agents[id].feed.dropped = f.position
		}
	}
}

// beginPublishing makes the views with which what events change is found out from now on. What came before cannot be
// asked for.
func (f *Floor) beginPublishing() {
	f.publishing = true
	f.feed.dropped = f.position
	for _, c := range f.calls {
		c.view = c.look()
	}
	for _, q := range f.queues {
		q.view, q.moved = q.look(), false
	}
	for _, a := range f.agents {
		a.view = a.look()
	}
}

// publish finds out what the event changed that can be seen, keeps it and wakes those whom it concerns.
func (f *Floor) publish(r *eventlog.Record) {
	d := &change{position: r.Position, kind: r.Type, at: r.SwitchTime, trace: r.Traceparent, link: f.touched.link}
	for _, a := range f.touched.agents {
		if v := a.look(); a.view == nil || !v.item.same(&a.view.item) {
			a.view = v
			d.agents = append(d.agents, &v.item)
		}
	}
	for _, q := range f.touched.queues {
		if q.view == nil || q.moved || q.view.item.LoggedIn != q.loggedIn || q.view.item.Ready != q.ready {
			q.view, q.moved = q.look(), false
			d.queues = append(d.queues, &q.view.item)
		}
	}
	for _, c := range f.touched.calls {
		each := changedCall{was: c.was, is: c.agents}
		if c.view != nil {
			each.Call = &c.view.item
		}
		switch v := c.look(); {
		case c.state.Ended():
			each.Call, each.changed, each.gone = &v.item, true, true
		case c.view == nil || !v.item.same(&c.view.item):
			c.view = v
			each.Call, each.changed = &v.item, true
		}
		if each.changed || !slices.Equal(each.was, each.is) {
			d.calls = append(d.calls, each)
		}
	}
	for _, m := range f.told {
		for _, id := range f.recipients(m) {
			if f.agents[id] != nil {
				d.told = append(d.told, told{id, m})
			}
		}
	}
	if d.empty() {
		return
	}
	f.feed.add(d)
	f.wake("")
	for _, id := range d.whom() {
		a := f.agents[id]
		d.desks = append(d.desks, desk{id, f.of(a)})
		a.feed.add(d)
		f.wake(id)
	}
	for len(f.feed.kept) > f.options.History {
		for _, each := range f.feed.drop().desks {
			f.agents[each.agent].feed.drop()
		}
	}
}

func (d *change) empty() bool { return !d.visible() && len(d.told) == 0 }

// visible reports whether the floor looks otherwise than before.
func (d *change) visible() bool {
	return d.link != nil || len(d.agents) > 0 || len(d.queues) > 0 || len(d.calls) > 0
}

// whom returns the agents whose desktops the change is seen on. Those who joined a call or left it have changed.
func (d *change) whom() []string {
	var whom []string
	for _, a := range d.agents {
		whom = append(whom, a.ID)
	}
	for _, c := range d.calls {
		for _, id := range c.is {
			if c.changed && !slices.Contains(whom, id) {
				whom = append(whom, id)
			}
		}
	}
	for _, t := range d.told {
		if !slices.Contains(whom, t.agent) {
			whom = append(whom, t.agent)
		}
	}
	return whom
}

// frame is the change as a follower of an agent's desktop gets it, or as one of the whole floor does.
func (d *change) frame(agent string) Frame {
	frame := Frame{Kind: Changed, Position: d.position, Change: &Change{Type: d.kind, At: d.at}, Traceparent: d.trace}
	if agent == "" {
		d.all(frame.Change)
	} else {
		d.of(agent, frame.Change)
		frame.Hash = d.desk(agent).state.hash()
	}
	return frame
}

// desk is an agent's desktop after the change; nil where that is as before.
func (d *change) desk(agent string) *desk {
	for i := range d.desks {
		if d.desks[i].agent == agent {
			return &d.desks[i]
		}
	}
	return nil
}

func (d *change) all(c *Change) {
	if d.link != nil {
		c.Links = []Link{*d.link}
	}
	for _, a := range d.agents {
		c.Agents = append(c.Agents, *a)
	}
	for _, q := range d.queues {
		c.Queues = append(c.Queues, *q)
	}
	for _, each := range d.calls {
		switch {
		case each.gone:
			c.Gone = append(c.Gone, each.ConnID)
		case each.changed:
			c.Calls = append(c.Calls, *each.Call)
		}
	}
}

func (d *change) of(agent string, c *Change) {
	for _, a := range d.agents {
		if a.ID == agent {
			c.Agents = []Agent{*a}
		}
	}
	for _, each := range d.calls {
		was, is := slices.Contains(each.was, agent), slices.Contains(each.is, agent)
		switch {
		case was && !is:
			c.Gone = append(c.Gone, each.ConnID)
		case is && (each.changed || !was):
			c.Calls = append(c.Calls, *each.Call)
		}
	}
	for _, t := range d.told {
		if t.agent == agent {
			c.Notifications = append(c.Notifications, t.message)
		}
	}
}

// Next folds one record, and returns the frame that those who follow an agent's desktop get for it, or the whole floor
// where agent is empty; false when there is none for them.
func (f *Floor) Next(ctx context.Context, r eventlog.Record, agent string) (Frame, bool, error) {
	if err := f.Apply(ctx, []eventlog.Record{r}); err != nil {
		return Frame{}, false, err
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	last := len(f.feed.kept) - 1
	if last < 0 || f.feed.kept[last].position != r.Position {
		return Frame{}, false, nil
	}
	d := f.feed.kept[last]
	if agent == "" && !d.visible() || agent != "" && d.desk(agent) == nil {
		return Frame{}, false, nil
	}
	return d.frame(agent), true, nil
}

// Snapshot is the frame with which those begin who follow an agent's desktop now, or the whole floor where agent is
// empty.
func (f *Floor) Snapshot(agent string) Frame {
	f.mu.RLock()
	now := f.now(agent)
	f.mu.RUnlock()
	return now.snapshot()
}

// feed is the last changes of the floor or of one desktop, oldest first.
type feed struct {
	kept    []*change
	dropped eventlog.Position // of the last change that is not kept any more
}

func (f *feed) add(d *change) { f.kept = append(f.kept, d) }

func (f *feed) drop() *change {
	oldest := f.kept[0]
	f.kept[0] = nil // the array lives on
	f.kept, f.dropped = f.kept[1:], oldest.position
	return oldest
}

// after returns the changes behind a position; false when some of them are not kept any more.
func (f *feed) after(position eventlog.Position) ([]*change, bool) {
	if position < f.dropped {
		return nil, false
	}
	i, found := slices.BinarySearchFunc(f.kept, position, func(d *change, p eventlog.Position) int {
		switch {
		case d.position < p:
			return -1
		case d.position > p:
			return 1
		}
		return 0
	})
	if found {
		i++
	}
	return f.kept[i:], true
}
