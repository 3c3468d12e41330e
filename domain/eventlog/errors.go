package eventlog

import (
	"errors"
	"fmt"
)

var (
	// ErrConflict: a stream did not have the expected revision. The error is a *ConflictError with the actual one.
	ErrConflict = errors.New("stream has another revision than expected")
	// ErrClosed: the store has been closed.
	ErrClosed = errors.New("event log is closed")
	// ErrInvalid: the call itself is wrong: a bad stream name, no events, an event that is too large.
	ErrInvalid = errors.New("invalid append")
	// ErrInUse: another process has the log open.
	ErrInUse = errors.New("event log is in use by another process")
	// ErrDamaged: what was read back is not what was written.
	ErrDamaged = errors.New("event log is damaged")
	// ErrNewerFormat: the log was written by a newer version of this program.
	ErrNewerFormat = errors.New("event log has a newer format than this program knows")
	// ErrFailed: a write to the disk failed, so the store takes no more appends; reopen it to find out what is there.
	ErrFailed = errors.New("event log has failed")
)

// ConflictError says which stream had which revision.
type ConflictError struct {
	Stream   Stream
	Expected Revision
	Actual   Revision
}

// Error names the stream and both revisions.
func (e *ConflictError) Error() string {
	return fmt.Sprintf("stream %s has revision %d, expected %d", e.Stream, e.Actual, e.Expected)
}

// Is makes errors.Is(err, ErrConflict) hold.
func (e *ConflictError) Is(target error) bool { return target == ErrConflict }

// Conflicts returns the conflicts in an error of Append. ok is false when there was another failure among them, or no
// error at all: then nothing is known about the streams.
func Conflicts(err error) (conflicts []*ConflictError, ok bool) {
	switch e := err.(type) {
	case nil:
		return nil, false
	case *ConflictError:
		return []*ConflictError{e}, true
	case interface{ Unwrap() []error }:
		for _, each := range e.Unwrap() {
			found, ok := Conflicts(each)
			if !ok {
				return nil, false
			}
			conflicts = append(conflicts, found...)
		}
		return conflicts, len(conflicts) > 0
	}
	if inner := errors.Unwrap(err); inner != nil {
		return Conflicts(inner)
	}
	return nil, false
}
