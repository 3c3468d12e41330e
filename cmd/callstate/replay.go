package main

import (
	"bufio"
	"context"
	"fmt"
	"time"

	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections/audit"
	"github.com/spf13/cobra"
)

func newReplay(s *settings) *cobra.Command {
	var speed float64
	var step bool
	cmd := &cobra.Command{
		Use:   "replay CONNID",
		Short: "Tell a call's story on the terminal, one line an event",
		Long: `Tells a call's story, one line an event: the time since the call began, and what happened.
Without --speed all of it at once; with --speed 1 at the pace of the call, with --step line by line.`,
		Args: cobra.ExactArgs(1),
	}
	cmd.Flags().Float64Var(&speed, "speed", 0, "so many times faster than it happened (0: at once)")
	cmd.Flags().BoolVar(&step, "step", false, "wait for Enter before each line")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		id, err := parseConnID(args[0])
		if err != nil {
			return err
		}
		if speed < 0 {
			return usageError{fmt.Errorf("--speed is negative")}
		}
		store, err := readLog(s.data)
		if err != nil {
			return err
		}
		defer store.Close()
		keys := bufio.NewReader(cmd.InOrStdin())
		var story audit.Story
		var last time.Time
		told := 0
		for r, err := range store.ReadStream(cmd.Context(), wire.CallStream(id), 1) {
			if err != nil {
				return err
			}
			line, err := story.Tell(r)
			if err != nil {
				return err
			}
			if step && told > 0 {
				if _, err := keys.ReadString('\n'); err != nil {
					return nil // no more keys: the reader has seen enough
				}
			} else if speed > 0 && told > 0 && !pause(cmd.Context(), line.At.Sub(last), speed) {
				return nil
			}
			last = line.At
			if told == 0 {
				fmt.Fprintf(cmd.OutOrStdout(), "call %s, %s\n", id, line.At.UTC().Format("2006-01-02 15:04:05.000 MST"))
			}
			fmt.Fprintln(cmd.OutOrStdout(), printable(line.String()))
			told++
		}
		if told == 0 {
			return fmt.Errorf("there is no call %s", id)
		}
		return nil
	}
	return cmd
}

// pause waits as long as the time between two events took, divided by speed; false when the user ended it.
func pause(ctx context.Context, between time.Duration, speed float64) bool {
	timer := time.NewTimer(time.Duration(float64(max(between, 0)) / speed))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
