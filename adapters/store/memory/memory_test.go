package memory_test

import (
	"testing"

	"github.com/callstate/callstate/adapters/store/memory"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/eventlog/eventlogtest"
)

func TestStore(t *testing.T) {
	eventlogtest.Run(t, eventlogtest.Suite{
		Open:     func(testing.TB, string) eventlog.Store { return memory.New() },
		Features: eventlogtest.Features{GapFreePositions: true, StreamReadsHavePositions: true},
	})
}
