package main

import (
	"errors"
	"fmt"

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
	InUse    bool                   `json:"inUse"` // an engine runs there: it has verified its log, and nothing else was looked at
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

Where an engine runs on the data folder, the engine verifies its log; the rest needs an engine that
does not run, or a backup.`,
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
		return askEngine(cmd.Context(), at.data, "verify", nil, &v.Log)
	})
	return v, err
}

func (v *verdict) look(cmd *cobra.Command, at place, log *pebble.Store) error {
	ctx := cmd.Context()
	end, err := log.End(ctx)
	if err != nil {
		return err
	}
	bar := positionsOf(cmd.ErrOrStderr(), end, "log")
	v.Log, err = log.Verify(ctx, func(records uint64) { _ = bar.Set64(int64(records)) })
	bar.Finish()
	if err != nil {
		return err
	}
	bar = positionsOf(cmd.ErrOrStderr(), end, "calls")
	checked, err := verification.Log(ctx, log, reach(bar), func(f verification.Finding) { v.Findings = append(v.Findings, f) })
	bar.Finish()
	if err != nil {
		return err
	}
	v.Calls, v.Visits = checked.Calls, checked.Visits
	if is(at.historyFile()) {
		compared, differences, err := compareHistory(cmd, at, log)
		if ctx.Err() != nil {
			return err
		}
		v.Rows, v.History = compared.Rows, append(v.History, differences...)
		if err != nil {
			v.Unusable = append(v.Unusable, "history: "+err.Error())
		}
	}
	if is(at.pastFile()) {
		bar = positionsOf(cmd.ErrOrStderr(), end, "kept floors")
		v.Floors, err = past.Verify(ctx, at.pastFile(), log, reach(bar), func(f past.Finding) { v.Past = append(v.Past, f) })
		bar.Finish()
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
	if v.InUse {
		_, err := fmt.Fprintln(out, "an engine runs there: calls and read models were not compared")
		return err
	}
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
