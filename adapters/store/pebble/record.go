package pebble

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/google/uuid"

	"github.com/callstate/callstate/domain/eventlog"
)

// recordFormat is the first byte of every record.
const recordFormat = 1

// The bits of a record's second byte.
const (
	flagInferred = 1 << iota
	flagCorrelation
	flagCausation
	flagTraceparent
	knownFlags = flagInferred | flagCorrelation | flagCausation | flagTraceparent
)

const (
	idOffset    = 2 // the event's id stands right behind format and flags
	uuidSize    = 16
	timeSize    = 8
	trailerSize = revisionSize + crc32.Size
	// minRecordSize is a record without any optional or variable part: format, flags, id, version, two times, four
	// lengths, trailer.
	minRecordSize = idOffset + uuidSize + 2 + 2*timeSize + 4 + trailerSize
)

// castagnoli is the polynomial that processors know.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// encodeRecord returns the stored form of an event up to the trailer, for which it leaves room: revision and position
// are known only when the event's turn has come. See sealRecord.
func encodeRecord(stream eventlog.Stream, event *eventlog.Event) []byte {
	size := minRecordSize + 2*uuidSize + 5*binary.MaxVarintLen32 +
		len(stream) + len(event.Type) + len(event.Actor) + len(event.Traceparent) + len(event.Data)
	b := make([]byte, 0, size)
	var flags byte
	if event.Inferred {
		flags |= flagInferred
	}
	if event.Correlation != uuid.Nil {
		flags |= flagCorrelation
	}
	if event.Causation != uuid.Nil {
		flags |= flagCausation
	}
	if event.Traceparent != "" {
		flags |= flagTraceparent
	}
	b = append(b, recordFormat, flags)
	b = append(b, event.ID[:]...)
	if flags&flagCorrelation != 0 {
		b = append(b, event.Correlation[:]...)
	}
	if flags&flagCausation != 0 {
		b = append(b, event.Causation[:]...)
	}
	b = binary.LittleEndian.AppendUint16(b, event.Version)
	b = binary.LittleEndian.AppendUint64(b, uint64(event.SwitchTime.UnixMicro()))
	b = binary.LittleEndian.AppendUint64(b, uint64(event.RecordedAt.UnixMicro()))
	b = appendString(b, string(stream))
	b = appendString(b, event.Type)
	b = appendString(b, event.Actor)
	b = binary.AppendUvarint(b, uint64(len(event.Data)))
	b = append(b, event.Data...)
	if flags&flagTraceparent != 0 {
		b = appendString(b, event.Traceparent)
	}
	return b[:len(b)+trailerSize]
}

// sealRecord completes an encoded record with its revision and with the checksum, which covers the position too, so
// that a record in a wrong place is found out.
func sealRecord(record []byte, revision eventlog.Revision, position eventlog.Position) {
	sum := len(record) - crc32.Size
	binary.LittleEndian.PutUint64(record[sum-revisionSize:], uint64(revision))
	binary.LittleEndian.PutUint32(record[sum:], checksum(record[:sum], position))
}

// encodedID is the id of the event in a record.
func encodedID(record []byte) uuid.UUID { return uuid.UUID(record[idOffset : idOffset+uuidSize]) }

func checksum(b []byte, position eventlog.Position) uint32 {
	var key [positionSize]byte
	binary.BigEndian.PutUint64(key[:], uint64(position))
	return crc32.Update(crc32.Checksum(b, castagnoli), castagnoli, key[:])
}

