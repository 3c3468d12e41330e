package kurrentdb_test

import (
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/store/kurrentdb"
	"github.com/callstate/callstate/adapters/store/kurrentdb/kurrentdbtest"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/eventlog/eventlogtest"
)

// start starts a database for the time of a test.
func start(tb testing.TB, options kurrentdbtest.Options) *kurrentdbtest.Server {
	tb.Helper()
	server, err := kurrentdbtest.Start(options)
	require.NoError(tb, err)
	tb.Cleanup(server.Stop)
	return server
}

// open opens a store for the time of a test.
func open(tb testing.TB, connection string) *kurrentdb.Store {
	tb.Helper()
	store, err := kurrentdb.Open(tb.Context(), connection, kurrentdb.Options{})
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, store.Close()) })
	return store
}

// Each log of the suite is a database of its own, which outlives the store that is closed and opened again.
func TestStore(t *testing.T) {
	var mu sync.Mutex
	servers := map[string]*kurrentdbtest.Server{}
	eventlogtest.Run(t, eventlogtest.Suite{
		Open: func(tb testing.TB, dir string) eventlog.Store {
			mu.Lock()
			defer mu.Unlock()
			if servers[dir] == nil {
				servers[dir] = start(tb, kurrentdbtest.Options{})
			}
			return open(tb, servers[dir].URL())
		},
		Features: eventlogtest.Features{Persistent: true, OwnOrder: true},
	})
}

// The same on one database for all tests, in which another application writes as well.
func TestStoreAmongOthers(t *testing.T) {
	server := start(t, kurrentdbtest.Options{Others: true})
	eventlogtest.Run(t, eventlogtest.Suite{
		Open:     func(tb testing.TB, _ string) eventlog.Store { return open(tb, server.URL()) },
		Features: eventlogtest.Features{Persistent: true, OwnOrder: true, Shared: true},
	})
}

// The same on a real server, which may have other events too.
func TestStoreOnARealServer(t *testing.T) {
	connection := os.Getenv("CALLSTATE_KURRENTDB_URL")
	if connection == "" {
		t.Skip("CALLSTATE_KURRENTDB_URL is not set: there is no real server to test against")
	}
	eventlogtest.Run(t, eventlogtest.Suite{
		Open:     func(tb testing.TB, _ string) eventlog.Store { return open(tb, connection) },
		Features: eventlogtest.Features{Persistent: true, OwnOrder: true, Shared: true},
	})
}

// On the stand-in it measures the client and the stand-in, in memory; what a real server does, only a real one says.
func BenchmarkStore(b *testing.B) {
	connection := os.Getenv("CALLSTATE_KURRENTDB_URL")
	if connection == "" {
		connection = start(b, kurrentdbtest.Options{}).URL()
	}
	eventlogtest.Benchmark(b, eventlogtest.Suite{
		Open:     func(tb testing.TB, _ string) eventlog.Store { return open(tb, connection) },
		Features: eventlogtest.Features{Persistent: true, OwnOrder: true, Shared: true},
	})
}
