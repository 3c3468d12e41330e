package main

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/creack/pty"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/desktop"
	"github.com/callstate/callstate/adapters/switches/playback"
	"github.com/callstate/callstate/domain/eventlog"
)

// logged is what a program logs. It is written to from many goroutines.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// telephoneNumbers are all that stands in a log where a number that somebody calls, or is called by, does.
func telephoneNumbers(t *testing.T, log eventlog.Reader) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for r, err := range log.ReadAll(t.Context(), 0) {
		require.NoError(t, err)
		var body map[string]any
		require.NoError(t, json.Unmarshal(r.Data, &body))
		for _, key := range []string{"ani", "dnis", "dn", "dialed", "number", "target", "to", "destination"} {
			if number, ok := body[key].(string); ok && regexp.MustCompile(`\d{3}`).MatchString(number) {
				found[number] = true
			}
		}
	}
	return found
}

// The whole engine runs on what real switches said, desktops ask for this and that, some of it wrong, and nothing of it
// that is a telephone number is in what the program logs.
func TestNoNumberOfACallerIsLogged(t *testing.T) {
	t.Parallel()
	var says logged
	log := slog.New(slog.NewJSONHandler(&says, nil))
	n, err := openNode(t.Context(), place{data: t.TempDir()}, "127.0.0.1:0", admission{}, desktop.Settings{}, log, buses{}, nil)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var c config
	var played []*playback.Server
	for _, session := range []string{"01-answered-caller-hangs-up", "06-ring-no-answer", "09-attended-transfer", "13-outbound", "15-link-loss", "18-recording"} {
		fake, port := fakeSwitch(t, "asterisk/testdata/sessions/"+session+"/events.ami.gz", playback.ReadAMI)
		played = append(played, fake)
		c.Asterisk = append(c.Asterisk, asteriskConfig{Name: session, Host: "127.0.0.1", Port: port, User: "callstate", Secret: "s3cret"})
	}
	fake, port := fakeSwitch(t, "freeswitch/testdata/sessions/01-inbound-answer-caller-hangup/events.esl.gz", playback.ReadESL)
	played = append(played, fake)
	c.FreeSWITCH = []freeswitchConfig{{Name: "fs", Host: "127.0.0.1", Port: port, Password: "s3cret"}}
	links, err := c.links(n)
	require.NoError(t, err)
	for _, fake := range played {
		links = append(links, fake)
	}
	ended := make(chan error)
	go func() { ended <- n.run(ctx, links...) }()
	for _, fake := range played {
		<-fake.Done()
	}
	known := telephoneNumbers(t, n.log)
	require.Greater(t, len(known), 5, "%v", known)
	for number := range known {
		for _, path := range []string{"v1/agents/" + number, "v1/calls?ani=" + number, "v1/nothing/" + number, "v1/calls/" + number} {
			response, err := http.Get(n.address() + path)
			require.NoError(t, err)
			response.Body.Close()
		}
		for _, path := range []string{"v1/agents/" + number + "/ready", "v1/agents/" + number + "/calls", "v1/calls/" + number + "/hold"} {
			response, err := http.Post(n.address()+path, "application/json", strings.NewReader(`{"destination": "`+number+`"}`))
			require.NoError(t, err)
			response.Body.Close()
		}
	}
	stop()
	require.NoError(t, <-ended)
	assert.Contains(t, says.String(), "link is up")
	for number := range known {
		assert.NotRegexp(t, `(^|[^0-9])`+regexp.QuoteMeta(number)+`([^0-9]|$)`, says.String())
	}
}

// Text is for people, JSON for programs.
func TestALogIsTextOnATerminalAndJSONElsewhere(t *testing.T) {
	var elsewhere bytes.Buffer
	newLogger(&elsewhere).Info("something", "call", 1)
	assert.True(t, json.Valid(elsewhere.Bytes()), elsewhere.String())

	ours, theirs, err := pty.Open()
	require.NoError(t, err)
	defer ours.Close()
	defer theirs.Close()
	newLogger(theirs).Info("something", "call", 1)
	line := make([]byte, 200)
	read, err := ours.Read(line)
	require.NoError(t, err)
	assert.Contains(t, string(line[:read]), "level=INFO msg=something call=1")

	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	require.NoError(t, err)
	defer file.Close()
	newLogger(file).Info("something")
	text, err := os.ReadFile(file.Name())
	require.NoError(t, err)
	assert.True(t, json.Valid(text), "a file is no terminal")
}
