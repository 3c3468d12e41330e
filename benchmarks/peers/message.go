package peers

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/callstate/callstate/domain/eventlog"
)

// encode is a record as the payload of a message: the fixed parts, then the others behind their lengths.
func encode(r *eventlog.Record) []byte {
	b := make([]byte, 0, 128+len(r.Stream)+len(r.Data))
	b = binary.LittleEndian.AppendUint64(b, uint64(r.Revision))
	b = append(b, r.ID[:]...)
	b = append(b, r.Correlation[:]...)
	b = append(b, r.Causation[:]...)
	b = binary.LittleEndian.AppendUint64(b, uint64(r.SwitchTime.UnixMicro()))
	b = binary.LittleEndian.AppendUint64(b, uint64(r.RecordedAt.UnixMicro()))
	b = binary.LittleEndian.AppendUint16(b, r.Version)
	inferred := byte(0)
	if r.Inferred {
		inferred = 1
	}
	b = append(b, inferred)
	for _, part := range []string{string(r.Stream), r.Type, r.Actor} {
		b = append(binary.AppendUvarint(b, uint64(len(part))), part...)
	}
	return append(b, r.Data...)
}

const fixedSize = 8 + 3*16 + 2*8 + 2 + 1

var errShort = errors.New("a message is too short")

func decode(b []byte) (r eventlog.Record, err error) {
	if len(b) < fixedSize {
		return r, errShort
	}
	r.Revision = eventlog.Revision(binary.LittleEndian.Uint64(b))
	copy(r.ID[:], b[8:])
	copy(r.Correlation[:], b[24:])
	copy(r.Causation[:], b[40:])
	r.SwitchTime = time.UnixMicro(int64(binary.LittleEndian.Uint64(b[56:]))).UTC()
	r.RecordedAt = time.UnixMicro(int64(binary.LittleEndian.Uint64(b[64:]))).UTC()
	r.Version = binary.LittleEndian.Uint16(b[72:])
	r.Inferred = b[74] == 1
	rest := b[fixedSize:]
	var parts [3]string
	for i := range parts {
		length, n := binary.Uvarint(rest)
		if n <= 0 || length > uint64(len(rest)-n) {
			return r, errShort
		}
		parts[i], rest = string(rest[n:n+int(length)]), rest[n+int(length):]
	}
	r.Stream, r.Type, r.Actor = eventlog.Stream(parts[0]), parts[1], parts[2]
	r.Data = append([]byte(nil), rest...)
	return r, nil
}
