package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/callstate/callstate/adapters/switches/asterisk"
	"github.com/callstate/callstate/adapters/switches/connection"
	"github.com/callstate/callstate/adapters/switches/freeswitch"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections"
	"github.com/callstate/callstate/projections/history"
	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
)

func newImport(s *settings) *cobra.Command {
	var kind, name, configFile string
	var variables []string
	var wrapup time.Duration
	cmd := &cobra.Command{
		Use:   "import --switch KIND --name NAME FILE...",
		Short: "Read recorded switch sessions into the log",
		Long: `Reads recorded sessions, the raw bytes as a link receives them, into the log. Files may be
gzipped; - is the standard input. Several files are consecutive sessions of one link. Reading a
session twice adds nothing. What the bytes do not tell about the switch (trunks, wrapup times,
variables that are data) can be given by its section in a configuration file.`,
		Args: cobra.MinimumNArgs(1),
		Example: "  callstate import --switch asterisk --name pbx1 monday.ami.gz tuesday.ami.gz\n" +
			"  callstate import --switch freeswitch --name pbx2 monday.esl.gz",
	}
	flags := cmd.Flags()
	flags.StringVar(&kind, "switch", "", "kind of switch: asterisk or freeswitch (required)")
	flags.StringVar(&name, "name", "", "our name of the switch; part of every connection id (required)")
	flags.StringVar(&configFile, "config", "", "configuration file with a section of that name")
	flags.StringSliceVar(&variables, "data-variable", nil, "channel variable that becomes user data (repeatable)")
	flags.DurationVar(&wrapup, "wrapup", 0, "after-call work that the queues allow")
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		switch {
		case kind == "":
			return usageError{fmt.Errorf("--switch is missing")}
		case kind != "asterisk" && kind != "freeswitch":
			return usageError{fmt.Errorf("unknown kind of switch %q: asterisk and freeswitch are known", kind)}
		case name == "":
			return usageError{fmt.Errorf("--name is missing")}
		case wrapup < 0:
			return usageError{fmt.Errorf("--wrapup %s is negative", wrapup)}
		}
		var c config
		if configFile != "" {
			var err error
			if c, err = readConfig(configFile); err != nil {
				return err
			}
			if !c.has(kind, name) {
				return fmt.Errorf("%s has no [[%s]] section with the name %q", configFile, kind, name)
			}
		}
		if kind == "freeswitch" {
			return importFiles(cmd, s, freeswitchImporter(c, name, variables, wrapup), files)
		}
		return importFiles(cmd, s, asteriskImporter(c, name, variables, wrapup), files)
	}
	return cmd
}

// importer reads a recorded session of a switch of some kind.
type importer func(ctx context.Context, source io.Reader, to connection.Ingester) (connection.ImportStats, error)

func asteriskImporter(c config, name string, variables []string, wrapup time.Duration) importer {
	vocabulary := asterisk.Vocabulary{Switch: name}
	for _, a := range c.Asterisk {
		if a.Name == name {
			vocabulary = a.vocabulary()
		}
	}
	vocabulary.DataVariables = append(vocabulary.DataVariables, variables...)
	if wrapup > 0 {
		vocabulary.DefaultWrapup = wrapup
	}
	translator := asterisk.NewTranslator(vocabulary)
	return func(ctx context.Context, source io.Reader, to connection.Ingester) (connection.ImportStats, error) {
		return asterisk.Import(ctx, source, translator, to, nil)
	}
}

func freeswitchImporter(c config, name string, variables []string, wrapup time.Duration) importer {
	vocabulary := freeswitch.Vocabulary{Switch: name}
	for _, f := range c.FreeSWITCH {
		if f.Name == name {
			vocabulary = f.vocabulary()
		}
	}
	vocabulary.DataVariables = append(vocabulary.DataVariables, variables...)
	if wrapup > 0 {
		vocabulary.Wrapup = wrapup
	}
	translator := freeswitch.NewTranslator(vocabulary)
	return func(ctx context.Context, source io.Reader, to connection.Ingester) (connection.ImportStats, error) {
		return freeswitch.Import(ctx, source, translator, to, nil)
	}
}

func importFiles(cmd *cobra.Command, s *settings, read importer, files []string) error {
	ctx := cmd.Context()
	for _, file := range files { // a file that is not there is told before anything is written
		if file != "-" {
			if _, err := os.Stat(file); err != nil {
				return err
			}
		}
	}
	store, err := s.openLog(ctx, nil)
	if err != nil {
		return err
	}
	defer store.Close()
	before, err := store.End(ctx)
	if err != nil {
		return err
	}
	e := engine.New(store, time.Now, func(ctx context.Context, switchName string) ([]call.ConnID, error) {
		f, err := floorNow(ctx, store)
		return callsOf(f.View(), switchName), err
	})
	blocks, bad, begun := 0, map[string]uint64{}, time.Now()
	for _, file := range files {
		stats, err := importFile(cmd, read, e, file)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		blocks += stats.Pieces
		for _, kind := range stats.BadInput {
			bad[kind.Kind] += kind.Count
		}
	}
	took := time.Since(begun) // until all is durable
	records, err := history.Open(ctx, s.historyFile(), history.Options{Log: store})
	if err != nil {
		return err
	}
	defer records.Close()
	if err := projections.CatchUp(ctx, store, records, nil); err != nil {
		return err
	}
	added, err := eventsAfter(ctx, store, before)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%d file(s), %d blocks, %d new events in %s (%.0f blocks/s)\n", len(files), blocks, added,
		took.Round(time.Millisecond), float64(blocks)/took.Seconds())
	for _, kind := range sortedKeys(bad) {
		fmt.Fprintf(cmd.OutOrStdout(), "bad input: %s: %d\n", kind, bad[kind])
	}
	return nil
}

// eventsAfter counts the events behind a position.
func eventsAfter(ctx context.Context, log eventlog.Reader, position eventlog.Position) (events int, err error) {
	for _, err := range log.ReadAll(ctx, position) {
		if err != nil {
			return events, err
		}
		events++
	}
	return events, nil
}

func importFile(cmd *cobra.Command, read importer, e *engine.Engine, file string) (connection.ImportStats, error) {
	var source io.Reader = cmd.InOrStdin()
	size := int64(-1)
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return connection.ImportStats{}, err
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil {
			size = info.Size()
		}
		source = f
	}
	bar := progressOf(cmd.ErrOrStderr(), size, file)
	defer bar.Finish()
	source, err := gunzipped(io.TeeReader(source, bar))
	if err != nil {
		return connection.ImportStats{}, err
	}
	return read(cmd.Context(), source, e)
}

// gunzipped is what is in a stream that may be gzipped.
func gunzipped(source io.Reader) (io.Reader, error) {
	buffered := bufio.NewReaderSize(source, 1<<16)
	if magic, err := buffered.Peek(2); err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		return gzip.NewReader(buffered)
	}
	return buffered, nil
}

// progressOf is a progress bar over bytes read, shown on a terminal only.
func progressOf(w io.Writer, size int64, what string) *progressbar.ProgressBar {
	return countOf(w, size, what, progressbar.OptionShowBytes(true))
}

// countOf is a progress bar, shown on a terminal only.
func countOf(w io.Writer, size int64, what string, options ...progressbar.Option) *progressbar.ProgressBar {
	f, ok := w.(*os.File)
	return progressbar.NewOptions64(size, append(options, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(what),
		progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetVisibility(ok && isatty.IsTerminal(f.Fd())))...)
}
