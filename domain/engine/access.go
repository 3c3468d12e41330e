package engine

import (
	"context"

	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/domain/wire"
)

// Viewed records that somebody looks at something. When it returns nil that is durable: whoever shows the past shows it
// after that.
func (e *Engine) Viewed(ctx context.Context, actor string, what access.Body) error {
	return e.settle(ctx, func(b *batch) error {
		entry, err := e.open(ctx, b, wire.AuditStream(what.Subject()))
		if err != nil {
			return err
		}
		now := e.now()
		entry.add(now, wire.EncodeAccess(entry.stream, entry.next(), maskedAccess(access.Event{At: now, Actor: actor, Body: what})))
		return nil
	})
}
