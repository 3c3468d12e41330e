package history_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/callstate/callstate/projections"
	"github.com/callstate/callstate/projections/history"
	"github.com/callstate/callstate/projections/projectiontest"
)

// Which calls were abandoned, and after how long a wait.
func Example() {
	folder, err := os.MkdirTemp("", "history")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	s := queued().leaves(17, "sales", "abandoned", "").hangsUp(17.1, "caller")
	log := projectiontest.Log{Script: &s.Script}

	ctx := context.Background()
	h, err := history.Open(ctx, filepath.Join(folder, "history.db"), history.Options{Log: log})
	if err != nil {
		panic(err)
	}
	defer h.Close()
	if err := projections.CatchUp(ctx, log, h, nil); err != nil {
		panic(err)
	}
	records, err := h.Calls(ctx, history.Filter{Outcome: history.Abandoned})
	if err != nil {
		panic(err)
	}
	for _, r := range records {
		fmt.Println(r.ANI, r.Queues[0].Queue, r.Queues[0].WaitMs)
	}
	// Output: 2125550001 sales 7000
}
