package pebble

import (
	"encoding/binary"

	"github.com/callstate/callstate/domain/eventlog"
)

// The first byte of a key says which family it belongs to; docs/formats/log.md has the whole layout.
const (
	logFamily   = 'e' // e + position                    -> the record
	indexFamily = 's' // s + stream + NUL + revision     -> its position
)

const (
	positionSize = 8
	revisionSize = 8
)

// logKey is the key of the record at a position.
func logKey(position eventlog.Position) []byte {
	return appendLogKey(make([]byte, 0, 1+positionSize), position)
}

func appendLogKey(key []byte, position eventlog.Position) []byte {
	return appendPosition(append(key, logFamily), position)
}

func appendPosition(b []byte, position eventlog.Position) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(position))
}

// logKeyPosition is the reverse of logKey.
func logKeyPosition(key []byte) (eventlog.Position, bool) {
	if len(key) != 1+positionSize || key[0] != logFamily {
		return 0, false
	}
	return eventlog.Position(binary.BigEndian.Uint64(key[1:])), true
}

// indexKey is the key under which the position of a stream's record stands. A name has no NUL, so that no stream's keys
// lie among those of another.
func indexKey(stream eventlog.Stream, revision eventlog.Revision) []byte {
	return appendIndexKey(make([]byte, 0, 2+len(stream)+revisionSize), stream, revision)
}

func appendIndexKey(key []byte, stream eventlog.Stream, revision eventlog.Revision) []byte {
	key = append(append(append(key, indexFamily), stream...), 0)
	return binary.BigEndian.AppendUint64(key, uint64(revision))
}

// indexEnd is the first key behind those of a stream.
func indexEnd(stream eventlog.Stream) []byte {
	return append(append([]byte{indexFamily}, stream...), 1)
}

// splitIndexKey is the reverse of indexKey. The stream is a part of key.
func splitIndexKey(key []byte) (stream []byte, revision eventlog.Revision, ok bool) {
	end := len(key) - revisionSize - 1
	if end < 2 || key[0] != indexFamily || key[end] != 0 {
		return nil, 0, false
	}
	return key[1:end], eventlog.Revision(binary.BigEndian.Uint64(key[end+1:])), true
}

// decodePosition is the position in the value of an index key.
func decodePosition(value []byte) (eventlog.Position, bool) {
	if len(value) != positionSize {
		return 0, false
	}
	return eventlog.Position(binary.BigEndian.Uint64(value)), true
}
