package kurrentdb_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/callstate/callstate/adapters/store/kurrentdb"
	"github.com/callstate/callstate/adapters/store/kurrentdb/kurrentdbtest"
	"github.com/callstate/callstate/domain/eventlog"
)

// events makes n events of a stream that follow a revision.
func events(n int) []eventlog.Event {
	made := make([]eventlog.Event, n)
	for i := range made {
		made[i] = eventlog.Event{ID: uuid.New(), Type: "NoteAdded", Version: 1, Data: fmt.Appendf(nil, `{"n":%d}`, i)}
	}
	return made
}

func appendTo(store eventlog.Appender, ctx context.Context, stream eventlog.Stream, at eventlog.Revision, events ...eventlog.Event) error {
	return store.Append(ctx, []eventlog.StreamAppend{{Stream: stream, Expected: eventlog.At(at), Events: events}})
}

func ids[T eventlog.Record | eventlog.Event](all []T) []uuid.UUID {
	var found []uuid.UUID
	for _, each := range all {
		switch e := any(each).(type) {
		case eventlog.Record:
			found = append(found, e.ID)
		case eventlog.Event:
			found = append(found, e.ID)
		}
	}
	return found
}

// requireStream checks what a stream has, in a store that has nothing else.
func requireStream(t *testing.T, store eventlog.Reader, stream eventlog.Stream, want []eventlog.Event) {
	t.Helper()
	var fromStream, fromLog []eventlog.Record
	for record, err := range store.ReadStream(t.Context(), stream, 0) {
		require.NoError(t, err)
		fromStream = append(fromStream, record)
	}
	for record, err := range store.ReadAll(t.Context(), 0) {
		require.NoError(t, err)
		fromLog = append(fromLog, record)
	}
	require.Equal(t, ids(want), ids(fromStream))
	require.Equal(t, ids(want), ids(fromLog))
}

// once calls do the first time that it is called.
func once(do func() error) func(string) error {
	var called atomic.Bool
	return func(string) error {
		if called.Swap(true) {
			return nil
		}
		return do()
	}
}

// A server that is gone for a while, before or after it has written: the append succeeds, and is written once.
func TestAnAppendOutlivesItsServer(t *testing.T) {
	gone := status.Error(codes.Unavailable, "gone")
	cases := map[string]func(server *kurrentdbtest.Server) kurrentdbtest.Faults{
		"an error before it is written": func(*kurrentdbtest.Server) kurrentdbtest.Faults {
			return kurrentdbtest.Faults{BeforeAppend: once(func() error { return gone })}
		},
		"an error after it is written": func(*kurrentdbtest.Server) kurrentdbtest.Faults {
			return kurrentdbtest.Faults{AfterAppend: once(func() error { return gone })}
		},
		"too late, but written": func(*kurrentdbtest.Server) kurrentdbtest.Faults {
			return kurrentdbtest.Faults{AfterAppend: once(func() error { return status.Error(codes.DeadlineExceeded, "too late") })}
		},
		"the server stops before it is written": func(server *kurrentdbtest.Server) kurrentdbtest.Faults {
			return kurrentdbtest.Faults{BeforeAppend: once(func() error { return restart(server) })}
		},
		"the server stops after it is written": func(server *kurrentdbtest.Server) kurrentdbtest.Faults {
			return kurrentdbtest.Faults{AfterAppend: once(func() error { return restart(server) })}
		},
	}
	for name, faults := range cases {
		t.Run(name, func(t *testing.T) {
			server := start(t, kurrentdbtest.Options{})
			store, all := open(t, server.URL()), events(5)
			require.NoError(t, appendTo(store, t.Context(), "call-1", 0, all[:2]...))
			server.SetFaults(faults(server))
			require.NoError(t, appendTo(store, t.Context(), "call-1", 2, all[2:]...))
			requireStream(t, store, "call-1", all)
			require.NoError(t, store.Waiting())
		})
	}
}

// restart ends the server in the middle of a call, and starts it again a little later.
func restart(server *kurrentdbtest.Server) error {
	server.Stop()
	go func() {
		time.Sleep(150 * time.Millisecond) // an outage that the client notices
		if err := server.Start(); err != nil {
			panic(err) // its address is its own
		}
	}()
	return status.Error(codes.Unavailable, "stopped")
}

