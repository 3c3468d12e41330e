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
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
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
		Args:    cobra.MinimumNArgs(1),
		Example: "  callstate import --switch asterisk --name pbx1 monday.ami.gz tuesday.ami.gz",
	}
	flags := cmd.Flags()
	flags.StringVar(&kind, "switch", "", "kind of switch: asterisk (required)")
	flags.StringVar(&name, "name", "", "our name of the switch; part of every connection id (required)")
	flags.StringVar(&configFile, "config", "", "configuration file with a section of that name")
	flags.StringSliceVar(&variables, "data-variable", nil, "channel variable that becomes user data (repeatable)")
	flags.DurationVar(&wrapup, "wrapup", 0, "after-call work that the queues allow")
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		switch {
		case kind == "":
			return usageError{fmt.Errorf("--switch is missing")}
		case kind != "asterisk":
			return usageError{fmt.Errorf("unknown kind of switch %q: asterisk is known", kind)}
		case name == "":
			return usageError{fmt.Errorf("--name is missing")}
		}
		vocabulary := asterisk.Vocabulary{Switch: name}
		if configFile != "" {
			var err error
			if vocabulary, err = vocabularyFrom(configFile, name); err != nil {
				return err
			}
		}
		vocabulary.DataVariables = append(vocabulary.DataVariables, variables...)
		if wrapup > 0 {
			vocabulary.DefaultWrapup = wrapup
		}
		return importFiles(cmd, s, vocabulary, files)
	}
	return cmd
}

func vocabularyFrom(path, name string) (asterisk.Vocabulary, error) {
	c, err := readConfig(path)
	if err != nil {
		return asterisk.Vocabulary{}, err
	}
	for _, a := range c.Asterisk {
		if a.Name == name {
			return a.vocabulary(), nil
		}
	}
	return asterisk.Vocabulary{}, fmt.Errorf("%s has no [[asterisk]] section with the name %q", path, name)
}

func importFiles(cmd *cobra.Command, s *settings, vocabulary asterisk.Vocabulary, files []string) error {
	ctx := cmd.Context()
	for _, file := range files { // a file that is not there is told before anything is written
		if file != "-" {
			if _, err := os.Stat(file); err != nil {
				return err
			}
		}
	}
	store, err := openLog(s.data, nil)
	if err != nil {
		return err
	}
	defer store.Close()
	before, err := store.End(ctx)
	if err != nil {
		return err
	}
	e := engine.New(store, time.Now, func(ctx context.Context, switchName string) ([]call.ConnID, error) {
		view, err := floorAt(ctx, store, time.Time{})
		return callsOf(view, switchName), err
	})
	translator := asterisk.NewTranslator(vocabulary)
	blocks, bad, begun := 0, map[string]uint64{}, time.Now()
	for _, file := range files {
		stats, err := importFile(cmd, translator, e, file)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		blocks += stats.Pieces
		for _, kind := range stats.BadInput {
			bad[kind.Kind] += kind.Count
		}
	}
	took := time.Since(begun) // until all is durable
	records, err := history.Open(ctx, historyFile(s.data), history.Options{Log: store})
	if err != nil {
		return err
	}
	defer records.Close()
	if err := projections.CatchUp(ctx, store, records, nil); err != nil {
		return err
	}
	after, err := store.End(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%d file(s), %d blocks, %d new events in %s (%.0f blocks/s)\n", len(files), blocks, after-before,
		took.Round(time.Millisecond), float64(blocks)/took.Seconds())
	for _, kind := range sortedKeys(bad) {
		fmt.Fprintf(cmd.OutOrStdout(), "bad input: %s: %d\n", kind, bad[kind])
	}
	return nil
}

func importFile(cmd *cobra.Command, translator *asterisk.Translator, e *engine.Engine, file string) (connection.ImportStats, error) {
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
	return asterisk.Import(cmd.Context(), source, translator, e, nil)
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
	f, ok := w.(*os.File)
	return progressbar.NewOptions64(size, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(what),
		progressbar.OptionShowBytes(true), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetVisibility(ok && isatty.IsTerminal(f.Fd())))
}
