package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/callstate/callstate/adapters/store/pebble"
	"github.com/callstate/callstate/domain/eventlog"
)

func newBackup(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "backup FOLDER",
		Short: "Copy the event log, also while the engine runs, into a new data folder",
		Long: `Copies the event log, as it is now, into a folder that must not exist yet. The engine may run
meanwhile, and is not held up. The folder is a data folder: look at it with --data, or let an
engine run on it. On the same disk the files of both are the same until one is deleted, so that
the copy costs nothing at first; take it elsewhere before you call it a backup.`,
		Example: `  callstate backup --data /var/lib/callstate /var/backups/callstate-monday
  callstate calls --data /var/backups/callstate-monday`,
		Args: cobra.ExactArgs(1),
	}
	as := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		to, err := filepath.Abs(args[0])
		if err != nil {
			return err
		}
		var made backup
		err = withLog(s.place, func(log *pebble.Store) (err error) {
			made, err = backUp(cmd.Context(), log, to)
			return err
		}, func() error {
			return askEngine(cmd.Context(), s.data, "backup", url.Values{"to": {to}}, &made)
		})
		if err != nil {
			return err
		}
		if *as == asJSON {
			return printJSON(cmd.OutOrStdout(), made)
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "the log up to position %d is in %s\n", made.Position, made.Folder)
		return err
	}
	return cmd
}

// backup is a copy of the log: every event up to a position is in it, and maybe some that came meanwhile.
type backup struct {
	Folder   string            `json:"folder"`
	Position eventlog.Position `json:"position"`
}

// backUp copies a log into a new data folder.
func backUp(ctx context.Context, log *pebble.Store, folder string) (made backup, err error) {
	end, err := log.End(ctx)
	if err != nil {
		return made, err
	}
	if err := os.Mkdir(folder, 0o750); err != nil {
		return made, err
	}
	if err := log.Backup(ctx, logFolder(folder)); err != nil {
		return made, errors.Join(err, os.RemoveAll(folder))
	}
	return backup{Folder: folder, Position: end}, nil
}

// withLog does something with the log of a data folder that must be there, or otherwise when it is in use.
func withLog(at place, do func(*pebble.Store) error, inUse func() error) error {
	if at.store != "" {
		return errors.New("the log is in a KurrentDB, which has its own tools for this")
	}
	if _, err := os.Stat(logFolder(at.data)); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w in %s", errNoData, at.data)
	}
	log, err := pebble.Open(logFolder(at.data), pebble.Options{})
	if errors.Is(err, eventlog.ErrInUse) {
		return inUse()
	}
	if err != nil {
		return err
	}
	return errors.Join(do(log), log.Close())
}
