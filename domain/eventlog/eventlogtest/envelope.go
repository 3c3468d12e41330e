package eventlogtest

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/domain/eventlog"
)

func testEnvelope(t *testing.T, suite Suite) {
	at := time.Date(2024, 2, 29, 23, 59, 59, 123_456_000, time.UTC)
	full := eventlog.Event{
		ID: uuid.New(), Type: "PartyAlerting", Version: 3, SwitchTime: at, RecordedAt: at.Add(17 * time.Microsecond),
		Correlation: uuid.New(), Causation: uuid.New(), Actor: "ivr:main", Inferred: true,
		Traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		Data:        []byte(`{"party":"P1","dn":"1001"}`),
	}
	with := func(change func(e *eventlog.Event)) eventlog.Event {
		e := full
		change(&e)
		return e
	}
	same := func(e eventlog.Event) eventlog.Event { return e }
	cases := map[string]struct {
		event eventlog.Event
		want  func(e eventlog.Event) eventlog.Event
	}{
		"everything set":        {full, same},
		"no correlation":        {with(func(e *eventlog.Event) { e.Correlation = uuid.Nil }), same},
		"no causation":          {with(func(e *eventlog.Event) { e.Causation = uuid.Nil }), same},
		"no actor":              {with(func(e *eventlog.Event) { e.Actor = "" }), same},
		"no trace":              {with(func(e *eventlog.Event) { e.Traceparent = "" }), same},
		"the longest trace":     {with(func(e *eventlog.Event) { e.Traceparent = strings.Repeat("0", eventlog.MaxTraceparent) }), same},
		"not inferred":          {with(func(e *eventlog.Event) { e.Inferred = false }), same},
		"version 0":             {with(func(e *eventlog.Event) { e.Version = 0 }), same},
		"the greatest version":  {with(func(e *eventlog.Event) { e.Version = 1<<16 - 1 }), same},
		"an id of ones":         {with(func(e *eventlog.Event) { e.ID = uuid.Max }), same},
		"a time before 1970":    {with(func(e *eventlog.Event) { e.SwitchTime = time.Date(1899, 12, 31, 1, 2, 3, 4_000, time.UTC) }), same},
		"a time far ahead":      {with(func(e *eventlog.Event) { e.SwitchTime = time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC) }), same},
		"the longest type name": {with(func(e *eventlog.Event) { e.Type = strings.Repeat("T", eventlog.MaxTypeName) }), same},
		"the longest actor":     {with(func(e *eventlog.Event) { e.Actor = strings.Repeat("a", eventlog.MaxActor) }), same},
		"letters of all kinds": {with(func(e *eventlog.Event) {
			e.Actor, e.Data = "agent:Łukasz 🎧", []byte(`{"name":"Zoë 名前 \u0000 ✓"}`)
		}), same},
		"the smallest body":      {with(func(e *eventlog.Event) { e.Data = []byte(`0`) }), same},
		"the largest body":       {with(func(e *eventlog.Event) { e.Data = body(eventlog.MaxData) }), same},
		"a body of 64 KiB":       {with(func(e *eventlog.Event) { e.Data = body(64 << 10) }), same},
		"a body just over 127 B": {with(func(e *eventlog.Event) { e.Data = body(128) }), same},
		"a time in another zone is kept in UTC": {
			with(func(e *eventlog.Event) { e.SwitchTime = at.In(time.FixedZone("Kathmandu", 5*3600+45*60)) }),
			func(e eventlog.Event) eventlog.Event { e.SwitchTime = at; return e },
		},
		"a time is cut to the microsecond": {
			with(func(e *eventlog.Event) { e.RecordedAt = at.Add(999 * time.Nanosecond) }),
			func(e eventlog.Event) eventlog.Event { e.RecordedAt = at; return e },
		},
		"no times at all": {
			with(func(e *eventlog.Event) { e.SwitchTime, e.RecordedAt = time.Time{}, time.Time{} }), same,
		},
	}
	log := open(t, suite)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			log := *log
			log.TB = t
			stream := log.stream()
			require.NoError(t, log.append(stream, eventlog.NoStream(), c.event))
			want := eventlog.Record{Stream: stream, Revision: 1, Event: c.want(c.event)}

			records := log.read(stream, 0)
			require.Len(t, records, 1)
			if !suite.Features.StreamReadsHavePositions {
				records[0].Position = 0
			}
			all := log.all(0)
			last := all[len(all)-1]
			want.Position = records[0].Position
			requireSame(t, want, records[0])
			want.Position = last.Position
			requireSame(t, want, last)
		})
	}
	t.Run("a stream name may be anything but NUL", func(t *testing.T) {
		log := open(t, suite)
		names := []string{
			"x", "call-", "-", "agent-ü/ä:ö 1", "switch-пбх", "call-\x01\x7f\n",
			strings.Repeat("n", eventlog.MaxStreamName-len(uuid.NewString())-1),
		}
		for _, name := range names {
			stream, all := log.named(name), events(2)
			require.NoError(t, log.append(stream, eventlog.NoStream(), all...), "%q", name)
			log.holds(stream, all...)
		}
	})
}

// requireSame compares records; it does not print half a megabyte of data.
func requireSame(t *testing.T, want, got eventlog.Record) {
	t.Helper()
	require.True(t, bytes.Equal(want.Data, got.Data), "the data is the same")
	want.Data, got.Data = nil, nil
	require.Equal(t, want, got)
}

// body is JSON of a length.
func body(size int) []byte {
	const frame = len(`{"text":""}`)
	b, err := json.Marshal(map[string]string{"text": strings.Repeat("a long story ", size/13+1)[:size-frame]})
	if err != nil {
		panic(err)
	}
	return b
}
