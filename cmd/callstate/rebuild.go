package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections"
	"github.com/callstate/callstate/projections/history"
	"github.com/callstate/callstate/projections/past"
	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
)

func newRebuild(s *settings) *cobra.Command {
	var dryRun, diff bool
	var limit int
	cmd := &cobra.Command{
		Use:   "rebuild",
		Short: "Make all read models anew from the log, and put them in the place of the old ones",
		Long: `Makes all read models anew from the log beside the old ones, which can be read meanwhile, and puts
them in their place. With --dry-run nothing is changed; with --dry-run --diff it is shown, call by
call, what today's program tells differently of past calls than what is stored.`,
		Args: cobra.NoArgs,
		Example: `  callstate rebuild
  callstate rebuild --dry-run --diff --format json`,
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "change nothing")
	cmd.Flags().BoolVar(&diff, "diff", false, "with --dry-run: show what would be different")
	cmd.Flags().IntVar(&limit, "limit", 1000, "show so many differences at most (0: all)")
	as := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		switch {
		case diff && !dryRun:
			return usageError{errors.New("--diff needs --dry-run")}
		case limit < 0:
			return usageError{errors.New("--limit is negative")}
		}
		open := s.readLog
		if s.store != "" {
			open = func(ctx context.Context) (eventLog, error) { return s.openLog(ctx, nil) } // keeps engines from the read models
		}
		store, err := open(cmd.Context())
		if err != nil {
			return err
		}
		defer store.Close()
		if dryRun {
			return shadowReplay(cmd, s.place, store, limit, *as)
		}
		begun := time.Now()
		events, err := rebuild(cmd, s.place, store)
		if err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "history and kept floors rebuilt from %d events in %s\n", events, time.Since(begun).Round(time.Millisecond))
		return nil
	}
	return cmd
}

// readableLog is a log that can be read to a known end.
type readableLog interface {
	eventlog.Reader
	eventlog.Ends
}

// counted is a log that counts the events that are read of it.
type counted struct {
	eventlog.Reader
	events int
}

func (c *counted) ReadAll(ctx context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		for r, err := range c.Reader.ReadAll(ctx, after) {
			if err == nil {
				c.events++
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// rebuild makes the read models anew, and returns of how many events.
func rebuild(cmd *cobra.Command, at place, log readableLog) (int, error) {
	end, err := log.End(cmd.Context())
	if err != nil {
		return 0, err
	}
	records, err := history.Open(cmd.Context(), at.historyFile(), history.Options{Log: log, Anew: true})
	if err != nil {
		return 0, err
	}
	defer records.Close()
	bar := positionsOf(cmd.ErrOrStderr(), end, "history")
	defer bar.Finish()
	if err := projections.CatchUp(cmd.Context(), projections.UpTo(log, end), records, reach(bar)); err != nil {
		return 0, err
	}
	kept, err := past.Open(cmd.Context(), at.pastFile(), past.Options{Log: log, Anew: true})
	if err != nil {
		return 0, err
	}
	defer kept.Close()
	floors := positionsOf(cmd.ErrOrStderr(), end, "kept floors")
	defer floors.Finish()
	all := &counted{Reader: log}
	err = projections.CatchUp(cmd.Context(), projections.UpTo(all, end), kept, reach(floors))
	return all.events, err
}

// shadowReplay shows what the present code tells otherwise than what is stored.
func shadowReplay(cmd *cobra.Command, at place, log readableLog, limit int, as format) error {
	if !is(at.historyFile()) {
		return fmt.Errorf("there are no read models in %s yet: callstate rebuild makes them", at.readModels())
	}
	stored, err := history.OpenSnapshot(cmd.Context(), at.historyFile())
	if err != nil {
		return err
	}
	defer stored.Close()
	compared, differences, err := compareHistory(cmd, stored, log)
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	if as == asJSON {
		if limit > 0 && len(differences) > limit {
			differences = differences[:limit]
		}
		return printJSON(out, append([]history.Difference{}, differences...))
	}
	printDifferences(out, differences, limit)
	if compared.Version != history.Version {
		fmt.Fprintf(out, "what is stored is of version %d, this program makes version %d: only what both have was compared\n", compared.Version, history.Version)
	}
	_, err = fmt.Fprintf(out, "history up to position %d: %d rows compared, %d differences in %d calls or agents\n",
		compared.Position, compared.Rows, len(differences), subjects(differences))
	return err
}

// compareHistory compares the stored call records with rebuilt ones; the differences are in the order of calls.
func compareHistory(cmd *cobra.Command, stored *history.Snapshot, log readableLog) (history.Comparison, []history.Difference, error) {
	end, err := log.End(cmd.Context())
	if err != nil {
		return history.Comparison{}, nil, err
	}
	bar := positionsOf(cmd.ErrOrStderr(), end, "history")
	defer bar.Finish()
	var differences []history.Difference
	compared, err := stored.Compare(cmd.Context(), log, reach(bar), func(d history.Difference) {
		differences = append(differences, d)
	})
	if err == nil && compared.Position > end {
		differences = append(differences, history.Difference{Table: "checkpoint", Column: "position", Stored: uint64(compared.Position), Rebuilt: uint64(end)})
	}
	slices.SortStableFunc(differences, func(a, b history.Difference) int { return strings.Compare(a.Of, b.Of) })
	return compared, differences, err
}

func printDifferences(w io.Writer, differences []history.Difference, limit int) {
	shown, of := 0, ""
	for _, d := range differences {
		if limit > 0 && shown == limit {
			fmt.Fprintf(w, "and %d more\n", len(differences)-shown)
			return
		}
		if d.Of != of {
			of = d.Of
			fmt.Fprintln(w, printable(of))
		}
		fmt.Fprintln(w, "  "+printable(d.String()))
		shown++
	}
}

func subjects(differences []history.Difference) int {
	of := map[string]bool{}
	for _, d := range differences {
		of[d.Of] = true
	}
	return len(of)
}

// positionsOf is a progress bar over the positions of a log, shown on a terminal only.
func positionsOf(w io.Writer, end eventlog.Position, what string) *progressbar.ProgressBar {
	f, ok := w.(*os.File)
	return progressbar.NewOptions64(int64(end), progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(what), progressbar.OptionShowCount(),
		progressbar.OptionShowIts(), progressbar.OptionSetItsString("events"), progressbar.OptionClearOnFinish(),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetVisibility(ok && isatty.IsTerminal(f.Fd())))
}

// reach moves a bar to a position.
func reach(bar *progressbar.ProgressBar) func(eventlog.Position) {
	return func(p eventlog.Position) { _ = bar.Set64(int64(p)) } // a bar that cannot be drawn is not worth a word
}

// catchUp brings the call records to the end of the log, with a bar where it takes long.
func catchUp(ctx context.Context, log readableLog, records *history.History) error {
	end, err := log.End(ctx)
	if err != nil {
		return err
	}
	bar := positionsOf(os.Stderr, end, "bringing the call records up to date")
	defer bar.Finish()
	return projections.CatchUp(ctx, log, records, reach(bar))
}
