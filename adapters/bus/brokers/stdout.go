package brokers

import (
	"io"

	"github.com/ThreeDotsLabs/watermill/message"
)

// lines writes payloads as JSON lines.
type lines struct{ w io.Writer }

// Publish implements message.Publisher.
func (l lines) Publish(_ string, messages ...*message.Message) error {
	for _, m := range messages {
		// In one call, so that lines do not mingle with what else is written there.
		if _, err := l.w.Write(append(append([]byte{}, m.Payload...), '\n')); err != nil {
			return err
		}
	}
	return nil
}

// Close implements message.Publisher.
func (lines) Close() error { return nil }
