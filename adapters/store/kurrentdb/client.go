package kurrentdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/url"
	"slices"
	"strings"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/callstate/callstate/domain/eventlog"
)

// client is the only thing here that knows the client library. Its methods may block longer than their context lives, for
// the library looks up a connection without one: Store calls them from goroutines that it can leave behind.
type client struct {
	db *esdb.Client
	// leader: every call must be answered by the leader of the cluster.
	leader bool
}

// errWrongRevision: the stream has another revision than expected, or other events there.
var errWrongRevision = errors.New("wrong expected revision")

// dial connects to the database. A lookup that fails is the end of a library client, and of every call that waits for it;
// so the one that is kept never stops looking, and whether there is a database at all is found out with another one.
func dial(connection string, logger *slog.Logger) (*client, error) {
	config, err := parseConnection(connection)
	if err != nil {
		return nil, err
	}
	config.Logger = func(level esdb.LogLevel, format string, args ...any) {
		logger.Debug("database client", "level", level, "says", fmt.Sprintf(format, args...))
	}
	probe, err := esdb.NewClient(config)
	if err != nil {
		return nil, err
	}
	_, err = probe.GetServerVersion()
	_ = probe.Close()
	if err != nil {
		return nil, err
	}
	lasting := *config
	lasting.MaxDiscoverAttempts = math.MaxInt
	db, err := esdb.NewClient(&lasting)
	if err != nil {
		return nil, err
	}
	if _, err := db.GetServerVersion(); err != nil {
		_ = db.Close()
		return nil, err
	}
	return &client{db: db, leader: config.NodePreference == esdb.NodePreferenceLeader}, nil
}

// settings are the keys of a connection string. The library only warns of one that it does not know.
var settings = []string{
	"tls", "tlsverifycert", "tlscafile", "usercertfile", "userkeyfile", "nodepreference", "maxdiscoverattempts",
	"discoveryinterval", "gossiptimeout", "keepaliveinterval", "keepalivetimeout", "defaultdeadline",
}

// parseConnection reads a connection string. An error never has the password in it.
func parseConnection(connection string) (*esdb.Configuration, error) {
	if !IsConnection(connection) {
		return nil, errors.New("a connection string begins with esdb:// or kurrentdb://")
	}
	_, query, _ := strings.Cut(connection, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, fmt.Errorf("settings of the connection string: %w", err)
	}
	for key := range values {
		if !slices.Contains(settings, strings.ToLower(key)) {
			return nil, fmt.Errorf("connection string: unknown setting %q", key)
		}
	}
	config, err := esdb.ParseConnectionString("esdb" + strings.TrimPrefix(strings.TrimPrefix(connection, "kurrentdb"), "esdb"))
	if wrong, ok := errors.AsType[*url.Error](err); ok {
		err = wrong.Err // the rest of it is the whole string
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("connection string: %w", err)
	case config.DefaultDeadline != nil && *config.DefaultDeadline <= 0:
		return nil, errors.New("connection string: defaultDeadline must be a number of milliseconds")
	}
	return config, nil
}

// call is the context of one call: the library only tells itself, not the server, that a call is for the leader.
func (c *client) call(ctx context.Context) context.Context {
	if c.leader {
		return metadata.AppendToOutgoingContext(ctx, "requires-leader", "true")
	}
	return ctx
}

// close releases the connection. Nothing else may be under way: the library panics then.
func (c *client) close() error { return c.db.Close() }

// append appends to one stream; errWrongRevision when it is not as expected.
func (c *client) append(ctx context.Context, a eventlog.StreamAppend) error {
	events := make([]esdb.EventData, len(a.Events))
	for i, e := range a.Events {
		envelope, err := encodeEnvelope(e)
		if err != nil {
			return err
		}
		events[i] = esdb.EventData{
			EventID: e.ID, EventType: e.Type, ContentType: esdb.ContentTypeJson, Data: e.Data, Metadata: envelope,
		}
	}
	_, err := c.db.AppendToStream(c.call(ctx), string(a.Stream), esdb.AppendToStreamOptions{ExpectedRevision: expected(a.Expected)}, events...)
	if failed, ok := errors.AsType[*esdb.Error](err); ok && failed.IsErrorCode(esdb.ErrorCodeWrongExpectedVersion) {
		return errWrongRevision
	}
	return err
}

// expected is the expectation in the library's terms. Without one it would check nothing.
func expected(e eventlog.Expected) esdb.ExpectedRevision {
	switch revision, checked := e.Revision(); {
	case !checked:
		return esdb.Any{}
	case revision == 0:
		return esdb.NoStream{}
	default:
		return esdb.Revision(uint64(revision - 1)) // theirs count from 0
	}
}

