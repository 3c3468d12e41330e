package asterisk

import (
	"bytes"
	"io"
	"strings"
)

// MaxBlock is the size in bytes beyond which a block is not read but passed over. The longest that Asterisk is known to
// send (Status with all variables) are a few ten kilobytes.
const MaxBlock = 1 << 20

const (
	bannerPrefix = "Asterisk Call Manager/"
	maxBanner    = 256 // the longest first line taken for a banner
	readSize     = 64 << 10
	sampleSize   = 1 << 10 // what is kept of a block that is too large
)

// FrameKind says what a frame is.
type FrameKind uint8

// The kinds of frames.
const (
	FrameBlock      FrameKind = iota // the text of a block, without the empty line that closes it
	FrameBanner                      // the line with which a connection begins, without its line end
	FrameOversized                   // the beginning of a block larger than MaxBlock; the rest was passed over
	FrameIncomplete                  // what was there of a block when the stream ended
)

// Frame is one piece of an AMI stream.
type Frame struct {
	Kind FrameKind
	Raw  string
}

// Size is the length of the text in bytes.
func (f Frame) Size() int { return len(f.Raw) }

// Version is the version of AMI that a banner tells ("11.0.0").
func (f Frame) Version() string { return strings.TrimPrefix(f.Raw, bannerPrefix) }

// FrameReader cuts a stream of AMI into frames. Only CRLF CRLF closes a block, as values may have a bare LF in them. What
// the frames are does not depend on how the stream is cut into reads.
//
// Banners are seen wherever a block could begin, so recordings of consecutive connections may be joined into one.
// It is used by one goroutine.
type FrameReader struct {
	source io.Reader
	err    error // of the source, kept until what came before it was taken

	buf        []byte
	start, end int // what is read and not yet taken
	searched   int // from start: no block ends before
	discarding bool
	taken      int64
}

// NewFrameReader returns a reader of the frames in source.
func NewFrameReader(source io.Reader) *FrameReader {
	return &FrameReader{source: source, buf: make([]byte, readSize)}
}

// Next returns the next frame. At the end of the stream it returns what is there of an incomplete block, and after that
// the error of the source: io.EOF where the stream just ended.
func (r *FrameReader) Next() (Frame, error) {
	for {
		if frame, ok := r.cut(); ok {
			return frame, nil
		}
		if r.err != nil {
			return r.last()
		}
		r.fill()
	}
}

// Bytes is the length of all frames taken so far, with what separates them.
func (r *FrameReader) Bytes() int64 { return r.taken }

// cut takes a frame off what has been read, if it is all there.
func (r *FrameReader) cut() (Frame, bool) {
	for {
		if r.searched == 0 && !r.discarding {
			if frame, found, wait := r.atStart(); found || wait {
				return frame, found
			}
		}
		unread := r.buf[r.start:r.end]
		from := max(0, r.searched-3)
		at := bytes.Index(unread[from:], []byte("\r\n\r\n"))
		if at < 0 {
			r.searched = len(unread)
			return r.discardExcess(unread)
		}
		at += from
		raw := unread[:at]
		r.take(at + 4)
		switch {
		case r.discarding:
			r.discarding = false
			continue
		case at > MaxBlock:
			return Frame{Kind: FrameOversized, Raw: string(raw[:sampleSize])}, true
		}
		return Frame{Raw: string(raw)}, true
	}
}

// atStart looks at what can only stand where a block begins: empty lines, which are passed over, and a banner. wait: what
// has been read is too little to tell.
func (r *FrameReader) atStart() (frame Frame, found, wait bool) {
	unread := r.buf[r.start:r.end]
	for len(unread) >= 2 && unread[0] == '\r' && unread[1] == '\n' {
		r.take(2)
		unread = unread[2:]
	}
	if len(unread) == 0 || len(unread) == 1 && unread[0] == '\r' {
		return Frame{}, false, true
	}
	if !bytes.HasPrefix(unread, []byte(bannerPrefix)) {
		return Frame{}, false, strings.HasPrefix(bannerPrefix, string(unread[:min(len(unread), len(bannerPrefix))]))
	}
	line := unread[:min(len(unread), maxBanner)]
	lf := bytes.IndexByte(line, '\n')
	if lf < 0 {
		return Frame{}, false, len(line) < maxBanner
	}
	r.take(lf + 1)
	return Frame{Kind: FrameBanner, Raw: string(bytes.TrimRight(line[:lf], "\r"))}, true, false
}

// discardExcess begins to pass over a block that has become too large, and goes on with it. Of what is passed over, the
// last three bytes stay: they may be the beginning of its end.
func (r *FrameReader) discardExcess(unread []byte) (Frame, bool) {
	if r.discarding {
		r.take(max(0, len(unread)-3))
		r.searched = r.end - r.start
		return Frame{}, false
	}
	if len(unread) <= MaxBlock+3 {
		return Frame{}, false
	}
	frame := Frame{Kind: FrameOversized, Raw: string(unread[:sampleSize])}
	r.discarding = true
	r.take(len(unread) - 3)
	r.searched = r.end - r.start
	return frame, true
}

// last returns the incomplete rest, once, and then the error.
func (r *FrameReader) last() (Frame, error) {
	rest := string(r.buf[r.start:r.end])
	r.take(len(rest))
	if rest == "" || r.discarding {
		return Frame{}, r.err
	}
	return Frame{Kind: FrameIncomplete, Raw: rest}, nil
}

func (r *FrameReader) take(n int) {
	r.start += n
	r.taken += int64(n)
	r.searched = 0
}

// maxEmptyReads bounds how often a source may give nothing without saying why.
const maxEmptyReads = 100

// fill reads until there is more. The buffer grows with the block that is in it, to little more than MaxBlock.
func (r *FrameReader) fill() {
	if r.start == r.end {
		r.start, r.end = 0, 0
	}
	if r.end == len(r.buf) {
		unread := r.buf[r.start:r.end]
		into := r.buf
		if len(unread) > len(r.buf)/2 {
			into = make([]byte, 2*len(r.buf))
		}
		copy(into, unread)
		r.buf, r.start, r.end = into, 0, len(unread)
	}
	for range maxEmptyReads {
		var n int
		n, r.err = r.source.Read(r.buf[r.end:])
		r.end += n
		if n > 0 || r.err != nil {
			return
		}
	}
	r.err = io.ErrNoProgress
}
