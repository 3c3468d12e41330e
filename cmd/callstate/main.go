// Command callstate is an event-sourced call-state engine: it records what the switches of a contact centre do, shows
// it live, and tells it again. This package wires the parts together and does nothing else.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/callstate/callstate/adapters/store/kurrentdb"
	"github.com/spf13/cobra"
)

const (
	exitFailure = 1
	exitUsage   = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the first signal drains, a second one kills
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// usageError is a mistake in how the command was called.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "callstate: %v (try --help)\n", err)
		return exitUsage
	}
	fmt.Fprintf(stderr, "callstate: %v\n", err)
	return exitFailure
}

// settings are the flags that all commands share.
type settings struct {
	place
}

func newRoot() *cobra.Command {
	s := &settings{}
	root := &cobra.Command{
		Use:   "callstate",
		Short: "Knows what every call is doing, live, and can prove years later what it did",
		Long: `callstate records every action of a switch, an IVR or an ACD as an immutable event on
the stream of its call, shows the floor live, and replays any call of the past.

Start with:  callstate demo`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().StringVar(&s.data, "data", "callstate-data", "folder of the event log and the read models (also: $CALLSTATE_DATA)")
	root.PersistentFlags().StringVar(&s.store, "store", "",
		"connection string of a KurrentDB that has the event log, instead of the folder (default: $CALLSTATE_STORE)")
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		s.store = cmp.Or(s.store, os.Getenv(environmentPrefix+"STORE"))
		if folder := os.Getenv(environmentPrefix + "DATA"); folder != "" && !root.PersistentFlags().Changed("data") {
			s.data = folder
		}
		if s.store != "" && !kurrentdb.IsConnection(s.store) {
			return usageError{errors.New("the store must be a connection string that begins with esdb:// or kurrentdb://")}
		}
		return nil
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(
		newDemo(s), newServe(s), newImport(s), newCalls(s), newReplay(s), newFloor(s), newEvents(s), newTail(s),
		newStats(s), newRebuild(s), newVerify(s), newBackup(s), newExport(s), newLoad(s), newBench(), newCopy(s), newConfig(), newToken(),
	)
	for _, cmd := range root.Commands() {
		cmd.Args = usageArgs(cmd.Args)
	}
	root.Args = usageArgs(func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			return fmt.Errorf("unknown command %q", args[0])
		}
		return nil
	})
	return root
}

// usageArgs makes a complaint about the arguments a usage error.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	if check == nil {
		check = cobra.NoArgs
	}
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}

// version is that of the build: the module's version or the revision it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return s.Value[:12]
		}
	}
	return "development"
}
