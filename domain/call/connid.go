package call

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// ConnID is the connection ID: what names a call from its birth to the end of all records of it. It never changes,
// whatever the switch does with its own ids.
//
// It is a UUID of version 8 (RFC 9562, section 5.8) and derived, not drawn: 48 bits of the call's birth on the switch
// in milliseconds, so that it sorts by time, and 74 bits of a hash over the switch's name and the switch's own id of
// the call. Whoever sees the same call, today or from a recording years later, derives the same ConnID.
type ConnID uuid.UUID

// NewConnID derives the ConnID of a call that was born at a moment on the named switch, under the switch's own id.
func NewConnID(born time.Time, switchName, switchCallID string) ConnID {
	hash := sha256.New()
	hash.Write([]byte(switchName))
	hash.Write([]byte{0}) // so that ("a", "bc") and ("ab", "c") differ
	hash.Write([]byte(switchCallID))
	var id ConnID
	copy(id[:], hash.Sum(nil))
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(max(born.UnixMilli(), 0)))
	copy(id[:6], ms[2:])
	id[6] = id[6]&0x0f | 0x80 // version 8
	id[8] = id[8]&0x3f | 0x80 // RFC 9562 variant
	return id
}

// ParseConnID reads the text form of a ConnID.
func ParseConnID(text string) (ConnID, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		return ConnID{}, fmt.Errorf("%q is not a connection id: %w", text, err)
	}
	return ConnID(id), nil
}

// String is the text form: 36 characters in five groups.
func (id ConnID) String() string { return uuid.UUID(id).String() }

// IsZero reports whether id names no call.
func (id ConnID) IsZero() bool { return id == ConnID{} }

// Born is the moment that the ConnID carries, in milliseconds, UTC.
func (id ConnID) Born() time.Time {
	var ms [8]byte
	copy(ms[2:], id[:6])
	return time.UnixMilli(int64(binary.BigEndian.Uint64(ms[:]))).UTC()
}

// MarshalText is the text form; that of the zero ConnID is empty.
func (id ConnID) MarshalText() ([]byte, error) {
	if id.IsZero() {
		return nil, nil
	}
	return []byte(id.String()), nil
}

// UnmarshalText reads what MarshalText wrote.
func (id *ConnID) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*id = ConnID{}
		return nil
	}
	parsed, err := ParseConnID(string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}
