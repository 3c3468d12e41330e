package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections/audit"
	"github.com/spf13/cobra"
)

// What load appends at once, and the longest line that it reads.
const (
	loadEvents = 500
	loadBytes  = 1 << 20
	maxLine    = 1 << 20
)

func newLoad(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "load FILE...",
		Short: "Take events into the log that export or tail wrote as JSON lines",
		Long: `Appends events as they are, each at its place in its stream. Files may be gzipped; - is the standard
input. Loading the same twice adds nothing; an event that contradicts what is at its place, is of an
unknown type, or does not fit its id is refused. An event that has a card number in it is appended with
the number masked.`,
		Args:    cobra.MinimumNArgs(1),
		Example: "  callstate load features/recorded/lost-hold.jsonl --data /tmp/try",
		RunE: func(cmd *cobra.Command, files []string) error {
			store, err := s.openLog(cmd.Context(), nil)
			if err != nil {
				return err
			}
			defer store.Close()
			before, err := store.End(cmd.Context())
			if err != nil {
				return err
			}
			for _, file := range files {
				if err := loadFile(cmd, store, file); err != nil {
					return err
				}
			}
			added, err := eventsAfter(cmd.Context(), store, before)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d file(s), %d new events\n", len(files), added)
			return err
		},
	}
}

func loadFile(cmd *cobra.Command, store eventlog.Store, file string) error {
	var source io.Reader = cmd.InOrStdin()
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		defer f.Close()
		source = f
	}
	source, err := gunzipped(source)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	lines := bufio.NewScanner(source)
	lines.Buffer(nil, maxLine)
	b := loading{}
	n := 0
	for lines.Scan() {
		if n++; len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		r, err := readEvent(lines.Bytes())
		if err != nil {
			return fmt.Errorf("%s: line %d: %w", file, n, err)
		}
		if b.full(r) {
			if err := b.append(cmd.Context(), store); err != nil {
				return fmt.Errorf("%s: before line %d: %w", file, n, err)
			}
		}
		b.add(r)
	}
	if err := cmp.Or(lines.Err(), b.append(cmd.Context(), store)); err != nil {
		return fmt.Errorf("%s: line %d: %w", file, n, err)
	}
	return nil
}

// readEvent reads a line, and checks that it is what it says. What comes of it has no card numbers.
func readEvent(line []byte) (eventlog.Record, error) {
	var e audit.Event
	if err := json.Unmarshal(line, &e); err != nil {
		return eventlog.Record{}, fmt.Errorf("not an event: %w", err)
	}
	r := e.Record()
	if r.Revision == 0 {
		return r, errors.New("the event has no revision")
	}
	if r.ID != wire.EventID(r.Stream, r.Revision, r.Type, r.Data) {
		return r, fmt.Errorf("%s in %s at revision %d: its id is not that of its content", r.Type, r.Stream, r.Revision)
	}
	var err error
	r.Event, err = engine.Masked(r)
	return r, err
}

// loading is what is appended next: per stream, and in the order of the lines.
type loading struct {
	appends       []eventlog.StreamAppend
	streams       map[eventlog.Stream]int // which of appends
	next          map[eventlog.Stream]eventlog.Revision
	events, bytes int
}

// full reports whether what there is has to be appended before a record: there is enough, or the record does not follow
// on what there is of its stream.
func (b *loading) full(r eventlog.Record) bool {
	next, begun := b.next[r.Stream]
	return b.events >= loadEvents || b.bytes+len(r.Data) > loadBytes || begun && next != r.Revision
}

func (b *loading) add(r eventlog.Record) {
	if b.streams == nil {
		b.streams, b.next = map[eventlog.Stream]int{}, map[eventlog.Stream]eventlog.Revision{}
	}
	i, begun := b.streams[r.Stream]
	if !begun {
		i = len(b.appends)
		b.streams[r.Stream] = i
		b.appends = append(b.appends, eventlog.StreamAppend{Stream: r.Stream, Expected: eventlog.At(r.Revision - 1)})
	}
	b.appends[i].Events = append(b.appends[i].Events, r.Event)
	b.appends[i].Order = append(b.appends[i].Order, b.events)
	b.next[r.Stream] = r.Revision + 1
	b.events++
	b.bytes += len(r.Data)
}

func (b *loading) append(ctx context.Context, store eventlog.Store) error {
	if b.events == 0 {
		return nil
	}
	err := store.Append(ctx, b.appends)
	*b = loading{}
	return err
}