func TestAnAppendThatIsTooLateIsRepeated(t *testing.T) {
	server := start(t, kurrentdbtest.Options{})
	store, all := open(t, server.URL()+"&defaultDeadline=200"), events(1)
	release := make(chan struct{})
	server.SetFaults(kurrentdbtest.Faults{AfterAppend: once(func() error {
		<-release
		return nil
	})})
	require.NoError(t, appendTo(store, t.Context(), "call-1", 0, all...))
	close(release)
	requireStream(t, store, "call-1", all)
}

// Of several streams in one call some are written and some not, and the server goes: all are written in the end, once.
func TestAPartialFailureIsRepeated(t *testing.T) {
	server := start(t, kurrentdbtest.Options{})
	store := open(t, server.URL())
	var calls atomic.Int32
	server.SetFaults(kurrentdbtest.Faults{
		BeforeAppend: func(string) error {
			if calls.Add(1) == 7 {
				return restart(server)
			}
			return nil
		},
	})
	var appends []eventlog.StreamAppend
	want := map[eventlog.Stream]int{}
	for i := range 40 {
		stream := eventlog.Stream(fmt.Sprintf("call-%d", i))
		appends = append(appends, eventlog.StreamAppend{Stream: stream, Events: events(1 + i%3)})
		want[stream] = 1 + i%3
	}
	require.NoError(t, store.Append(t.Context(), appends))
	have := map[eventlog.Stream]int{}
	for record, err := range store.ReadAll(t.Context(), 0) {
		require.NoError(t, err)
		have[record.Stream]++
	}
	require.Equal(t, want, have)
}

// Nobody can say of an append that expects nothing whether it was written, so it is not written again.
func TestAnAppendThatExpectsNothingIsNotRepeated(t *testing.T) {
	server := start(t, kurrentdbtest.Options{})
	store, all := open(t, server.URL()), events(1)
	server.SetFaults(kurrentdbtest.Faults{AfterAppend: once(func() error { return status.Error(codes.Unavailable, "gone") })})
	err := store.Append(t.Context(), []eventlog.StreamAppend{{Stream: "call-1", Expected: eventlog.Any(), Events: all}})
	require.ErrorContains(t, err, "append without an expected revision")
	requireStream(t, store, "call-1", all)
}

// While no server answers, calls wait as long as their context lives, and the store says so.
func TestCallsWaitForTheServerAsLongAsTheirContextLives(t *testing.T) {
	server := start(t, kurrentdbtest.Options{})
	store, all := open(t, server.URL()), events(1)
	require.NoError(t, appendTo(store, t.Context(), "call-1", 0, all...))
	server.Stop()

	impatient, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, appendTo(store, impatient, "call-2", 0, events(1)...), context.DeadlineExceeded)
	for _, err := range store.ReadAll(impatient, 0) {
		require.ErrorIs(t, err, context.DeadlineExceeded)
	}
	patient := make(chan error)
	go func() { patient <- appendTo(store, t.Context(), "call-1", 1, events(1)...) }()
	require.Eventually(t, func() bool { return store.Waiting() != nil }, 10*time.Second, time.Millisecond)
	require.ErrorContains(t, store.Waiting(), "does not answer")

	require.NoError(t, server.Start())
	require.NoError(t, <-patient)
	require.Eventually(t, func() bool { return store.Waiting() == nil }, 10*time.Second, time.Millisecond)
}

func TestCloseDoesNotWaitForAServerThatIsGone(t *testing.T) {
	server := start(t, kurrentdbtest.Options{})
	store, err := kurrentdb.Open(t.Context(), server.URL(), kurrentdb.Options{})
	require.NoError(t, err)
	server.Stop()
	ended := make(chan error)
	go func() {
		for _, err := range store.Subscribe(t.Context(), 0) {
			ended <- err
		}
	}()
	require.Eventually(t, func() bool { return store.Waiting() != nil }, 10*time.Second, time.Millisecond)
	require.NoError(t, store.Close())
	require.ErrorIs(t, <-ended, eventlog.ErrClosed)
	require.NoError(t, server.Start()) // so that the connection that is left behind finds its end
}