func damagedRecord(position eventlog.Position, what string) error {
	return fmt.Errorf("%w: the record at position %d: %s", eventlog.ErrDamaged, position, what)
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// decoder takes records apart. One belongs to one reader, for it remembers strings.
type decoder struct {
	// rest is what is left of the record in hand; broken is set once something was missing.
	rest   []byte
	broken bool
	// known are the few strings that stand in nearly every record, so that each is made once.
	known map[string]string
	// room is where the data of the next records goes: one piece of memory for many of them.
	room []byte
}

const (
	// maxKnown bounds the strings that a decoder remembers: types are few, actors may be many.
	maxKnown = 512
	// minRoom and maxRoom are the sizes of the pieces of memory for data, which grow while a reader goes on. Who keeps
	// one record keeps all of its piece, which is why even a large one is small.
	minRoom, maxRoom = 512, 32 << 10
)

// decode reads the stored form of the record at a position, of which it keeps nothing. The error wraps ErrDamaged or
// ErrNewerFormat.
func (d *decoder) decode(b []byte, position eventlog.Position, r *eventlog.Record) error {
	if len(b) < minRecordSize {
		return damagedRecord(position, "it is too short")
	}
	sum := len(b) - crc32.Size
	if checksum(b[:sum], position) != binary.LittleEndian.Uint32(b[sum:]) {
		return damagedRecord(position, "its checksum is wrong")
	}
	flags := b[1]
	if b[0] != recordFormat || flags&^knownFlags != 0 {
		return fmt.Errorf("%w: the record at position %d has format %d with flags %#x",
			eventlog.ErrNewerFormat, position, b[0], flags)
	}
	r.Position = position
	r.Revision = eventlog.Revision(binary.LittleEndian.Uint64(b[sum-revisionSize:]))
	r.Inferred = flags&flagInferred != 0
	d.rest, d.broken = b[idOffset:sum-revisionSize], false
	r.ID = d.uuid(true)
	r.Correlation = d.uuid(flags&flagCorrelation != 0)
	r.Causation = d.uuid(flags&flagCausation != 0)
	r.Version = d.uint16()
	r.SwitchTime = d.time()
	r.RecordedAt = d.time()
	r.Stream = eventlog.Stream(d.bytes())
	r.Type = d.name()
	r.Actor = d.name()
	r.Data = d.keep(d.bytes())
	r.Traceparent = ""
	if flags&flagTraceparent != 0 {
		r.Traceparent = string(d.bytes())
	}
	if d.broken || len(d.rest) > 0 {
		return damagedRecord(position, "its lengths do not add up")
	}
	return nil
}

// keep returns a copy that nobody else has.
func (d *decoder) keep(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	if cap(d.room)-len(d.room) < len(b) {
		d.room = make([]byte, 0, max(len(b), min(max(2*cap(d.room), minRoom), maxRoom)))
	}
	start := len(d.room)
	d.room = append(d.room, b...)
	return d.room[start:len(d.room):len(d.room)]
}

func (d *decoder) take(n int) []byte {
	if n > len(d.rest) {
		d.broken, d.rest = true, nil
		return nil
	}
	taken := d.rest[:n]
	d.rest = d.rest[n:]
	return taken
}

func (d *decoder) uuid(there bool) (id uuid.UUID) {
	if there {
		copy(id[:], d.take(uuidSize))
	}
	return id
}

func (d *decoder) uint16() uint16 {
	b := d.take(2)
	if b == nil {
		return 0
	}
	return binary.LittleEndian.Uint16(b)
}

func (d *decoder) time() time.Time {
	b := d.take(timeSize)
	if b == nil {
		return time.Time{}
	}
	return time.UnixMicro(int64(binary.LittleEndian.Uint64(b))).UTC()
}

// bytes reads what stands behind its length: nil when it is empty.
func (d *decoder) bytes() []byte {
	length, n := binary.Uvarint(d.rest)
	if n <= 0 || length > uint64(len(d.rest)) {
		d.broken, d.rest = true, nil
		return nil
	}
	d.rest = d.rest[n:]
	if length == 0 {
		return nil
	}
	return d.take(int(length))
}

func (d *decoder) name() string {
	b := d.bytes()
	if len(b) == 0 {
		return ""
	}
	if name, ok := d.known[string(b)]; ok {
		return name
	}
	if d.known == nil || len(d.known) >= maxKnown {
		d.known = make(map[string]string)
	}
	name := string(b)
	d.known[name] = name
	return name
}
