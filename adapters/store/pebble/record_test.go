package pebble

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/callstate/callstate/domain/eventlog"
)

var (
	fullEvent = eventlog.Event{
		ID: uuid.MustParse("6ba7b810-9dad-11d1-80b4-00c04fd430c8"), Type: "PartyAlerting", Version: 3,
		SwitchTime:  time.Date(2024, 2, 29, 23, 59, 59, 123_456_000, time.UTC),
		RecordedAt:  time.Date(2024, 3, 1, 0, 0, 0, 7_000, time.UTC),
		Correlation: uuid.MustParse("018df5a3-1c2b-8d3e-9f40-112233445566"),
		Causation:   uuid.MustParse("018df5a3-1c2b-8d3e-9f40-665544332211"),
		Actor:       "agent:1001", Inferred: true, Data: []byte(`{"party":"P2","dn":"1001"}`),
	}
	tracedEvent = eventlog.Event{
		ID: uuid.MustParse("6ba7b812-9dad-11d1-80b4-00c04fd430c8"), Type: "AgentReady", Version: 1,
		SwitchTime: time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC), RecordedAt: time.Date(2026, 11, 25, 8, 0, 0, 1_000, time.UTC),
		Traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", Data: []byte(`{}`),
	}
	bareEvent = eventlog.Event{ID: uuid.MustParse("6ba7b811-9dad-11d1-80b4-00c04fd430c8"), Type: "T"}
)

func encode(stream eventlog.Stream, event eventlog.Event, revision eventlog.Revision, position eventlog.Position) []byte {
	b := encodeRecord(stream, &event)
	sealRecord(b, revision, position)
	return b
}

// TestRecordFormat: what has once been written can be read for ever. The files are never changed.
func TestRecordFormat(t *testing.T) {
	cases := map[string]struct {
		event    eventlog.Event
		stream   eventlog.Stream
		revision eventlog.Revision
		position eventlog.Position
	}{
		"record-1-full":   {fullEvent, "call-018df5a3-1c2b-8d3e-9f40-112233445566", 17, 123_456_789},
		"record-1-bare":   {bareEvent, "x", 1, 1},
		"record-1-traced": {tracedEvent, "agent-1001", 2, 4711},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			file, err := os.ReadFile(filepath.Join("testdata", name+".hex"))
			require.NoError(t, err)
			golden, err := hex.DecodeString(strings.Join(strings.Fields(string(file)), ""))
			require.NoError(t, err)
			var record eventlog.Record
			require.NoError(t, (&decoder{}).decode(golden, c.position, &record))
			event := c.event
			event.SwitchTime, event.RecordedAt = event.SwitchTime.UTC(), event.RecordedAt.UTC()
			require.Equal(t, eventlog.Record{Stream: c.stream, Revision: c.revision, Position: c.position, Event: event}, record)
			require.Equal(t, golden, encode(c.stream, c.event, c.revision, c.position))
		})
	}
}

