package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/bus/bustest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// crm receives webhooks. It may kill the engine when it has taken a message, before that is confirmed.
type crm struct {
	mu    sync.Mutex
	taken []string
	kill  func(taken int)
}

func (c *crm) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var event struct{ ID string }
	if err := json.NewDecoder(r.Body).Decode(&event); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.taken = append(c.taken, event.ID)
	if c.kill != nil {
		c.kill(len(c.taken))
	}
}

func (c *crm) setKill(kill func(taken int)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kill = kill
}

func (c *crm) ids() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string{}, c.taken...)
}

// nobody is an address at which nobody listens.
func nobody(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return listener.Addr().String()
}

// projection is how far a read model or a feed has come, as /v1/projections tells.
func (e *running) projection(t *testing.T, name string) (found struct {
	Name          string
	Position, Lag uint64
	Stopped       *struct{ Reason string }
}) {
	t.Helper()
	response, err := http.Get(e.page + "v1/projections")
	require.NoError(t, err)
	defer response.Body.Close()
	list := struct{ Projections []json.RawMessage }{}
	require.NoError(t, json.NewDecoder(response.Body).Decode(&list))
	for _, p := range list.Projections {
		require.NoError(t, json.Unmarshal(p, &found))
		if found.Name == name {
			return found
		}
	}
	require.Fail(t, "no such projection", name)
	return found
}

// The engine is killed, again and again, between the moment that the broker has a message and its confirmation.
func TestAnEngineThatIsKilledWhileItPublishesLosesNothing(t *testing.T) {
	t.Parallel()
	p, receiver := newProgram(t), &crm{}
	server := httptest.NewServer(receiver)
	defer server.Close()
	config := filepath.Join(t.TempDir(), "callstate.toml")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, `
[[simulator]]
name = "sim"
agents = 50
rate = 30
steady = true
[[bus]]
name = "crm"
kind = "webhook"
url = "%s/calls"
secret = "s3cret"
[[bus]]
name = "erp"
kind = "nats"
url = "nats://%s"
topic = "calls"
`, server.URL, nobody(t)), 0o600))
	for kill := range 4 {
		e := p.start(t, "serve", "--config", config)
		begun := len(receiver.ids())
		receiver.setKill(func(taken int) {
			if taken == begun+80+31*kill {
				_ = e.Process.Kill()
			}
		})
		_ = e.Wait()
	}
	receiver.setKill(nil)
	e, before := p.start(t, "serve", "--config", config), len(receiver.ids())
	e.waitReady(t) // although a broker is down
	require.Eventually(t, func() bool { return len(receiver.ids()) > before+200 }, time.Minute, 10*time.Millisecond)
	erp := e.projection(t, "bus-erp")
	assert.Zero(t, erp.Position)
	assert.Greater(t, erp.Lag, uint64(400), "the broker that is down is behind")
	assert.Nil(t, erp.Stopped, "and has not stopped")
	assert.Greater(t, e.projection(t, "bus-crm").Position, uint64(400))
	require.NoError(t, e.Process.Signal(syscall.SIGTERM))
	require.NoError(t, e.Wait(), "%s", e.stderr)

	out, errs, err := p.run("tail", "--no-follow")
	require.NoError(t, err, errs)
	var log []string
	for line := range strings.Lines(out) {
		var event struct{ ID string }
		require.NoError(t, json.Unmarshal([]byte(line), &event))
		log = append(log, event.ID)
	}
	received := receiver.ids()
	settled := bustest.Settled(t, received)
	assert.Greater(t, len(received), len(settled), "what was not confirmed was sent again")
	require.LessOrEqual(t, len(settled), len(log), "never ahead of the log")
	assert.Equal(t, log[:len(settled)], settled)
}