// Reads and subscriptions that are cut off go on behind what they have handed over.
func TestAReadThatIsCutOffGoesOn(t *testing.T) {
	const there = 500
	kinds := map[string]func(ctx context.Context, store *kurrentdb.Store) func(func(eventlog.Record, error) bool){
		"stream": func(ctx context.Context, s *kurrentdb.Store) func(func(eventlog.Record, error) bool) {
			return s.ReadStream(ctx, "call-1", 0)
		},
		"log": func(ctx context.Context, s *kurrentdb.Store) func(func(eventlog.Record, error) bool) {
			return s.ReadAll(ctx, 0)
		},
		"subscription": func(ctx context.Context, s *kurrentdb.Store) func(func(eventlog.Record, error) bool) {
			return s.Subscribe(ctx, 0)
		},
	}
	for kind, read := range kinds {
		for how, faults := range map[string]func(*kurrentdbtest.Server) kurrentdbtest.Faults{
			"every 97 events": func(*kurrentdbtest.Server) kurrentdbtest.Faults {
				return kurrentdbtest.Faults{BeforeSend: func(_ string, sent int) error {
					if sent == 97 {
						return status.Error(codes.Unavailable, "cut off")
					}
					return nil
				}}
			},
			"and told again what it had": func(*kurrentdbtest.Server) kurrentdbtest.Faults {
				return kurrentdbtest.Faults{Rewind: 20, BeforeSend: func(_ string, sent int) error {
					if sent == 97 {
						return status.Error(codes.Internal, "cut off")
					}
					return nil
				}}
			},
			"by the end of the server": func(server *kurrentdbtest.Server) kurrentdbtest.Faults {
				cut := once(func() error { return restart(server) })
				return kurrentdbtest.Faults{BeforeSend: func(stream string, sent int) error {
					if sent == 50 {
						return cut(stream)
					}
					return nil
				}}
			},
		} {
			t.Run(kind+" is cut off "+how, func(t *testing.T) {
				server := start(t, kurrentdbtest.Options{})
				store, all := open(t, server.URL()), events(there)
				for from := 0; from < there; from += 50 {
					require.NoError(t, appendTo(store, t.Context(), "call-1", eventlog.Revision(from), all[from:from+50]...))
				}
				server.SetFaults(faults(server))
				var seen []eventlog.Record
				for record, err := range read(t.Context(), store) {
					require.NoError(t, err)
					if seen = append(seen, record); len(seen) == there {
						break
					}
				}
				require.Equal(t, ids(all), ids(seen))
			})
		}
	}
}

// A subscription lives through the end of its server, and has what was written by others meanwhile.
func TestASubscriptionOutlivesItsServer(t *testing.T) {
	server := start(t, kurrentdbtest.Options{})
	store, all := open(t, server.URL()), events(60)
	seen := make(chan eventlog.Record)
	go func() {
		defer close(seen)
		for record, err := range store.Subscribe(t.Context(), 0) {
			if err != nil {
				return // the test is over
			}
			seen <- record
		}
	}()
	var got []eventlog.Record
	for round := range 6 {
		from := round * 10
		require.NoError(t, appendTo(store, t.Context(), "call-1", eventlog.Revision(from), all[from:from+10]...))
		if round%2 == 1 {
			server.Stop()
			require.NoError(t, server.Start())
		}
		for range 10 {
			got = append(got, <-seen)
		}
	}
	require.Equal(t, ids(all), ids(got))
}

// In a cluster the client goes to the leader, also to a new one.
func TestAnotherNodeBecomesTheLeader(t *testing.T) {
	nodes, err := kurrentdbtest.StartCluster(3, kurrentdbtest.Options{})
	require.NoError(t, err)
	for _, node := range nodes {
		t.Cleanup(node.Stop)
	}
	store := open(t, fmt.Sprintf("esdb://%s,%s,%s?tls=false", nodes[2].Address(), nodes[1].Address(), nodes[0].Address()))
	all := events(8)
	require.NoError(t, appendTo(store, t.Context(), "call-1", 0, all[:2]...))

	nodes[1].Lead() // the old one lives on: it sends its clients away
	require.NoError(t, appendTo(store, t.Context(), "call-1", 2, all[2:4]...))

	nodes[2].Lead()
	requireStream(t, store, "call-1", all[:4])

	nodes[0].Lead() // and the old one dies
	nodes[2].Stop()
	require.NoError(t, appendTo(store, t.Context(), "call-1", 4, all[4:]...))
	requireStream(t, store, "call-1", all)
}

