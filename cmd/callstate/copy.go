package main

import (
	"context"
	"fmt"
	"time"

	"github.com/callstate/callstate/adapters/store/kurrentdb"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/spf13/cobra"
)

func newCopy(*settings) *cobra.Command {
	var from, to string
	cmd := &cobra.Command{
		Use:   "copy --from LOG --to LOG",
		Short: "Copy an event log into another store, and compare",
		Long: `Copies an event log into another store: the same events, in the same order. A log is named by its
data folder or by the connection string of a KurrentDB. Afterwards what was copied is read back and
compared. A copy that was broken off is made again: it compares what is there, and goes on behind it.
No engine may write to either log meanwhile.`,
		Args:    cobra.NoArgs,
		Example: "  callstate copy --from callstate-data --to 'esdb://admin:changeit@kurrentdb.example:2113'",
	}
	cmd.Flags().StringVar(&from, "from", "", "data folder or connection string of the log to copy (required)")
	cmd.Flags().StringVar(&to, "to", "", "data folder or connection string of the copy (required)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		switch {
		case from == "":
			return usageError{fmt.Errorf("--from is missing")}
		case to == "":
			return usageError{fmt.Errorf("--to is missing")}
		case from == to:
			return usageError{fmt.Errorf("--from and --to are the same log")}
		}
		return copyLog(cmd, placeOf(from), placeOf(to))
	}
	return cmd
}

// placeOf is a log as it is named on the command line.
func placeOf(log string) place {
	if kurrentdb.IsConnection(log) {
		return place{store: log}
	}
	return place{data: log}
}

func copyLog(cmd *cobra.Command, from, to place) error {
	ctx := cmd.Context()
	source, err := from.readLog(ctx)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := to.copyTarget(ctx)
	if err != nil {
		return err
	}
	defer target.Close()
	records := -1 // unknown where positions have gaps
	if from.store == "" {
		end, err := source.End(ctx)
		if err != nil {
			return err
		}
		records = int(end)
	}
	bar := countOf(cmd.ErrOrStderr(), int64(records), "events")
	begun := time.Now()
	done, err := eventlog.Copy(ctx, source, target, func(c eventlog.Copied) { _ = bar.Set64(int64(c.There + c.New)) })
	_ = bar.Finish()
	if err != nil {
		return fmt.Errorf("%w (%d events were there, %d were copied)", err, done.There, done.New)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%d events were there, %d were copied in %s; both logs are the same\n",
		done.There, done.New, time.Since(begun).Round(time.Millisecond))
	return nil
}

// copyTarget opens the log that is written to. Its read models are made when an engine uses it.
func (p place) copyTarget(ctx context.Context) (eventLog, error) {
	if p.store != "" {
		return p.readLog(ctx)
	}
	return p.openLog(ctx, nil)
}
