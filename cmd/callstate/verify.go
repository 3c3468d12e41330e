package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"

	"github.com/callstate/callstate/adapters/store/pebble"
	"github.com/callstate/callstate/projections/history"
	"github.com/callstate/callstate/projections/past"
	"github.com/callstate/callstate/projections/verification"
	"github.com/spf13/cobra"
)

// verdict is what verify has found. The lists are what is wrong.
type verdict struct {
	OK       bool                   `json:"ok"`
	Log      pebble.Verified        `json:"log"`
	InUse    bool                   `json:"inUse"` // an engine runs there
	Calls    int                    `json:"calls"`
	Visits   int                    `json:"queueVisits"`
	Rows     int                    `json:"historyRows"`
	Findings []verification.Finding `json:"findings"` // what the log tells that cannot be
	History  []history.Difference   `json:"history"`  // what the call records say otherwise than the log
	Floors   int                    `json:"keptFloors"`
	Past     []past.Finding         `json:"past"`     // kept floors that are not what the log tells
	Unusable []string               `json:"unusable"` // read models that cannot be read
}

func newVerify(s *settings) *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check the log, the calls that it tells of, and the read models against it",
		Long: `Reads every event and checks its checksum, that positions and revisions have no gaps, that the index
leads to every event and to nothing else, and that no id stands twice. Then folds every call and agent
and checks what must be so: every wait in a queue has one end, times add up, merges lead somewhere,
every event has the id of its contents. Last it makes the read models anew beside the stored ones and
compares them row by row. Changes nothing. Exit code 1 when something is wrong.

Where an engine runs on the data folder, it verifies its log, and the rest is looked at in a copy of
the log that takes no room, beside the engine: its read models are compared as they were when the
command began.`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().IntVar(&limit, "limit", 1000, "show so many findings of a kind at most (0: all)")
	as := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if limit < 0 {
			return usageError{errors.New("--limit is negative")}
		}
		v, err := verify(cmd, s.place)
		if err != nil {
			return err
		}
		wrong := len(v.Findings) + len(v.History) + len(v.Past) + len(v.Unusable)
		v.OK = wrong == 0
		if *as == asJSON {
			err = printJSON(cmd.OutOrStdout(), v)
		} else {
			err = printVerdict(cmd, v, limit)
		}
		if err == nil && wrong > 0 {
			err = fmt.Errorf("%d findings", wrong)
		}
		return err
	}
	return cmd
}

// verify verifies a data folder. The error is that it cannot, or that the log is damaged: then there is nothing to
// compare with.
func verify(cmd *cobra.Command, at place) (verdict, error) {
	v := verdict{Findings: []verification.Finding{}, History: []history.Difference{}, Past: []past.Finding{}, Unusable: []string{}}
	err := withLog(at, func(log *pebble.Store) error {
		return v.look(cmd, at, log)
	}, func() error {
		v.InUse = true
		return v.lookBeside(cmd, at)
	})
	return v, err
}

// look looks at a log and at the read models beside it.
func (v *verdict) look(cmd *cobra.Command, at place, log *pebble.Store) error {
	end, err := log.End(cmd.Context())
	if err != nil {
		return err
	}
	bar := positionsOf(cmd.ErrOrStderr(), end, "log")
	v.Log, err = log.Verify(cmd.Context(), func(records uint64) { _ = bar.Set64(int64(records)) })
	bar.Finish()
	if err != nil {
		return err
	}
	if v.Findings, err = v.story(cmd, log); err != nil {
		return err
	}
	stored, err := v.openHistory(cmd.Context(), at, history.OpenSnapshot)
	if err != nil {
		return err
	}
	defer stored.Close()
	return v.compare(cmd, at, stored, log)
}

// lookBeside looks at what an engine has that runs meanwhile. The engine verifies its log, and links a copy of it, with
// which a copy of the call records as they were just before is compared: the engine need not keep back what it writes
// meanwhile. What an engine tells event by event may be half told at the end of the log's copy: that is looked for again in
// a second one.
func (v *verdict) lookBeside(cmd *cobra.Command, at place) error {
	if err := askEngine(cmd.Context(), at.data, "verify", nil, &v.Log); err != nil {
		return err
	}
	if is(at.historyFile() + ".next") {
		return errors.New("the engine makes its call records anew; verify when it has: /readyz tells")
	}
	stored, err := v.openHistory(cmd.Context(), at, history.CopySnapshot)
	if err != nil {
		return err
	}
	defer stored.Close()
	err = withCopy(cmd.Context(), at, func(log *pebble.Store) (err error) {
		if v.Findings, err = v.story(cmd, log); err != nil {
			return err
		}
		return v.compare(cmd, at, stored, log)
	})
	if err != nil || len(v.Findings) == 0 {
		return err
	}
	return withCopy(cmd.Context(), at, func(log *pebble.Store) error {
		later, err := v.story(cmd, log)
		v.Findings = slices.DeleteFunc(v.Findings, func(f verification.Finding) bool { return !slices.Contains(later, f) })
		return err
	})
}

