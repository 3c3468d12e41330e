package pebble

import (
	"context"
	"fmt"

	pebbledb "github.com/cockroachdb/pebble/v2"
)

// Backup makes a copy of the log in a folder that must not exist yet, while the log is in use: every record that had
// been acknowledged when the call began is in it. On the same file system this takes next to no time and room, since the
// files are linked; they are never written again. The copy is opened like any log.
func (s *Store) Backup(ctx context.Context, dir string) error {
	if err := s.acquire(ctx); err != nil {
		return err
	}
	defer s.release()
	if err := s.failure(); err != nil {
		return err
	}
	end := s.tail.durable()
	err := s.db.Checkpoint(dir, pebbledb.WithFlushedWAL())
	if err == nil {
		err = writeLabel(s.files, dir, label{format: logFormat, records: end})
	}
	if err != nil {
		return fmt.Errorf("back up event log %s to %s: %w", s.dir, dir, translate(err))
	}
	return nil
}
