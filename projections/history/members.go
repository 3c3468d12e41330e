package history

import (
	"encoding/binary"
	"fmt"
	"iter"
	"math"
	"math/bits"
)

// blockSize is how many calls, by their ids, make a block of the index.
const blockSize = 1 << 11

// members are some of the calls of a block.
type members [blockSize / 64]uint64

// everyone is all calls of a block.
func everyone() *members {
	var all members
	for i := range all {
		all[i] = math.MaxUint64
	}
	return &all
}

func (m *members) set(at int, in bool) {
	if in {
		m[at/64] |= 1 << (at % 64)
	} else {
		m[at/64] &^= 1 << (at % 64)
	}
}

func (m *members) and(other *members) {
	for i := range m {
		m[i] &= other[i]
	}
}

func (m *members) count() (count int) {
	for _, word := range m {
		count += bits.OnesCount64(word)
	}
	return count
}

func (m *members) each() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, word := range m {
			for ; word != 0; word &= word - 1 {
				if !yield(i*64 + bits.TrailingZeros64(word)) {
					return
				}
			}
		}
	}
}

// asBits is the length of a blob with a bit for each call of the block. A shorter one has two bytes for each member.
const asBits = blockSize / 8

// blob is the members as the database has them.
func (m *members) blob() []byte {
	if m.count()*2 < asBits {
		var all []byte
		for at := range m.each() {
			all = binary.LittleEndian.AppendUint16(all, uint16(at))
		}
		return all
	}
	all := make([]byte, 0, asBits)
	for _, word := range m {
		all = binary.LittleEndian.AppendUint64(all, word)
	}
	return all
}

// add adds the members that a blob tells.
func (m *members) add(blob []byte) error {
	if len(blob) == asBits {
		for i := range m {
			m[i] |= binary.LittleEndian.Uint64(blob[i*8:])
		}
		return nil
	}
	if len(blob) > asBits || len(blob)%2 != 0 {
		return fmt.Errorf("%d bytes are no calls of a block", len(blob))
	}
	for ; len(blob) > 0; blob = blob[2:] {
		at := int(binary.LittleEndian.Uint16(blob))
		if at >= blockSize {
			return fmt.Errorf("there is no call %d in a block", at)
		}
		m.set(at, true)
	}
	return nil
}