// withCopy does something with a copy of the log of the engine that runs on a data folder. The copy is of links, and is
// gone afterwards.
func withCopy(ctx context.Context, at place, do func(*pebble.Store) error) (err error) {
	folder, err := os.MkdirTemp(at.data, "verify-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	if folder, err = filepath.Abs(folder); err != nil { // the engine may be in another folder
		return err
	}
	var made backup
	if err := askEngine(ctx, at.data, "backup", url.Values{"to": {filepath.Join(folder, "copy")}}, &made); err != nil {
		return err
	}
	log, err := pebble.Open(logFolder(made.Folder), pebble.Options{})
	if err != nil {
		return err
	}
	return errors.Join(do(log), log.Close())
}

// story folds every call and agent, and returns what cannot be.
func (v *verdict) story(cmd *cobra.Command, log readableLog) ([]verification.Finding, error) {
	end, err := log.End(cmd.Context())
	if err != nil {
		return nil, err
	}
	bar := positionsOf(cmd.ErrOrStderr(), end, "calls")
	defer bar.Finish()
	findings := []verification.Finding{}
	checked, err := verification.Log(cmd.Context(), log, reach(bar), func(f verification.Finding) { findings = append(findings, f) })
	v.Calls, v.Visits = checked.Calls, checked.Visits
	return findings, err
}

// openHistory opens the call records as they are now; nil where there are none, or none that can be read.
func (v *verdict) openHistory(ctx context.Context, at place, open func(context.Context, string) (*history.Snapshot, error)) (*history.Snapshot, error) {
	if !is(at.historyFile()) {
		return nil, nil
	}
	stored, err := open(ctx, at.historyFile())
	if ctx.Err() != nil {
		return nil, err
	}
	if err != nil {
		v.Unusable = append(v.Unusable, "history: "+err.Error())
	}
	return stored, nil
}

// compare compares the read models with what a log tells. Where an engine runs, floors may have been kept since the copy.
func (v *verdict) compare(cmd *cobra.Command, at place, stored *history.Snapshot, log readableLog) error {
	ctx := cmd.Context()
	end, err := log.End(ctx)
	if err != nil {
		return err
	}
	if stored != nil {
		compared, differences, err := compareHistory(cmd, stored, log)
		if ctx.Err() != nil {
			return err
		}
		v.Rows, v.History = compared.Rows, append(v.History, differences...)
		if err != nil {
			v.Unusable = append(v.Unusable, "history: "+err.Error())
		}
	}
	if is(at.pastFile()) {
		bar := positionsOf(cmd.ErrOrStderr(), end, "kept floors")
		defer bar.Finish()
		v.Floors, err = past.Verify(ctx, at.pastFile(), log, reach(bar), func(f past.Finding) {
			if !v.InUse || f.Position <= end {
				v.Past = append(v.Past, f)
			}
		})
		if ctx.Err() != nil {
			return err
		}
		if err != nil {
			v.Unusable = append(v.Unusable, err.Error())
		}
	}
	return nil
}

func printVerdict(cmd *cobra.Command, v verdict, limit int) error {
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "the log is whole: %d events in %d streams\n", v.Log.Records, v.Log.Streams)
	for i, f := range v.Findings {
		if limit > 0 && i == limit {
			fmt.Fprintf(out, "and %d more\n", len(v.Findings)-i)
			break
		}
		fmt.Fprintln(out, printable(f.String()))
	}
	for _, text := range v.Unusable {
		fmt.Fprintln(out, printable(text))
	}
	for i, f := range v.Past {
		if limit > 0 && i == limit {
			fmt.Fprintf(out, "and %d more\n", len(v.Past)-i)
			break
		}
		fmt.Fprintln(out, f)
	}
	printDifferences(out, v.History, limit)
	_, err := fmt.Fprintf(out, "%d calls and %d queue visits folded, %d rows of the history and %d kept floors compared\n", v.Calls, v.Visits, v.Rows, v.Floors)
	if err == nil && v.OK {
		_, err = fmt.Fprintln(out, "everything agrees")
	}
	return err
}
