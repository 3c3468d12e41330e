package peers

import (
	"context"
	"iter"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/callstate/callstate/domain/eventlog"
)

// postgres keeps the log in one table. Each group is one statement, so that it is parsed and committed once.
type postgres struct{ pool *pgxpool.Pool }

const createTable = `
DROP TABLE IF EXISTS events;
CREATE TABLE events (
	position bigint PRIMARY KEY, stream text NOT NULL, revision bigint NOT NULL, id uuid NOT NULL,
	type text NOT NULL, version int NOT NULL, switch_time timestamptz NOT NULL, recorded_at timestamptz NOT NULL,
	correlation uuid NOT NULL, causation uuid NOT NULL, actor text NOT NULL, inferred bool NOT NULL, data bytea NOT NULL,
	UNIQUE (stream, revision)
)`

const insertGroup = `INSERT INTO events SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::uuid[], $5::text[],
	$6::int[], $7::timestamptz[], $8::timestamptz[], $9::uuid[], $10::uuid[], $11::text[], $12::bool[], $13::bytea[])`

// OpenPostgres begins a new log in a database, in place of the one that is there.
func OpenPostgres(ctx context.Context, url string) (*Store, error) {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return nil, err
	}
	if _, err := pool.Exec(ctx, createTable); err != nil {
		pool.Close()
		return nil, err
	}
	return newStore(&postgres{pool}), nil
}

func (p *postgres) head(ctx context.Context, stream eventlog.Stream) (head eventlog.Revision, err error) {
	err = p.pool.QueryRow(ctx, "SELECT coalesce(max(revision), 0) FROM events WHERE stream = $1", string(stream)).Scan(&head)
	return head, err
}

func (p *postgres) end(ctx context.Context) (end eventlog.Position, err error) {
	err = p.pool.QueryRow(ctx, "SELECT coalesce(max(position), 0) FROM events").Scan(&end)
	return end, err
}

func (p *postgres) write(ctx context.Context, records []eventlog.Record) error {
	columns := make([]any, 13)
	columns[0] = column(records, func(r *eventlog.Record) int64 { return int64(r.Position) })
	columns[1] = column(records, func(r *eventlog.Record) string { return string(r.Stream) })
	columns[2] = column(records, func(r *eventlog.Record) int64 { return int64(r.Revision) })
	columns[3] = column(records, func(r *eventlog.Record) uuid.UUID { return r.ID })
	columns[4] = column(records, func(r *eventlog.Record) string { return r.Type })
	columns[5] = column(records, func(r *eventlog.Record) int32 { return int32(r.Version) })
	columns[6] = column(records, func(r *eventlog.Record) any { return r.SwitchTime })
	columns[7] = column(records, func(r *eventlog.Record) any { return r.RecordedAt })
	columns[8] = column(records, func(r *eventlog.Record) uuid.UUID { return r.Correlation })
	columns[9] = column(records, func(r *eventlog.Record) uuid.UUID { return r.Causation })
	columns[10] = column(records, func(r *eventlog.Record) string { return r.Actor })
	columns[11] = column(records, func(r *eventlog.Record) bool { return r.Inferred })
	columns[12] = column(records, func(r *eventlog.Record) []byte { return r.Data })
	_, err := p.pool.Exec(ctx, insertGroup, columns...)
	return err
}

func column[T any](records []eventlog.Record, value func(*eventlog.Record) T) []T {
	values := make([]T, len(records))
	for i := range records {
		values[i] = value(&records[i])
	}
	return values
}

func (p *postgres) readAll(ctx context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error] {
	return p.read(ctx, "SELECT * FROM events WHERE position > $1 ORDER BY position", int64(after))
}

func (p *postgres) readStream(ctx context.Context, stream eventlog.Stream, from eventlog.Revision) iter.Seq2[eventlog.Record, error] {
	return p.read(ctx, "SELECT * FROM events WHERE stream = $1 AND revision >= $2 ORDER BY revision", string(stream), int64(from))
}

func (p *postgres) read(ctx context.Context, query string, args ...any) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		rows, err := p.pool.Query(ctx, query, args...)
		if err != nil {
			yield(eventlog.Record{}, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			record, err := scan(rows)
			if !yield(record, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(eventlog.Record{}, err)
		}
	}
}

func scan(rows pgx.Rows) (r eventlog.Record, err error) {
	err = rows.Scan(&r.Position, &r.Stream, &r.Revision, &r.ID, &r.Type, &r.Version, &r.SwitchTime, &r.RecordedAt,
		&r.Correlation, &r.Causation, &r.Actor, &r.Inferred, &r.Data)
	return r, err
}

func (p *postgres) close() error {
	p.pool.Close()
	return nil
}
