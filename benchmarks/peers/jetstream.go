package peers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"

	"github.com/callstate/callstate/domain/eventlog"
)

// jetStream keeps the log in one stream of a server in this process, with a subject for each of our streams. The server
// syncs what it acknowledges (SyncAlways): by default it does so every two minutes, which is not durable on return. Each
// group is one atomic batch, which is synced once.
type jetStream struct {
	server     *server.Server
	connection *nats.Conn
	log        natsjs.Stream
}

const (
	subjectPrefix = "events."
	readTimeout   = 5 * time.Second
)

// OpenJetStream begins a new log in a folder.
func OpenJetStream(ctx context.Context, dir string) (*Store, error) {
	running, err := server.NewServer(&server.Options{
		JetStream: true, StoreDir: dir, SyncAlways: true, DontListen: true, NoLog: true, NoSigs: true,
	})
	if err != nil {
		return nil, err
	}
	running.Start()
	if !running.ReadyForConnections(10 * time.Second) {
		running.Shutdown()
		return nil, errors.New("the server does not start")
	}
	j := &jetStream{server: running}
	if j.connection, err = nats.Connect("", nats.InProcessServer(running)); err != nil {
		return nil, errors.Join(err, j.close())
	}
	client, err := natsjs.New(j.connection)
	if err == nil {
		j.log, err = client.CreateStream(ctx, natsjs.StreamConfig{
			Name: "EVENTS", Subjects: []string{subjectPrefix + ">"}, Storage: natsjs.FileStorage, AllowAtomicPublish: true,
		})
	}
	if err != nil {
		return nil, errors.Join(err, j.close())
	}
	return newStore(j), nil
}

func subject(stream eventlog.Stream) string {
	return subjectPrefix + strings.ReplaceAll(string(stream), ".", "_")
}

func (j *jetStream) head(ctx context.Context, stream eventlog.Stream) (eventlog.Revision, error) {
	last, err := j.log.GetLastMsgForSubject(ctx, subject(stream))
	if errors.Is(err, natsjs.ErrMsgNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	record, err := decode(last.Data)
	return record.Revision, err
}

func (j *jetStream) end(ctx context.Context) (eventlog.Position, error) {
	info, err := j.log.Info(ctx)
	if err != nil {
		return 0, err
	}
	return eventlog.Position(info.State.LastSeq), nil
}

// write publishes an atomic batch (ADR-50 of NATS): only its last message is answered, when all of it is stored.
func (j *jetStream) write(ctx context.Context, records []eventlog.Record) error {
	batch := uuid.NewString()
	for i := range records {
		message := nats.NewMsg(subject(records[i].Stream))
		message.Header.Set("Nats-Batch-Id", batch)
		message.Header.Set("Nats-Batch-Sequence", strconv.Itoa(i+1))
		message.Data = encode(&records[i])
		if i < len(records)-1 {
			if err := j.connection.PublishMsg(message); err != nil {
				return err
			}
			continue
		}
		message.Header.Set("Nats-Batch-Commit", "1")
		reply, err := j.connection.RequestMsgWithContext(ctx, message)
		if err != nil {
			return err
		}
		var answer struct {
			Error *struct {
				Description string `json:"description"`
			} `json:"error"`
		}
		if err := json.Unmarshal(reply.Data, &answer); err != nil {
			return err
		}
		if answer.Error != nil {
			return errors.New(answer.Error.Description)
		}
	}
	return nil
}

func (j *jetStream) readAll(ctx context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		info, err := j.log.Info(ctx)
		if err != nil {
			yield(eventlog.Record{}, err)
			return
		}
		j.read(ctx, natsjs.OrderedConsumerConfig{
			DeliverPolicy: natsjs.DeliverByStartSequencePolicy, OptStartSeq: uint64(after) + 1,
		}, info.State.LastSeq, yield)
	}
}

func (j *jetStream) readStream(ctx context.Context, stream eventlog.Stream, from eventlog.Revision) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		last, err := j.log.GetLastMsgForSubject(ctx, subject(stream))
		if errors.Is(err, natsjs.ErrMsgNotFound) {
			return
		}
		if err != nil {
			yield(eventlog.Record{}, err)
			return
		}
		j.read(ctx, natsjs.OrderedConsumerConfig{FilterSubjects: []string{subject(stream)}}, last.Sequence,
			func(record eventlog.Record, err error) bool {
				return err == nil && record.Revision < from || yield(record, err)
			})
	}
}

// read yields what a consumer gets up to a sequence number.
func (j *jetStream) read(
	ctx context.Context, config natsjs.OrderedConsumerConfig, until uint64, yield func(eventlog.Record, error) bool,
) {
	if config.OptStartSeq > until {
		return
	}
	client, err := natsjs.New(j.connection)
	if err != nil {
		yield(eventlog.Record{}, err)
		return
	}
	consumer, err := client.OrderedConsumer(ctx, "EVENTS", config)
	if err != nil {
		yield(eventlog.Record{}, err)
		return
	}
	messages, err := consumer.Messages()
	if err != nil {
		yield(eventlog.Record{}, err)
		return
	}
	defer messages.Stop()
	for {
		message, err := messages.Next(natsjs.NextMaxWait(readTimeout))
		if err != nil {
			yield(eventlog.Record{}, fmt.Errorf("read up to %d: %w", until, err))
			return
		}
		about, err := message.Metadata()
		var record eventlog.Record
		if err == nil {
			record, err = decode(message.Data())
			record.Position = eventlog.Position(about.Sequence.Stream)
		}
		if !yield(record, err) || err != nil || about.Sequence.Stream >= until {
			return
		}
	}
}

func (j *jetStream) close() error {
	if j.connection != nil {
		j.connection.Close()
	}
	j.server.Shutdown()
	j.server.WaitForShutdown()
	return nil
}
