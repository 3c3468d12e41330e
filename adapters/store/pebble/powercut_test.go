package pebble

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/domain/eventlog"
)

// TestPowerCut cuts the power of a simulated disk while appends go on: what was synced is there afterwards, of what was
// not only some blocks and files are. Every cut is an own copy of the disk, so the work goes on undisturbed.
func TestPowerCut(t *testing.T) {
	const appenders = 16
	for _, unsynced := range []int{0, 40, 80} {
		t.Run(fmt.Sprintf("%d %% of what was not synced survives", unsynced), func(t *testing.T) {
			t.Parallel()
			disk := vfs.NewCrashableMem()
			store, err := Open("log", Options{fs: disk})
			require.NoError(t, err)

			var mu sync.Mutex
			acknowledged := make(map[eventlog.Stream]eventlog.Revision)
			progress, stop := make(chan struct{}), make(chan struct{})
			var working sync.WaitGroup
			for i := range appenders {
				working.Go(func() {
					stream, revision := streamOf(i), eventlog.Revision(0)
					for {
						var err error
						if revision, err = appendSome(t.Context(), store, stream, revision); !assert.NoError(t, err) {
							return
						}
						mu.Lock()
						acknowledged[stream] = revision
						mu.Unlock()
						select {
						case progress <- struct{}{}:
						case <-stop:
							return
						}
					}
				})
			}
			for range 5 {
				for range 1 + rand.IntN(300) {
					<-progress
				}
				mu.Lock()
				before := maps.Clone(acknowledged)
				mu.Unlock()
				left := disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: unsynced, RNG: newRNG()})
				survivor, err := Open("log", Options{fs: left})
				require.NoError(t, err)
				requireSurvived(t, survivor, before)
				require.NoError(t, survivor.Close())
			}
			close(stop)
			working.Wait()
			require.NoError(t, store.Close())
		})
	}
}

func newRNG() *rand.Rand { return rand.New(rand.NewPCG(rand.Uint64(), 0)) }
