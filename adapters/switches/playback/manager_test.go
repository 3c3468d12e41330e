package playback_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callstate/callstate/adapters/switches/asterisk"
	"github.com/callstate/callstate/adapters/switches/connection/connectiontest"
	"github.com/callstate/callstate/adapters/switches/playback"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const theSampleCall = "01-answered-caller-hangs-up"

// stream is the recorded session of a scenario, unzipped.
func stream(t testing.TB, scenario string) []byte {
	t.Helper()
	return connectiontest.Recording(t, filepath.Join("..", "asterisk", "testdata", "sessions", scenario, "events.ami.gz"))
}

// ami writes a session: the banner, and blocks whose lines are separated by "|".
func ami(blocks ...string) []byte {
	text := "Asterisk Call Manager/11.0.0\r\n"
	for _, b := range blocks {
		text += strings.ReplaceAll(b, "|", "\r\n") + "\r\n\r\n"
	}
	return []byte(text)
}

// fakeSwitch is a server under test. It must be used within a synctest bubble: an hour passes in no time.
type fakeSwitch struct {
	*playback.Server
	listener *connectiontest.Listener
	began    time.Time
	stop     func()
}

func play(t *testing.T, session []byte, options playback.Options) *fakeSwitch {
	t.Helper()
	return playAs(t, playback.ReadAMI, session, options)
}

func playAs(t *testing.T, read func(io.Reader) (*playback.Recording, error), session []byte, options playback.Options) *fakeSwitch {
	t.Helper()
	recording, err := read(bytes.NewReader(session))
	require.NoError(t, err)
	s := &fakeSwitch{listener: connectiontest.NewListener(), began: time.Now()}
	s.Server, err = playback.NewServer(s.listener, recording, options)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	s.stop = func() {
		cancel()
		assert.NoError(t, <-ended)
	}
	return s
}

// manager is a client of the fake switch that reads all the time.
type manager struct {
	net.Conn
	began time.Time
	known int // what was heard up to the login, and is not looked at

	mu     sync.Mutex
	all    []heard
	banner string
	ended  bool
}

// heard is what came in after the login.
func (m *manager) heard() []heard {
	synctest.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.all[m.known:])
}

// closed: the switch has closed the connection.
func (m *manager) closed() bool {
	synctest.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ended
}

type heard struct {
	asterisk.Block
	after time.Duration // since the switch was started
}

func (s *fakeSwitch) connect(t *testing.T) *manager {
	t.Helper()
	conn, err := s.listener.Dial(t.Context(), "", "")
	require.NoError(t, err)
	m := &manager{Conn: conn, began: s.began}
	go m.listen()
	synctest.Wait()
	return m
}

func (m *manager) listen() {
	frames := asterisk.NewFrameReader(m.Conn)
	for {
		frame, err := frames.Next()
		b, parseErr := asterisk.ParseBlock(frame.Raw)
		m.mu.Lock()
		switch {
		case err != nil:
			m.ended = true
		case frame.Kind == asterisk.FrameBanner:
			m.banner = frame.Version()
		case parseErr == nil:
			m.all = append(m.all, heard{b, time.Since(m.began)})
		}
		m.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// ask sends an action, its lines separated by "|", and returns what comes at once.
func (m *manager) ask(t *testing.T, action string) []asterisk.Block {
	t.Helper()
	before := len(m.heard())
	_, err := m.Write([]byte(strings.ReplaceAll(action, "|", "\r\n") + "\r\n\r\n"))
	require.NoError(t, err)
	var answers []asterisk.Block
	for _, h := range m.heard()[before:] {
		answers = append(answers, h.Block)
	}
	return answers
}

func (m *manager) login(t *testing.T) *manager {
	t.Helper()
	answers := m.ask(t, "Action: Login|ActionID: 1|Username: demo|Secret: demo")
	require.NotEmpty(t, answers)
	require.Equal(t, "Authentication accepted", answers[0].Get("Message"))
	m.known = len(m.heard())
	return m
}

// text writes a block in one line.
func text(b asterisk.Block) string {
	var lines []string
	for _, h := range b.Headers() {
		lines = append(lines, h.Name+": "+h.Value)
	}
	return strings.Join(lines, "|")
}

func texts(blocks []asterisk.Block) []string {
	var all []string
	for _, b := range blocks {
		all = append(all, text(b))
	}
	return all
}

func events(heard []heard) []string {
	var all []string
	for _, h := range heard {
		all = append(all, h.after.String()+" "+h.Event())
	}
	return all
}

// texts are the blocks of that event, as text.
func (m *manager) texts(event string) []string {
	var all []string
	for _, h := range m.heard() {
		if event == "" || h.Event() == event {
			all = append(all, h.Get("Uniqueid"), text(h.Block))
		}
	}
	return all
}
