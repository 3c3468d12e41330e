package main

import (
	"errors"
	"fmt"

	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections/history"
	"github.com/callstate/callstate/projections/verification"
	"github.com/spf13/cobra"
)

// verdict is what verify has found.
type verdict struct {
	OK      bool                   `json:"ok"`
	Records uint64                 `json:"records"`
	Streams uint64                 `json:"streams"`
	Calls   int                    `json:"calls"`
	Visits  int                    `json:"queueVisits"`
	Rows    int                    `json:"historyRows"`
	Damage  []string               `json:"damage"`   // of the log, as far as it can be read
	Log     []verification.Finding `json:"log"`      // what the log tells that cannot be
	History []history.Difference   `json:"history"`  // what the call records say otherwise than the log
	Broken  []string               `json:"unusable"` // read models that cannot be read
}

func newVerify(s *settings) *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check the log, the calls that it tells of, and the read models against it",
		Long: `Checks every record of the log and its index; folds every call and agent and checks what must be so:
every wait in a queue has one end, times add up, merges lead somewhere, every event has the id of its
contents; and makes the read models anew beside the stored ones and compares them row by row. Changes
nothing. Exit code 1 when something is wrong.`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().IntVar(&limit, "limit", 1000, "show so many findings of a kind at most (0: all)")
	as := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if limit < 0 {
			return usageError{errors.New("--limit is negative")}
		}
		v, err := verify(cmd, s.data)
		if err != nil {
			return err
		}
		wrong := len(v.Damage) + len(v.Log) + len(v.History) + len(v.Broken)
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

func verify(cmd *cobra.Command, data string) (verdict, error) {
	v := verdict{Damage: []string{}, Log: []verification.Finding{}, History: []history.Difference{}, Broken: []string{}}
	store, err := readLog(data)
	if errors.Is(err, eventlog.ErrDamaged) {
		v.Damage = append(v.Damage, err.Error())
		return v, nil // nothing to compare with
	}
	if err != nil {
		return v, err
	}
	defer store.Close()
	verified, err := store.Verify(cmd.Context())
	v.Records, v.Streams = verified.Records, verified.Streams
	if err != nil {
		if cmd.Context().Err() != nil {
			return v, err
		}
		v.Damage = append(v.Damage, err.Error())
	}
	end, err := store.End(cmd.Context())
	if err != nil {
		return v, err
	}
	bar := positionsOf(cmd.ErrOrStderr(), end, "log")
	checked, err := verification.Log(cmd.Context(), store, reach(bar), func(f verification.Finding) { v.Log = append(v.Log, f) })
	bar.Finish()
	v.Calls, v.Visits = checked.Calls, checked.Visits
	if err != nil {
		if cmd.Context().Err() != nil {
			return v, err
		}
		if len(v.Damage) == 0 {
			v.Damage = append(v.Damage, err.Error())
		}
		return v, nil // it cannot be read to its end: nothing to compare with
	}
	if !hasHistory(data) {
		return v, nil
	}
	compared, differences, err := compareHistory(cmd, data, store)
	v.Rows, v.History = compared.Rows, append(v.History, differences...)
	if err != nil {
		if cmd.Context().Err() != nil {
			return v, err
		}
		v.Broken = append(v.Broken, err.Error())
	}
	return v, nil
}

func printVerdict(cmd *cobra.Command, v verdict, limit int) error {
	out := cmd.OutOrStdout()
	for _, d := range v.Damage {
		fmt.Fprintln(out, "log: "+printable(d))
	}
	for i, f := range v.Log {
		if limit > 0 && i == limit {
			fmt.Fprintf(out, "and %d more\n", len(v.Log)-i)
			break
		}
		fmt.Fprintln(out, printable(f.String()))
	}
	for _, text := range v.Broken {
		fmt.Fprintln(out, "history: "+printable(text))
	}
	printDifferences(out, v.History, limit)
	_, err := fmt.Fprintf(out, "log: %d records in %d streams, %d calls, %d queue visits; history: %d rows compared\n",
		v.Records, v.Streams, v.Calls, v.Visits, v.Rows)
	if err == nil && v.OK {
		_, err = fmt.Fprintln(out, "everything agrees")
	}
	return err
}
