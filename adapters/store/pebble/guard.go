package pebble

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/callstate/callstate/domain/eventlog"
)

// guard stands between the engine and the disk, because the engine's answers to a failed write do not suit a log: it
// tries again at once and without end, or it brings the process down.
//
// With the first failed write the guard freezes the folder: no byte of it is changed any more, so that whoever opens it
// next finds the state in which that write failed. The engine is not told. It goes on in the belief that what it writes
// is written, until it wants to enter in its books that new files count and old ones do not: that is refused. And Open
// and the writer, before they say that all is well, ask whether there was a failure.
//
// The guard also sees to it that nothing is removed before the log has been found whole: see label.
type guard struct {
	vfs.FS
	dir    string
	failed func() error
	fail   func(error) error
	// frozen is closed with the first failed write, opened when the log has been opened or could not be, closing when
	// it is closed.
	frozen, opened, closing <-chan struct{}
}

// guardedFile is a file of the folder, or the folder itself.
type guardedFile struct {
	vfs.File
	guard *guard
	book  bool
}

// inside says whether a name belongs to the folder: a backup is written through the guard, too.
func (g *guard) inside(name string) bool { return g.PathDir(name) == g.dir }

// isBook says whether a file is one of those in which the engine keeps which of its files count.
func (g *guard) isBook(name string) bool {
	return strings.HasPrefix(g.PathBase(name), "MANIFEST-") || g.isMarker(name)
}

func (g *guard) isMarker(name string) bool { return strings.HasPrefix(g.PathBase(name), "marker.") }

// change changes something in the folder, unless it is frozen.
func (g *guard) change(book bool, change func() error) error {
	failed := g.failed()
	frozen := failed != nil
	if !frozen {
		err := change()
		if err == nil {
			return nil
		}
		failed = g.fail(err)
	}
	if !book || !isClosed(g.opened) {
		return nil
	}
	if frozen {
		<-g.closing // otherwise the engine would try again at once
	}
	return failed
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// create makes a file. Where the engine has to believe in one that was not made, it gets one that is not there.
func (g *guard) create(name string, create func() (vfs.File, error)) (vfs.File, error) {
	if !g.inside(name) {
		return create()
	}
	file := &guardedFile{guard: g, book: g.isBook(name)}
	err := g.change(file.book, func() (err error) {
		file.File, err = create()
		return err
	})
	if err != nil {
		return nil, err
	}
	if file.File == nil {
		file.File = vfs.NewMemFile(nil)
	}
	return file, nil
}

// Create implements vfs.FS. A marker names another file that has just been made; with the folder synced in between, a
// crash cannot leave the marker without the file.
func (g *guard) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	return g.create(name, func() (vfs.File, error) {
		if g.isMarker(name) {
			if err := g.syncFolder(); err != nil {
				return nil, err
			}
		}
		return g.FS.Create(name, category)
	})
}

func (g *guard) syncFolder() error {
	folder, err := g.FS.OpenDir(g.dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// ReuseForWrite implements vfs.FS.
func (g *guard) ReuseForWrite(oldName, newName string, category vfs.DiskWriteCategory) (vfs.File, error) {
	return g.create(newName, func() (vfs.File, error) { return g.FS.ReuseForWrite(oldName, newName, category) })
}

// OpenReadWrite implements vfs.FS.
func (g *guard) OpenReadWrite(name string, category vfs.DiskWriteCategory, options ...vfs.OpenOption) (vfs.File, error) {
	return g.create(name, func() (vfs.File, error) { return g.FS.OpenReadWrite(name, category, options...) })
}

// OpenDir implements vfs.FS.
func (g *guard) OpenDir(name string) (vfs.File, error) {
	file, err := g.FS.OpenDir(name)
	if err != nil || name != g.dir {
		return file, err
	}
	return &guardedFile{File: file, guard: g}, nil
}

// Link implements vfs.FS. To link a file elsewhere changes nothing here.
func (g *guard) Link(oldName, newName string) error {
	return g.place(newName, func() error { return g.FS.Link(oldName, newName) })
}

// Rename implements vfs.FS.
func (g *guard) Rename(oldName, newName string) error {
	return g.place(newName, func() error { return g.FS.Rename(oldName, newName) })
}

func (g *guard) place(name string, place func() error) error {
	if !g.inside(name) {
		return place()
	}
	return g.change(g.isBook(name), place)
}

// Remove implements vfs.FS. That a file could not be removed is no failure: one too many does no harm.
func (g *guard) Remove(name string) error {
	if g.inside(name) {
		if g.isContent(name) {
			select {
			case <-g.opened:
			case <-g.frozen:
			}
		}
		if err := g.failed(); err != nil {
			return err
		}
	}
	return g.FS.Remove(name)
}

// isContent says whether a file may be one without which there is less in the log.
func (g *guard) isContent(name string) bool {
	base := g.PathBase(name)
	return strings.HasPrefix(base, "MANIFEST-") ||
		strings.HasSuffix(base, ".log") || strings.HasSuffix(base, ".sst") || strings.HasSuffix(base, ".blob")
}

// Lock implements vfs.FS. It tells a lock that somebody holds from a lock file that cannot be made.
func (g *guard) Lock(name string) (io.Closer, error) {
	lock, err := g.FS.Lock(name)
	var noFile *fs.PathError
	if err != nil && !errors.As(err, &noFile) {
		return nil, fmt.Errorf("%w (%w)", eventlog.ErrInUse, err)
	}
	return lock, err
}

// Unwrap implements vfs.FS.
func (g *guard) Unwrap() vfs.FS { return g.FS }

// Write implements vfs.File.
func (f *guardedFile) Write(p []byte) (int, error) {
	return len(p), f.guard.change(f.book, func() error {
		_, err := f.File.Write(p)
		return err
	})
}

// WriteAt implements vfs.File.
func (f *guardedFile) WriteAt(p []byte, offset int64) (int, error) {
	return len(p), f.guard.change(f.book, func() error {
		_, err := f.File.WriteAt(p, offset)
		return err
	})
}

// Sync implements vfs.File.
func (f *guardedFile) Sync() error { return f.guard.change(f.book, f.File.Sync) }

// SyncData implements vfs.File.
func (f *guardedFile) SyncData() error { return f.guard.change(f.book, f.File.SyncData) }

// SyncTo implements vfs.File.
func (f *guardedFile) SyncTo(length int64) (full bool, err error) {
	err = f.guard.change(f.book, func() (err error) {
		full, err = f.File.SyncTo(length)
		return err
	})
	return full, err
}

// Preallocate implements vfs.File. It only makes later writes quicker, so that its failing is no failure: there are file
// systems that cannot do it, and a disk may have room for what is written and not for what might be.
func (f *guardedFile) Preallocate(offset, length int64) error {
	if f.guard.failed() == nil {
		_ = f.File.Preallocate(offset, length)
	}
	return nil
}

// Close implements vfs.File.
func (f *guardedFile) Close() error {
	if err := f.File.Close(); err != nil {
		_ = f.guard.fail(err)
	}
	return nil
}
