package connection

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
)

// Execute has an order of the engine carried out: forCall or forAgent says by which actions, and do has the switch do one
// and waits for its answer. After the first that fails the rest is left. What went wrong is an error of package call.
func Execute[A any](
	o engine.Order, forCall func(call.ConnID, call.Order) ([]A, error), forAgent func(string, agent.Order) ([]A, error), do func(A) error,
) error {
	var actions []A
	var err error
	switch {
	case o.Do != nil:
		actions, err = forCall(o.Call, *o.Do)
	case o.DoAgent != nil:
		actions, err = forAgent(o.Agent, *o.DoAgent)
	default:
		err = Unsupported("an empty order")
	}
	if err != nil {
		return err
	}
	for i, action := range actions {
		if err := do(action); err != nil {
			return told(err, i)
		}
	}
	return nil
}

// told is an error of a link in the words of the domain. done is how many actions were done before.
func told(err error, done int) error {
	reason := call.ErrOutcomeUnknown
	switch {
	case errors.Is(err, ErrRefused):
		reason = call.ErrSwitchRefused
	case errors.Is(err, ErrNotConnected), errors.Is(err, ErrNotSent):
		reason = call.ErrLinkDown
	case errors.Is(err, ErrInvalid):
		reason = call.ErrInvalid
	}
	if done > 0 {
		return fmt.Errorf("%w: %w (after %d other actions of the same request)", reason, err, done)
	}
	return fmt.Errorf("%w: %w", reason, err)
}

// Unsupported is call.ErrUnsupported with why.
func Unsupported(why string) error { return fmt.Errorf("%w: %s", call.ErrUnsupported, why) }

// Fingerprint is a command id as part of a name: whatever is in it, it is 16 letters and digits.
func Fingerprint(command string) string {
	hash := sha256.Sum256([]byte(command))
	return hex.EncodeToString(hash[:8])
}
