package asterisk_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/switches/asterisk"
	"github.com/callstate/callstate/adapters/switches/connection/connectiontest"
	"github.com/callstate/callstate/adapters/switches/playback"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Over TCP, from a session played back: everything that the switch told, in order, with and without TLS.
func TestALinkOverTheNetwork(t *testing.T) {
	web := httptest.NewTLSServer(nil) // for its certificate
	defer web.Close()
	authorities := x509.NewCertPool()
	authorities.AddCert(web.Certificate())

	content := session(t, "06-ring-no-answer")
	recording, err := playback.ReadAMI(bytes.NewReader(content))
	require.NoError(t, err)
	var want []string
	all, err := frames(bytes.NewReader(content))
	require.NoError(t, err)
	for _, frame := range all {
		if b, err := asterisk.ParseBlock(frame.Raw); err == nil && b.Get("Timestamp") != "" {
			want = append(want, b.Event())
		}
	}

	for name, secured := range map[string]bool{"plain": false, "TLS": true} {
		t.Run(name, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			port := listener.Addr().(*net.TCPAddr).Port
			if secured {
				listener = tls.NewListener(listener, &tls.Config{Certificates: web.TLS.Certificates})
			}
			server, err := playback.NewServer(listener, recording, playback.Options{Speed: 1e6, Username: "callstate", Secret: "s3cret"})
			require.NoError(t, err)
			recorded := &connectiontest.Recorder{}
			link, err := asterisk.NewLink(asterisk.Config{
				Name: "pbx1", Host: "127.0.0.1", Port: port, Username: "callstate", Secret: "s3cret",
				TLS: secured, TLSConfig: &tls.Config{RootCAs: authorities},
			}, timestamped{}, recorded, nil)
			require.NoError(t, err)

			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 2)
			go func() { ended <- server.Run(ctx) }()
			go func() { ended <- link.Run(ctx) }()
			assert.Eventually(t, func() bool { return len(recorded.All()) == len(want) }, 10*time.Second, time.Millisecond)
			cancel()
			assert.NoError(t, <-ended)
			assert.NoError(t, <-ended)
			assert.Equal(t, want, recorded.All())
		})
	}
}

// timestamped tells of live events only.
type timestamped struct{ told }

func (timestamped) Resume([]call.State, time.Time)                  {}
func (timestamped) LinkUp(string, time.Time) []engine.Observation   { return nil }
func (timestamped) LinkDown(string, time.Time) []engine.Observation { return nil }
func (timestamped) Translate(b asterisk.Block, at time.Time) []engine.Observation {
	if b.Get("Timestamp") == "" || b.Event() == "" {
		return nil
	}
	return told{}.Translate(b, at)
}

func TestASwitchWithAWrongCertificateIsNotTalkedTo(t *testing.T) {
	web := httptest.NewTLSServer(nil)
	defer web.Close()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: web.TLS.Certificates})
	require.NoError(t, err)
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go conn.Read(make([]byte, 1))
		}
	}()
	link, err := asterisk.NewLink(asterisk.Config{
		Name: "pbx1", Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, Username: "u", Secret: "s", TLS: true,
	}, told{}, &connectiontest.Recorder{}, nil)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- link.Run(ctx) }()
	assert.Eventually(t, func() bool { return link.Stats().LastError != "" }, 10*time.Second, time.Millisecond)
	assert.Contains(t, link.Stats().LastError, "certificate")
	cancel()
	assert.NoError(t, <-ended)
}
