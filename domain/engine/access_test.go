package engine_test

import (
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/store/memory"
	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/wire"
)

// Each look is an event, also of those who look at the same thing at the same moment.
func TestEveryLookIsRecorded(t *testing.T) {
	store := memory.New()
	e := engine.New(store, clock, nil)
	var looks sync.WaitGroup
	for range 8 {
		looks.Go(func() {
			assert.NoError(t, e.Viewed(t.Context(), "user:jane", access.CallReplayed{ConnID: connID(1), View: uuid.NewString()}))
		})
	}
	looks.Wait()
	seen := map[string]bool{}
	for r, err := range store.ReadAll(t.Context(), 0) {
		require.NoError(t, err)
		event, err := wire.DecodeAccess(r)
		require.NoError(t, err)
		assert.Equal(t, "user:jane", event.Actor)
		assert.Equal(t, clock(), event.At)
		assert.Equal(t, wire.AuditStream(event.Body.Subject()), r.Stream)
		seen[event.Body.(access.CallReplayed).View] = true
	}
	assert.Len(t, seen, 8)
}
