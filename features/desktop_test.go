package features_test

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/callstate/callstate/projections/floor"
)

// agentDesktop is a desktop as a CRM developer would write one: it follows the agent's feed and keeps a model of it.
type agentDesktop struct {
	agent string
	path  string // of the feed; empty: the agent's live one

	mu       sync.Mutex
	firstID  string
	lastID   string
	model    floor.Agent
	calls    map[string]floor.Call
	seen     []floor.Call // every state of a call in which it was shown
	gone     []string
	resets   int
	failed   error
	cancel   context.CancelFunc
	finished chan struct{}
}

func newAgentDesktop(agent string) *agentDesktop {
	return &agentDesktop{agent: agent, calls: map[string]floor.Call{}}
}

// connect follows the feed; after a disconnect from where it was.
func (d *agentDesktop) connect(p *process) error {
	ctx, cancel := context.WithCancel(context.Background())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.address+cmp.Or(d.path, "/v1/agents/"+d.agent+"/stream"), nil)
	if err != nil {
		cancel()
		return err
	}
	if d.lastID != "" {
		request.Header.Set("Last-Event-ID", d.lastID)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		cancel()
		return err
	}
	if response.StatusCode != http.StatusOK {
		cancel()
		return errors.New(response.Status)
	}
	d.cancel, d.finished = cancel, make(chan struct{})
	go func() {
		defer close(d.finished)
		defer response.Body.Close()
		d.read(bufio.NewScanner(response.Body))
	}()
	return nil
}

func (d *agentDesktop) disconnect() {
	if d.cancel == nil {
		return
	}
	d.cancel()
	<-d.finished
	d.cancel = nil
}

func (d *agentDesktop) read(lines *bufio.Scanner) {
	lines.Buffer(nil, 1<<20)
	var id, event, data string
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "id":
			id = value
		case "event":
			event = value
		case "data":
			data += value
		case "":
			if lines.Text() == "" && data != "" {
				d.take(id, event, data)
				event, data = "", ""
			}
		}
	}
}

func (d *agentDesktop) take(id, event, data string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var frame floor.Frame
	if err := json.Unmarshal([]byte(data), &frame); err != nil {
		d.failed = fmt.Errorf("frame %s: %w", data, err)
		return
	}
	d.lastID = id
	if d.firstID == "" {
		d.firstID = id
	}
	switch event {
	case "snapshot":
		d.calls = map[string]floor.Call{}
		if frame.Desktop != nil {
			d.model = frame.Desktop.Agent
			d.show(frame.Desktop.Calls)
		}
	case "change":
		for _, a := range frame.Change.Agents {
			if a.ID == d.agent {
				d.model = a
			}
		}
		d.show(frame.Change.Calls)
		for _, id := range frame.Change.Gone {
			delete(d.calls, id.String())
			d.gone = append(d.gone, id.String())
		}
	case "reset":
		d.resets++
	}
}

func (d *agentDesktop) show(calls []floor.Call) {
	for _, c := range calls {
		d.calls[c.ConnID.String()] = c
		d.seen = append(d.seen, c)
	}
}

// eventually waits until the desktop shows something.
func (d *agentDesktop) eventually(shows func() error) error {
	return eventually(func() error {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.failed != nil {
			return d.failed
		}
		return shows()
	})
}
