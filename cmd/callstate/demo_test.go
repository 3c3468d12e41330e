package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callstate/callstate/projections/floor"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// output can be read while a command writes it.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// The simulated contact centre lives through the whole engine: agents come, callers wait, ring and talk.
func TestDemoSimulates(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	out, said := &output{}, &output{}
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"demo", "--simulate", "--agents", "30", "--rate", "20", "--listen", "127.0.0.1:0", "--data", t.TempDir()}, strings.NewReader(""), out, said)
	}()
	page := regexp.MustCompile(`http://127\.0\.0\.1:\d+/`)
	var view floor.View
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		answer, err := http.Get(page.FindString(out.String()) + "v1/floor")
		if !assert.NoError(c, err) {
			return
		}
		defer answer.Body.Close()
		view = floor.View{}
		assert.NoError(c, json.NewDecoder(answer.Body).Decode(&view))
		assert.Greater(c, len(view.Calls), 20)
		assert.NotEmpty(c, view.Agents)
	}, 20*time.Second, 100*time.Millisecond)
	stop()
	require.Zero(t, <-ended, said.String())
	assert.Contains(t, out.String(), "a simulated contact centre of 30 agents")
}
