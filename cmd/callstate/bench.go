package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
)

func newBench() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure what this machine can do",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newBenchDesktops())
	for _, each := range cmd.Commands() {
		each.Args = usageArgs(each.Args)
	}
	return cmd
}

func newBenchDesktops() *cobra.Command {
	load := desktopLoad{}
	cmd := &cobra.Command{
		Use:   "desktops",
		Short: "Many desktops on one engine: how soon an event is with its agent",
		Long: `Runs a whole engine on a log of its own in a temporary folder, with a simulated contact centre that
has so many events a second, and a desktop for each agent over HTTP on this machine. Measures from the
begin of an append to the frame at the desktop. Some desktops stop reading until they are cut, and come
back. At the end every desktop must have, by the hash of its state, what the engine has.

Each desktop takes two open files (ulimit -n).`,
		Args:    cobra.NoArgs,
		Example: "  callstate bench desktops --desktops 5000 --rate 2000 --for 30s",
	}
	cmd.Flags().IntVar(&load.Desktops, "desktops", 5000, "how many agents, each with a desktop")
	cmd.Flags().IntVar(&load.Rate, "rate", 2000, "events a second")
	cmd.Flags().DurationVar(&load.For, "for", 30*time.Second, "for how long")
	cmd.Flags().IntVar(&load.Slow, "slow", 10, "percent of the desktops that stop reading")
	as := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := load.validate(); err != nil {
			return usageError{err}
		}
		folder, err := os.MkdirTemp("", "callstate-bench-")
		if err != nil {
			return err
		}
		report, err := load.run(cmd.Context(), folder)
		if err := errors.Join(err, os.RemoveAll(folder)); err != nil {
			return err
		}
		if *as == asJSON {
			return printJSON(cmd.OutOrStdout(), report)
		}
		return table(cmd.OutOrStdout(), report.rows())
	}
	return cmd
}

// desktopReport is what was measured. Times are milliseconds.
type desktopReport struct {
	Desktops   int     `json:"desktops"`
	Slow       int     `json:"slow"`
	EventsRate float64 `json:"eventsPerSecond"`
	FramesRate float64 `json:"framesPerSecond"`
	P50        float64 `json:"p50Ms"`
	P99        float64 `json:"p99Ms"`
	Longest    float64 `json:"longestMs"`
	AppendP50  float64 `json:"appendP50Ms"` // of that: until the event was durable
	AppendP99  float64 `json:"appendP99Ms"`
	MemoryKiB  float64 `json:"memoryKiBPerDesktop"`
	Cut        int     `json:"cut"`
	CameBack   int     `json:"cameBackWhole"`
	Wrong      int     `json:"wrong"` // fast ones that do not have, at the end, what the engine has
}

func (r desktopReport) rows() [][]string {
	ms := func(f float64) string { return fmt.Sprintf("%.1f ms", f) }
	return [][]string{
		{"MEASURED", ""},
		{"desktops", fmt.Sprintf("%d, %d of them slow", r.Desktops, r.Slow)},
		{"events a second", fmt.Sprintf("%.0f", r.EventsRate)},
		{"frames a second", fmt.Sprintf("%.0f", r.FramesRate)},
		{"append to frame", fmt.Sprintf("p50 %s, p99 %s, longest %s", ms(r.P50), ms(r.P99), ms(r.Longest))},
		{"of that the append", fmt.Sprintf("p50 %s, p99 %s", ms(r.AppendP50), ms(r.AppendP99))},
		{"memory of a desktop", fmt.Sprintf("%.0f KiB, both ends", r.MemoryKiB)},
		{"slow ones", fmt.Sprintf("%d cut, %d came back whole", r.Cut, r.CameBack)},
		{"wrong or starved", fmt.Sprint(r.Wrong)},
	}
}
