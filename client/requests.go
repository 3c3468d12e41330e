package client

import (
	"context"
	"maps"
	"net/http"
)

// By says who asks.
type By struct {
	Actor string // agent:1001; passed over where the engine knows by the token who asks
	DN    string // the device that acts; empty: that of the agent
	Party string // the party of the call that acts, instead of the DN or with it
	// Key makes the request one that acts once: who got no answer asks again with the same Key, and gets the same outcome.
	// Empty: the engine chooses one, and the request cannot be repeated.
	Key string
}

// Receipt says that it is in the log that something was asked, and that the switch has taken it. What came of it the feed
// tells; one whose Update has this Position or a later one has it.
type Receipt struct {
	Position  uint64 `json:"position"`
	EventID   string `json:"eventId,omitempty"` // empty: all was so already
	CommandID string `json:"commandId,omitempty"`
	ConnID    string `json:"connId,omitempty"` // of the call that is being made
}

// fields are the body of a request beside who asks.
type fields map[string]any

func (c *Client) ask(ctx context.Context, path string, by By, body fields) (receipt Receipt, err error) {
	all := fields{}
	for name, value := range map[string]string{"actor": by.Actor, "dn": by.DN, "party": by.Party} {
		if value != "" {
			all[name] = value
		}
	}
	for name, value := range body {
		if value != "" {
			all[name] = value
		}
	}
	header := http.Header{}
	if by.Key != "" {
		header.Set("Idempotency-Key", by.Key)
	}
	return receipt, c.do(ctx, http.MethodPost, path, header, all, &receipt)
}

// OnCall asks for something by its name in the API, POST /v1/calls/{connId}/{name}, with the fields that it has beside who
// asks. It is for what has no method here.
func (c *Client) OnCall(ctx context.Context, connID, name string, by By, more map[string]any) (Receipt, error) {
	return c.ask(ctx, callPath(connID, "/"+name), by, maps.Clone(more))
}

// Answer takes a call that rings.
func (c *Client) Answer(ctx context.Context, connID string, by By) (Receipt, error) {
	return c.OnCall(ctx, connID, "answer", by, nil)
}

// Hold puts a call on hold.
func (c *Client) Hold(ctx context.Context, connID string, by By) (Receipt, error) {
	return c.OnCall(ctx, connID, "hold", by, nil)
}

// Retrieve takes a call back from hold.
func (c *Client) Retrieve(ctx context.Context, connID string, by By) (Receipt, error) {
	return c.OnCall(ctx, connID, "retrieve", by, nil)
}

// Release leaves a call.
func (c *Client) Release(ctx context.Context, connID string, by By) (Receipt, error) {
	return c.OnCall(ctx, connID, "release", by, nil)
}

// Redirect sends a call that rings to another device.
func (c *Client) Redirect(ctx context.Context, connID, to string, by By) (Receipt, error) {
	return c.OnCall(ctx, connID, "redirect", by, fields{"to": to})
}

// Transfer sends the other party on without asking: a blind transfer.
func (c *Client) Transfer(ctx context.Context, connID, to string, by By) (Receipt, error) {
	return c.OnCall(ctx, connID, "transfer", by, fields{"to": to})
}

// Consult consults somebody about the call, which waits. The consultation is a call of its own.
func (c *Client) Consult(ctx context.Context, connID, to string, by By) (Receipt, error) {
	return c.OnCall(ctx, connID, "consult", by, fields{"to": to})
}

// CompleteTransfer gives the call to who was consulted.
func (c *Client) CompleteTransfer(ctx context.Context, connID string, by By) (Receipt, error) {
	return c.OnCall(ctx, connID, "complete-transfer", by, nil)
}

// CancelConsult ends the consultation and goes back to the call.
func (c *Client) CancelConsult(ctx context.Context, connID string, by By) (Receipt, error) {
	return c.OnCall(ctx, connID, "cancel-consult", by, nil)
}

// Conference makes one of the call and the consultation.
func (c *Client) Conference(ctx context.Context, connID string, by By) (Receipt, error) {
	return c.OnCall(ctx, connID, "conference", by, nil)
}

// SendDigits keys digits to the other party.
func (c *Client) SendDigits(ctx context.Context, connID, digits string, by By) (Receipt, error) {
	return c.OnCall(ctx, connID, "digits", by, fields{"digits": digits})
}

// SetDisposition says how the call turned out, also after its end.
func (c *Client) SetDisposition(ctx context.Context, connID, code string, by By) (Receipt, error) {
	return c.OnCall(ctx, connID, "disposition", by, fields{"code": code})
}

// AddNote adds a remark to the call, also after its end.
func (c *Client) AddNote(ctx context.Context, connID, text string, by By) (Receipt, error) {
	return c.OnCall(ctx, connID, "notes", by, fields{"text": text})
}

// SetUserData attaches and deletes data of a live call; what is so already changes nothing.
func (c *Client) SetUserData(ctx context.Context, connID string, set map[string]string, deleted []string, by By) (Receipt, error) {
	body := fields{}
	if len(set) > 0 {
		body["set"] = set
	}
	if len(deleted) > 0 {
		body["delete"] = deleted
	}
	return c.ask(ctx, callPath(connID, "/userdata"), By{Actor: by.Actor}, body)
}

// LogIn begins an agent's session at a device, By.DN, or adds queues to it. The name of the switch may be empty where there
// is only one.
func (c *Client) LogIn(ctx context.Context, agent, on string, queues []string, by By) (Receipt, error) {
	return c.ask(ctx, agentPath(agent, "/login"), by, fields{"switch": on, "queues": queues})
}

// LogOut ends an agent's session in all queues.
func (c *Client) LogOut(ctx context.Context, agent string, by By) (Receipt, error) {
	return c.ask(ctx, agentPath(agent, "/logout"), by, nil)
}

// Ready lets calls be offered to an agent.
func (c *Client) Ready(ctx context.Context, agent string, by By) (Receipt, error) {
	return c.ask(ctx, agentPath(agent, "/ready"), by, nil)
}

// NotReady lets no calls be offered to an agent; the reason may be empty.
func (c *Client) NotReady(ctx context.Context, agent, reason string, by By) (Receipt, error) {
	return c.ask(ctx, agentPath(agent, "/not-ready"), by, fields{"reason": reason})
}

// MakeCall calls a number from an agent's device. The Receipt has the ConnID that the call will have.
func (c *Client) MakeCall(ctx context.Context, agent, to string, data map[string]string, by By) (Receipt, error) {
	body := fields{"to": to}
	if len(data) > 0 {
		body["userData"] = data
	}
	return c.ask(ctx, agentPath(agent, "/calls"), by, body)
}
