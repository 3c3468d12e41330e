package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections/audit"
	"github.com/google/uuid"
	"github.com/spf13/cobra"
)

func newExport(s *settings) *cobra.Command {
	var as, out, name string
	cmd := &cobra.Command{
		Use:   "export CONNID",
		Short: "Take a call, with all that belongs to its conversation, out of the log",
		Long: `Prints the events of a call and of the calls of the same conversation: as JSON lines (jsonl), or as
CloudEvents (cloudevents), as they are. With --format feature it writes two files: a scenario that says
what the call's record and story say today, and the events for it, with all names and numbers replaced.
In the folder features/recorded of callstate the scenario passes as it is, until something changes that.

That somebody took the call is written into the log first.`,
		Args: cobra.ExactArgs(1),
		Example: `  callstate export 01a205ea-c268-86a1-9f11-ad444b7c5c67 --format cloudevents
  callstate export 01a205ea-c268-86a1-9f11-ad444b7c5c67 --format feature --name lost-hold --out features/recorded`,
	}
	cmd.Flags().StringVar(&as, "format", "jsonl", "jsonl, cloudevents or feature")
	cmd.Flags().StringVar(&out, "out", "", "with feature: the folder to write to (required)")
	cmd.Flags().StringVar(&name, "name", "", "with feature: the name of both files (default: a part of the connection id)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		id, err := parseConnID(args[0])
		if err != nil {
			return err
		}
		switch {
		case as != "jsonl" && as != "cloudevents" && as != "feature":
			return usageError{fmt.Errorf("--format must be jsonl, cloudevents or feature")}
		case as == "feature" && out == "":
			return usageError{errors.New("--out is missing: a feature is two files")}
		case name != filepath.Base(name) && name != "":
			return usageError{errors.New("--name must be a name, not a path")}
		}
		store, err := s.readLog(cmd.Context())
		if err != nil {
			return err
		}
		defer store.Close()
		records, err := audit.Conversation(cmd.Context(), store, id)
		if errors.Is(err, call.ErrUnknownCall) {
			return fmt.Errorf("there is no call %s", id)
		}
		if err != nil {
			return err
		}
		if err := viewed(cmd.Context(), store, access.CallExported{ConnID: id, Format: as, View: uuid.NewString()}); err != nil {
			return err
		}
		switch as {
		case "cloudevents":
			return printRecords(cmd.OutOrStdout(), records, func(r eventlog.Record) any { return audit.ToCloudEvent(r) })
		case "feature":
			if name == "" {
				name = id.String()[:23]
			}
			return exportFeature(cmd.OutOrStdout(), out, name, id, records)
		}
		return printRecords(cmd.OutOrStdout(), records, func(r eventlog.Record) any { return audit.FromRecord(r) })
	}
	return cmd
}

func printRecords(w io.Writer, records []eventlog.Record, form func(eventlog.Record) any) error {
	out := bufio.NewWriter(w)
	for _, r := range records {
		if err := printLine(out, form(r)); err != nil {
			return err
		}
	}
	return out.Flush()
}

func exportFeature(w io.Writer, dir, name string, id call.ConnID, records []eventlog.Record) error {
	disguise := audit.NewDisguise()
	records, err := disguise.Records(records)
	if err != nil {
		return err
	}
	text, err := audit.Feature(name, disguise.Call(id), records)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	path := filepath.Join(dir, name)
	facts, err := os.Create(path + ".jsonl")
	if err != nil {
		return err
	}
	err = printRecords(facts, records, func(r eventlog.Record) any { return audit.FromRecord(r) })
	if err = errors.Join(err, facts.Close()); err != nil {
		return err
	}
	if err := os.WriteFile(path+".feature", []byte(text), 0o644); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s.feature and %s.jsonl: %d events\n", path, path, len(records))
	return err
}
