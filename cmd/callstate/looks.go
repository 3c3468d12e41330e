package main

import (
	"context"
	"encoding/json"
	"net/url"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections/audit"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Whatever a command shows of the past, it has written into the log before that somebody looks at it, once for each run.
// Where that cannot be written nothing is shown.

// viewed writes into a log that the user of this program looks at something.
func viewed(ctx context.Context, log eventlog.Store, what access.Body) error {
	return engine.New(log, time.Now, nil).Viewed(ctx, actor(), what)
}

// viewedBeside has the engine write it that has the log of a data folder open.
func viewedBeside(ctx context.Context, data string, what access.Body) error {
	stream := wire.AuditStream(what.Subject())
	look := wire.EncodeAccess(stream, 1, access.Event{At: time.Now(), Actor: actor(), Body: what})
	event, err := json.Marshal(audit.FromRecord(eventlog.Record{Stream: stream, Revision: 1, Event: look}))
	if err != nil {
		return err
	}
	return askEngine(ctx, data, "viewed", url.Values{"event": {string(event)}}, &struct{}{})
}

// actor is the user of this program, and who has become that user by sudo to use it.
func actor() string {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if by := os.Getenv("SUDO_USER"); by != "" && by != name {
		name = by + " as " + name
	}
	return "user:" + name
}

// asked is what a command was asked for by its flags, as in a URL and by the names that the API has for them; not how it
// is printed, and not where a page of it begins.
func asked(cmd *cobra.Command, zone *time.Location) string {
	said := url.Values{}
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if !f.Changed {
			return
		}
		name := inCamelCase(f.Name)
		switch value := f.Value.(type) {
		case *momentFlag:
			said.Set(name, value.in(zone).UTC().Format(time.RFC3339Nano))
		case pflag.SliceValue:
			said[name] = value.GetSlice()
		default:
			said.Set(name, value.String())
		}
	})
	for _, other := range []string{"after", "limit", "newest", "format", "explain"} {
		said.Del(other)
	}
	return said.Encode()
}

// inCamelCase is "userData" for "user-data".
func inCamelCase(flag string) string {
	first, rest, _ := strings.Cut(flag, "-")
	for word := range strings.SplitSeq(rest, "-") {
		if word != "" {
			first += strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return first
}
