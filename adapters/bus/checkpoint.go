package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/callstate/callstate/domain/eventlog"
)

// Checkpoint remembers how far somebody has come in the log.
type Checkpoint interface {
	// Load is the position that was saved last; known is false when none ever was.
	Load(ctx context.Context) (position eventlog.Position, known bool, err error)
	// Save is durable on return.
	Save(ctx context.Context, position eventlog.Position) error
}

// File is a Checkpoint in a file of this path.
type File string

// checkpoint is what the file holds, as JSON.
type checkpoint struct {
	Position eventlog.Position `json:"position"`
}

// Load implements Checkpoint.
func (f File) Load(context.Context) (eventlog.Position, bool, error) {
	text, err := os.ReadFile(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	var c checkpoint
	if err := json.Unmarshal(text, &c); err != nil {
		return 0, false, fmt.Errorf("checkpoint %s: %w", f, err)
	}
	return c.Position, true, nil
}

// Save implements Checkpoint. The file is replaced as a whole: a crash leaves the old one or the new one.
func (f File) Save(_ context.Context, position eventlog.Position) error {
	text, err := json.Marshal(checkpoint{position})
	if err != nil {
		return err
	}
	next := string(f) + ".new"
	if err := writeSynced(next, append(text, '\n')); err != nil {
		return err
	}
	if err := os.Rename(next, string(f)); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(string(f)))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func writeSynced(path string, text []byte) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Sync(), file.Close())
}
