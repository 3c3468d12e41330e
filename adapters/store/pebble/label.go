package pebble

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/callstate/callstate/domain/eventlog"
)

const (
	// labelName is the file that says what is in the folder.
	labelName = "EVENTLOG"
	// logFormat is the format of the log that this program writes, the only one so far.
	logFormat = 1
	// labelEvery is after how many records the label is renewed.
	labelEvery = 1 << 16
)

// label says what is in a folder. It stands outside of the engine, which can take damage in the list of its files for a
// write that was interrupted, and then finds less than there was, or nothing at all.
type label struct {
	format  uint64
	records eventlog.Position // as many as there are at least
}

// encode is the text of the label: people look into folders.
func (l label) encode() string {
	return withChecksum(fmt.Sprintf("callstate event log\nformat %d\nrecords %d\n", l.format, l.records))
}

func withChecksum(body string) string {
	return fmt.Sprintf("%scrc32c %08x\n", body, crc32.Checksum([]byte(body), castagnoli))
}

// readLabel returns a folder's label, or none when there is no such file. The error wraps ErrDamaged or ErrNewerFormat.
func readLabel(files vfs.FS, dir string) (_ *label, err error) {
	file, err := files.Open(files.PathJoin(dir, labelName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	text, err := io.ReadAll(io.LimitReader(file, 4096))
	if err != nil {
		return nil, err
	}
	return decodeLabel(string(text))
}

func decodeLabel(text string) (*label, error) {
	body, _, _ := strings.Cut(text, "crc32c ")
	l := &label{}
	fields, _ := fmt.Sscanf(body, "callstate event log\nformat %d\nrecords %d\n", &l.format, &l.records)
	switch {
	case fields == 0 || text != withChecksum(body):
		return nil, fmt.Errorf("%w: the file %s says %q", eventlog.ErrDamaged, labelName, text)
	case l.format != logFormat || fields != 2:
		return nil, fmt.Errorf("%w: format %d, this program knows %d", eventlog.ErrNewerFormat, l.format, logFormat)
	}
	return l, nil
}

// writeLabel replaces the label of a folder. A crash leaves the old one or the new one.
func writeLabel(files vfs.FS, dir string, l label) error {
	name := files.PathJoin(dir, labelName)
	file, err := files.Create(name+".tmp", vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = io.WriteString(file, l.encode())
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := files.Rename(name+".tmp", name); err != nil {
		return err
	}
	folder, err := files.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
