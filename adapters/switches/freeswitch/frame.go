package freeswitch

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Limits of a block. Both are far above what FreeSWITCH is known to send: an event has some 10 KB, the list of 5,000
// channels some 5 MB. What is larger is passed over, not read.
const (
	MaxHeaders = 256 << 10 // the headers of a block together
	MaxBody    = 32 << 20
	sampleSize = 1 << 10 // what is kept of a block that is too large
	readSize   = 64 << 10
)

// FrameKind says what a frame is.
type FrameKind uint8

// The kinds of frames.
const (
	FrameBlock      FrameKind = iota // headers and, where they announce one, a body
	FrameOversized                   // the beginning of a block larger than the limits; the rest was passed over
	FrameMalformed                   // headers that are none
	FrameIncomplete                  // what was there of a block when the stream ended
)

// Frame is one block of an event socket stream (FreeSWITCH documentation, Event Socket, "Outer headers"): header lines,
// an empty line, and as many bytes of body as Content-Length says.
type Frame struct {
	Kind        FrameKind
	ContentType string // "text/event-plain", "command/reply", ...
	Headers     string // the header lines of the block itself, not of the event in its body
	Body        string
}

// The content types of blocks.
const (
	authRequest      = "auth/request"
	commandReply     = "command/reply"
	apiResponse      = "api/response"
	eventPlain       = "text/event-plain"
	eventJSON        = "text/event-json"
	disconnectNotice = "text/disconnect-notice"
	accessRejected   = "text/rude-rejection"
)

// Size is the length of the block in bytes.
func (f Frame) Size() int { return len(f.Headers) + len(f.Body) }

// Get returns the value of one of the block's own headers, as it stands there.
func (f Frame) Get(name string) string {
	value, _ := headerIn(f.Headers, name)
	return value
}

// headerIn finds the value of a header among header lines.
func headerIn(lines, name string) (string, bool) {
	for len(lines) > 0 {
		line, rest, _ := strings.Cut(lines, "\n")
		if len(line) > len(name)+1 && line[len(name)] == ':' && strings.EqualFold(line[:len(name)], name) {
			return strings.TrimSpace(line[len(name)+1:]), true
		}
		lines = rest
	}
	return "", false
}

// FrameReader cuts the stream of an event socket into frames. What the frames are does not depend on how the stream is cut
// into reads. It is used by one goroutine.
type FrameReader struct {
	source *bufio.Reader
	err    error  // of the source, kept until what came before it was taken
	block  []byte // what is being read, used again for the next frame
	taken  int64
}

// NewFrameReader returns a reader of the frames in source.
func NewFrameReader(source io.Reader) *FrameReader {
	return &FrameReader{source: bufio.NewReaderSize(source, readSize)}
}

// Bytes is the length of all that was taken so far.
func (r *FrameReader) Bytes() int64 { return r.taken }

// errTooLong: a block's headers are beyond the limit.
var errTooLong = errors.New("too long")

// Next returns the next frame. At the end of the stream it returns what is there of an incomplete block, and after that
// the error of the source: io.EOF where the stream just ended.
func (r *FrameReader) Next() (Frame, error) {
	if r.err != nil {
		return Frame{}, r.err
	}
	headers, err := r.headers()
	switch {
	case errors.Is(err, errTooLong):
		return Frame{Kind: FrameOversized, Headers: headers}, nil
	case err != nil:
		r.err = err
		if headers == "" {
			return Frame{}, err
		}
		return Frame{Kind: FrameIncomplete, Headers: headers}, nil
	}
	frame := Frame{Headers: headers}
	if frame.ContentType = frame.Get("Content-Type"); frame.ContentType == "" {
		frame.Kind = FrameMalformed
		return frame, nil
	}
	announced, has := headerIn(headers, "Content-Length")
	if !has {
		return frame, nil
	}
	length, err := strconv.ParseInt(announced, 10, 64)
	if err != nil || length < 0 {
		frame.Kind = FrameMalformed // where its body ends is unknown: the next lines are taken for a block
		return frame, nil
	}
	return r.body(frame, length), nil
}

// headers reads header lines up to the empty line that closes them. Empty lines before the first are passed over. Lines
// beyond the limit are read and dropped.
func (r *FrameReader) headers() (string, error) {
	r.block = r.block[:0]
	whole, long := true, false // whole: a line begins now
	for {
		part, err := r.source.ReadSlice('\n')
		r.taken += int64(len(part))
		switch closes := whole && err == nil && len(bytes.TrimRight(part, "\r\n")) == 0; {
		case closes && long:
			return string(r.block[:sampleSize]), errTooLong
		case closes && len(r.block) > 0:
			return string(r.block), nil
		case closes:
			continue
		}
		if long = long || len(r.block)+len(part) > MaxHeaders; !long {
			r.block = append(r.block, part...)
		}
		if whole = err == nil; err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			if long {
				r.block = r.block[:sampleSize]
			}
			return string(r.block), err
		}
	}
}

// body reads the body of a block. What is too large is read and dropped.
func (r *FrameReader) body(frame Frame, length int64) Frame {
	keep := length
	if length > MaxBody {
		frame.Kind, keep = FrameOversized, sampleSize
	}
	r.block = r.block[:0]
	for left := int(keep); left > 0 && r.err == nil; left = int(keep) - len(r.block) {
		at := len(r.block)
		r.block = slices.Grow(r.block, min(left, readSize)) // what is announced has to come before there is room for it
		var read int
		read, r.err = io.ReadFull(r.source, r.block[at:at+min(left, readSize)])
		r.block = r.block[:at+read]
	}
	frame.Body = string(r.block)
	r.taken += int64(len(r.block))
	if r.err == nil && keep < length {
		var dropped int64
		dropped, r.err = io.CopyN(io.Discard, r.source, length-keep)
		r.taken += dropped
	}
	if r.err != nil {
		frame.Kind = FrameIncomplete
		if errors.Is(r.err, io.ErrUnexpectedEOF) {
			r.err = io.EOF
		}
	}
	if cap(r.block) > 1<<20 {
		r.block = nil
	}
	return frame
}