// revision is how many events a stream has.
func (c *client) revision(ctx context.Context, stream eventlog.Stream) (eventlog.Revision, error) {
	var last eventlog.Revision
	err := c.read(ctx, stream, esdb.ReadStreamOptions{Direction: esdb.Backwards, From: esdb.End{}}, 1, func(e *esdb.RecordedEvent) (bool, error) {
		last = eventlog.Revision(e.EventNumber) + 1
		return false, nil
	})
	return last, err
}

// stream hands over the records of a stream from a revision on, until emit returns false. They have no position: not
// every version of the database tells it there.
func (c *client) stream(ctx context.Context, stream eventlog.Stream, from eventlog.Revision, emit func(eventlog.Record) bool) error {
	options := esdb.ReadStreamOptions{Direction: esdb.Forwards, From: esdb.Revision(uint64(max(from, 1) - 1))}
	return c.read(ctx, stream, options, math.MaxUint64, func(e *esdb.RecordedEvent) (bool, error) {
		record, err := recordOf(e)
		if err != nil {
			return false, fmt.Errorf("%w: event %d: %w", eventlog.ErrDamaged, e.EventNumber, err)
		}
		record.Position = 0
		return emit(record), nil
	})
}

// read reads a stream; that there is none comes to light with its first event.
func (c *client) read(
	ctx context.Context, stream eventlog.Stream, options esdb.ReadStreamOptions, count uint64, each func(*esdb.RecordedEvent) (bool, error),
) error {
	reading, err := c.db.ReadStream(c.call(ctx), string(stream), options, count)
	if err != nil {
		return err
	}
	err = drain(reading, each)
	if failed, ok := errors.AsType[*esdb.Error](err); ok && failed.IsErrorCode(esdb.ErrorCodeResourceNotFound) {
		return nil
	}
	return err
}

// end is the position of the last record of ours, 0 when there is none: the database's own events, and those of other
// applications, may follow it.
func (c *client) end(ctx context.Context) (end eventlog.Position, err error) {
	reading, err := c.db.ReadAll(c.call(ctx), esdb.ReadAllOptions{Direction: esdb.Backwards, From: esdb.End{}}, math.MaxUint64)
	if err != nil {
		return 0, err
	}
	return end, drain(reading, func(e *esdb.RecordedEvent) (bool, error) {
		record, err := recordOf(e)
		if errors.Is(err, errForeign) {
			return true, nil
		}
		end = record.Position
		return false, err
	})
}

// before is the position of the event that precedes one, whoever wrote it; 0 when there is none.
func (c *client) before(ctx context.Context, position eventlog.Position) (before eventlog.Position, err error) {
	reading, err := c.db.ReadAll(c.call(ctx), esdb.ReadAllOptions{Direction: esdb.Backwards, From: placeOf(position)}, 1)
	if err != nil {
		return 0, err
	}
	return before, drain(reading, func(e *esdb.RecordedEvent) (bool, error) {
		before = eventlog.Position(e.Position.Commit)
		return true, nil
	})
}

func drain(reading *esdb.ReadStream, each func(*esdb.RecordedEvent) (bool, error)) error {
	defer reading.Close()
	for {
		resolved, err := reading.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		event := resolved.OriginalEvent()
		if event == nil {
			continue // a link to what is not there any more
		}
		if more, err := each(event); err != nil || !more {
			return err
		}
	}
}

// follow hands over every record after a position, and then those that come, until emit or passed returns false or the
// subscription is dropped. It calls answered when it has begun; passed hears up to where there is nothing of ours.
func (c *client) follow(
	ctx context.Context, after eventlog.Position, answered func(), emit func(eventlog.Record) bool, passed func(eventlog.Position) bool,
) error {
	options := esdb.SubscribeToAllOptions{
		From: placeOf(after),
		// The streams that begin with $ are the database's own: statistics, metadata, indexes.
		Filter:          &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Regex: `^[^\$]`},
		MaxSearchWindow: searchWindow, CheckpointInterval: 1,
	}
	subscription, err := c.db.SubscribeToAll(c.call(ctx), options)
	if err != nil {
		return err
	}
	defer subscription.Close()
	answered()
	for {
		switch said := subscription.Recv(); {
		case said.SubscriptionDropped != nil:
			return said.SubscriptionDropped.Error
		case said.CheckPointReached != nil:
			if at := *said.CheckPointReached; simple(at) && !passed(eventlog.Position(at.Commit)) {
				return nil
			}
		case said.EventAppeared != nil && said.EventAppeared.OriginalEvent() != nil:
			event := said.EventAppeared.OriginalEvent()
			record, err := recordOf(event)
			switch {
			case errors.Is(err, errForeign):
				if simple(event.Position) && !passed(eventlog.Position(event.Position.Commit)) {
					return nil
				}
			case err == nil && !simple(event.Position):
				return fmt.Errorf("%w: event %d of stream %s was written in a transaction", eventlog.ErrDamaged, event.EventNumber, event.StreamID)
			case err != nil:
				return fmt.Errorf("event %d of stream %s: %w", event.EventNumber, event.StreamID, err)
			case !emit(record):
				return nil
			}
		}
	}
}