// TestRecordRoundTrip: whatever may be appended is read back, and any change of its stored form is found out.
func TestRecordRoundTrip(t *testing.T) {
	ids := rapid.Custom(func(t *rapid.T) uuid.UUID {
		return uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
	})
	optional := rapid.OneOf(rapid.Just(uuid.Nil), ids)
	times := rapid.Custom(func(t *rapid.T) time.Time { return time.UnixMicro(rapid.Int64().Draw(t, "time")).UTC() })
	reader := &decoder{}
	rapid.Check(t, func(t *rapid.T) {
		want := eventlog.Record{
			Stream:   eventlog.Stream(rapid.StringN(1, 60, eventlog.MaxStreamName).Draw(t, "stream")),
			Revision: eventlog.Revision(rapid.Uint64().Draw(t, "revision")),
			Position: eventlog.Position(rapid.Uint64().Draw(t, "position")),
			Event: eventlog.Event{
				ID: ids.Draw(t, "id"), Type: rapid.StringN(1, 30, -1).Draw(t, "type"), Version: rapid.Uint16().Draw(t, "version"),
				SwitchTime: times.Draw(t, "switch"), RecordedAt: times.Draw(t, "recorded"),
				Correlation: optional.Draw(t, "correlation"), Causation: optional.Draw(t, "causation"),
				Actor: rapid.StringN(0, 30, -1).Draw(t, "actor"), Traceparent: rapid.StringN(0, 55, -1).Draw(t, "traceparent"), Inferred: rapid.Bool().Draw(t, "inferred"),
				Data: rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "data"),
			},
		}
		if len(want.Data) == 0 {
			want.Data = nil
		}
		b := encode(want.Stream, want.Event, want.Revision, want.Position)
		require.Equal(t, want.ID, encodedID(b))
		var got eventlog.Record
		require.NoError(t, reader.decode(b, want.Position, &got))
		require.Equal(t, want, got)

		require.ErrorIs(t, reader.decode(b, want.Position+1, &got), eventlog.ErrDamaged, "at another position")
		cut := rapid.IntRange(0, len(b)-1).Draw(t, "cut")
		require.ErrorIs(t, reader.decode(b[:cut], want.Position, &got), eventlog.ErrDamaged, "cut")
		changed := slices.Clone(b)
		changed[rapid.IntRange(0, len(b)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		require.ErrorIs(t, reader.decode(changed, want.Position, &got), eventlog.ErrDamaged, "a bit is another")
	})
}

func TestRecordOfANewerFormat(t *testing.T) {
	for name, change := range map[string]func(b []byte){
		"another format": func(b []byte) { b[0] = recordFormat + 1 },
		"another flag":   func(b []byte) { b[1] |= 0x80 },
	} {
		t.Run(name, func(t *testing.T) {
			b := encodeRecord("call-1", &fullEvent)
			change(b)
			sealRecord(b, 1, 1)
			require.ErrorIs(t, (&decoder{}).decode(b, 1, &eventlog.Record{}), eventlog.ErrNewerFormat)
		})
	}
}

// FuzzRecord: no bytes, however wrong, bring the reader down; not even with a right checksum.
func FuzzRecord(f *testing.F) {
	f.Add(encode("call-1", fullEvent, 1, 1))
	f.Add(encode("x", bareEvent, 1, 1))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) >= trailerSize {
			sealRecord(b, 1, 1)
		}
		reader := &decoder{}
		var record eventlog.Record
		if err := reader.decode(b, 1, &record); err != nil {
			return
		}
		again := encode(record.Stream, record.Event, record.Revision, record.Position)
		var same eventlog.Record
		require.NoError(t, reader.decode(again, 1, &same))
		require.Equal(t, record, same)
	})
}

// TestDecoderKnowsFewNames: a reader does not keep every string it ever saw.
func TestDecoderKnowsFewNames(t *testing.T) {
	reader := &decoder{}
	event := bareEvent
	for i := range 10 * maxKnown {
		event.Actor = "agent:" + strings.Repeat("x", i%200) + uuid.NewString()
		require.NoError(t, reader.decode(encode("x", event, 1, 1), 1, &eventlog.Record{}))
		require.LessOrEqual(t, len(reader.known), maxKnown)
	}
}

func TestIndexKeysStandInTheOrderOfRevisions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.StringN(1, 5, -1).Filter(func(s string) bool { return !strings.Contains(s, "\x00") })
		a, b := eventlog.Stream(names.Draw(t, "a")), eventlog.Stream(names.Draw(t, "b"))
		i, j := eventlog.Revision(rapid.Uint64().Draw(t, "i")), eventlog.Revision(rapid.Uint64().Draw(t, "j"))
		stream, revision, ok := splitIndexKey(indexKey(a, i))
		require.True(t, ok)
		require.Equal(t, a, eventlog.Stream(stream))
		require.Equal(t, i, revision)
		if a == b {
			require.Equal(t, i < j, string(indexKey(a, i)) < string(indexKey(b, j)))
		} else {
			outside := string(indexKey(b, j)) < string(indexKey(a, 0)) || string(indexKey(b, j)) >= string(indexEnd(a))
			require.True(t, outside, "keys of another stream do not lie among those of a stream")
		}
	})
}

// TestRecordsBelongToTheirReader: although many lie in one piece of memory, what is done to one does nothing to others.
func TestRecordsBelongToTheirReader(t *testing.T) {
	reader := &decoder{}
	event := fullEvent
	records := make([]eventlog.Record, 200)
	for i := range records {
		event.Data = []byte(strings.Repeat("x", i*40))
		require.NoError(t, reader.decode(encode("call-1", event, 1, 1), 1, &records[i]))
	}
	for i := range records {
		records[i].Data = append(records[i].Data, "yyy"...)
		for j := range records[i].Data {
			records[i].Data[j] = 'z'
		}
		for j := i + 1; j < len(records); j++ {
			require.Equal(t, j*40, strings.Count(string(records[j].Data), "x"), "record %d after a change of record %d", j, i)
		}
	}
	require.LessOrEqual(t, cap(reader.room), maxRoom)
}