// What the server does not take is told, and not tried for ever.
func TestAnAppendThatTheServerRefusesFails(t *testing.T) {
	server := start(t, kurrentdbtest.Options{MaxAppendSize: 1 << 20})
	store, large := open(t, server.URL()), events(6)
	for i := range large {
		large[i].Data = append(append([]byte(`"`), make([]byte, eventlog.MaxData-2)...), '"')
	}
	require.Error(t, appendTo(store, t.Context(), "call-1", 0, large...))
	requireStream(t, store, "call-1", nil)
}

func TestNamesOfTheDatabaseAreInvalid(t *testing.T) {
	store := open(t, start(t, kurrentdbtest.Options{}).URL())
	require.ErrorIs(t, appendTo(store, t.Context(), "$call-1", 0, events(1)...), eventlog.ErrInvalid)
	own := events(1)
	own[0].Type = "$metadata"
	require.ErrorIs(t, appendTo(store, t.Context(), "call-1", 0, own...), eventlog.ErrInvalid)
}

func TestOpenFailsWhenNobodyAnswers(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	_, err = kurrentdb.Open(t.Context(), "esdb://"+address+"?tls=false&maxDiscoverAttempts=2", kurrentdb.Options{})
	require.ErrorContains(t, err, address)
}

func TestConnectionStringsAreChecked(t *testing.T) {
	for connection, want := range map[string]string{
		"http://localhost:2113":                      "begins with esdb://",
		"esdb://localhost:2113?tsl=false":            `unknown setting "tsl"`,
		"esdb://localhost:2113?defaultDeadline=soon": "defaultDeadline",
		"esdb://admin:top-secret@localhost:x":        "connection string",
		"esdb://localhost:2113?tls=perhaps":          "tls",
	} {
		_, err := kurrentdb.Open(t.Context(), connection, kurrentdb.Options{})
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "top-secret")
	}
}

// A position in the log that is the first to be read is given by the one before it.
func TestBeforeIsWhereToBeginForARecord(t *testing.T) {
	store, all := open(t, start(t, kurrentdbtest.Options{}).URL()), events(20)
	for i, e := range all {
		require.NoError(t, appendTo(store, t.Context(), "call-1", eventlog.Revision(i), e))
	}
	i := 0
	for record, err := range store.ReadAll(t.Context(), 0) {
		require.NoError(t, err)
		before, err := store.Before(t.Context(), record.Position)
		require.NoError(t, err)
		for first, err := range store.ReadAll(t.Context(), before) {
			require.NoError(t, err)
			require.Equal(t, all[i].ID, first.ID)
			break
		}
		i++
	}
	require.Equal(t, len(all), i)
}

// The password goes over TLS only, to a server whose certificate is known.
func TestTLSAndCredentials(t *testing.T) {
	certificate, authority := selfSigned(t)
	server := start(t, kurrentdbtest.Options{
		TLS: &tls.Config{Certificates: []tls.Certificate{certificate}}, User: "callstate", Password: "p@ss/word",
	})
	connection, err := kurrentdb.WithCredentials("esdb://"+server.Address()+"?tlsCaFile="+authority, "callstate", "p@ss/word")
	require.NoError(t, err)
	require.Equal(t, server.Address(), kurrentdb.Nodes(connection))
	store, all := open(t, connection), events(3)
	require.NoError(t, appendTo(store, t.Context(), "call-1", 0, all...))
	requireStream(t, store, "call-1", all)

	wrong, err := kurrentdb.WithCredentials("esdb://"+server.Address()+"?tlsCaFile="+authority, "callstate", "guess")
	require.NoError(t, err)
	require.ErrorContains(t, appendTo(open(t, wrong), t.Context(), "call-1", 3, events(1)...), "authentication")

	_, err = kurrentdb.Open(t.Context(), "esdb://"+server.Address()+"?maxDiscoverAttempts=1", kurrentdb.Options{})
	require.ErrorContains(t, err, "certificate")
}

// selfSigned is a certificate of this machine, and the file of who has signed it.
func selfSigned(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "ca.crt")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}