// searchWindow is after how many events that the filter keeps back the server says how far it is.
const searchWindow = 1000

// simple says whether a place in the log is told by one number: all are, but those of events written in transactions, as
// other applications may do.
func simple(p esdb.Position) bool { return p.Commit == p.Prepare }

func placeOf(position eventlog.Position) esdb.AllPosition {
	if position == 0 {
		return esdb.Start{}
	}
	return esdb.Position{Commit: uint64(position), Prepare: uint64(position)}
}

// recordOf is an event as a record. The error wraps errForeign when it is not one of ours.
func recordOf(e *esdb.RecordedEvent) (eventlog.Record, error) {
	record := eventlog.Record{
		Stream: eventlog.Stream(e.StreamID), Revision: eventlog.Revision(e.EventNumber) + 1, Position: eventlog.Position(e.Position.Commit),
		Event: eventlog.Event{ID: e.EventID, Type: e.EventType, Data: e.Data},
	}
	return record, decodeEnvelope(e.UserMetadata, &record.Event)
}

// failure is what an error of a call means for the next one.
type failure int

const (
	// away: nobody answers, or not the leader, or too late. The next call may reach somebody.
	away failure = iota
	// odd: nobody knows. The next call may succeed, and a few are worth it.
	odd
	// refused: the next call will fail too.
	refused
)

func failureOf(err error) failure {
	switch {
	case errors.Is(err, eventlog.ErrNewerFormat), errors.Is(err, eventlog.ErrDamaged), errors.Is(err, errUnchecked):
		return refused
	case errors.Is(err, io.EOF):
		return odd // the server ended the call in the middle, and the library has not listened to why
	}
	if failed, ok := errors.AsType[*esdb.Error](err); ok {
		switch failed.Code() {
		case esdb.ErrorCodeNotLeader, esdb.ErrorUnavailable, esdb.ErrorCodeDeadlineExceeded, esdb.ErrorAborted:
			return away
		case esdb.ErrorCodeStreamDeleted, esdb.ErrorCodeAccessDenied, esdb.ErrorCodeUnauthenticated, esdb.ErrorCodeUnsupportedFeature:
			return refused
		}
	}
	answered, ok := status.FromError(err)
	if !ok {
		return odd
	}
	switch answered.Code() {
	case codes.Unavailable, codes.Canceled, codes.DeadlineExceeded, codes.Aborted:
		return away // Canceled: the library has closed a connection to go to another node
	case codes.InvalidArgument, codes.NotFound, codes.PermissionDenied, codes.Unauthenticated, codes.Unimplemented,
		codes.FailedPrecondition, codes.OutOfRange:
		return refused
	}
	return odd
}

// IsConnection says whether a text is a connection string, and not the name of a folder.
func IsConnection(text string) bool {
	scheme, _, found := strings.Cut(text, "://")
	return found && slices.Contains([]string{"esdb", "esdb+discover", "kurrentdb", "kurrentdb+discover"}, scheme)
}

// WithCredentials puts a user and a password into a connection string that has none.
func WithCredentials(connection, user, password string) (string, error) {
	scheme, rest, found := strings.Cut(connection, "://")
	nodes, _, _ := strings.Cut(rest, "?")
	if !found || strings.Contains(nodes, "@") {
		return "", errors.New("the connection string has credentials already")
	}
	return scheme + "://" + url.UserPassword(user, password).String() + "@" + rest, nil
}

// Nodes is the hosts and ports in a connection string, without credentials and settings.
func Nodes(connection string) string {
	_, rest, _ := strings.Cut(connection, "://")
	nodes, _, _ := strings.Cut(rest, "?")
	return strings.TrimSuffix(nodes[strings.LastIndex(nodes, "@")+1:], "/")
}
