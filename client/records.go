package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Record is the record of one call. Moments that are not there yet are zero.
type Record struct {
	ConnID       string            `json:"connId"`
	Switch       string            `json:"switch"`
	SwitchCallID string            `json:"switchCallId"` // the switch's own id of the call
	Type         string            `json:"type"`         // inbound, outbound, internal or consult
	ANI          string            `json:"ani"`
	DNIS         string            `json:"dnis"`
	StartedAt    time.Time         `json:"startedAt"`
	EndedAt      time.Time         `json:"endedAt"` // zero while the call goes on
	DurationMs   int64             `json:"durationMs"`
	EndedBy      string            `json:"endedBy"` // caller, agent, called or switch
	Outcome      string            `json:"outcome"` // answered, abandoned, busy, noAnswer, failed or other
	IVRMs        int64             `json:"ivrMs"`
	Queues       []QueueVisit      `json:"queues"`
	Agents       []AgentStay       `json:"agents"`
	Transfers    []Transfer        `json:"transfers"`
	UserData     map[string]string `json:"userData"`
	Disposition  string            `json:"disposition"`
	Notes        []Note            `json:"notes"`
	Related      []Related         `json:"related"`
	Anomalies    int               `json:"anomalies"`
}

// QueueVisit is one wait in one queue.
type QueueVisit struct {
	Queue     string    `json:"queue"`
	EnteredAt time.Time `json:"enteredAt"`
	WaitMs    int64     `json:"waitMs"`
	Result    string    `json:"result"`          // answered, abandoned, timedOut or left; empty while it goes on
	Agent     string    `json:"agent,omitempty"` // who took the call
	NoAnswers []struct {
		Agent  string `json:"agent"`
		RingMs int64  `json:"ringMs"`
	} `json:"noAnswers"` // who was offered the call and did not take it
}

// AgentStay is one agent's part in a call, from the first ring on.
type AgentStay struct {
	Agent      string    `json:"agent"`
	DN         string    `json:"dn"`
	Queue      string    `json:"queue,omitempty"`
	RingingAt  time.Time `json:"ringingAt"`
	AnsweredAt time.Time `json:"answeredAt"` // zero: not answered
	RingMs     int64     `json:"ringMs"`
	TalkMs     int64     `json:"talkMs"` // includes hold
	HoldMs     int64     `json:"holdMs"`
	Result     string    `json:"result"`  // completed, transferred, conferenced or noAnswer; empty while it goes on
	EndedBy    string    `json:"endedBy"` // caller, agent or switch
}

// Transfer is one transfer of a call.
type Transfer struct {
	Kind   string    `json:"kind"` // blind or attended
	By     string    `json:"by"`
	To     string    `json:"to"`
	ToCall string    `json:"toCall,omitempty"`
	At     time.Time `json:"at"`
}

// Note is what somebody wrote about a call.
type Note struct {
	Text string    `json:"text"`
	By   string    `json:"by"` // agent:1001
	At   time.Time `json:"at"`
}

// Related is another call of the same conversation.
type Related struct {
	ConnID   string `json:"connId"`
	Relation string `json:"relation"`
}

// Filter says which records; what is zero lets every call through, and what is given has to be so all at once.
type Filter struct {
	From, To                 time.Time // started at or after, and before
	Type, ANI, DNIS          string
	Agent, Queue, Outcome    string
	Switch                   string
	UserData                 []string // key=value, each
	Text                     string   // words in the user data
	MinDuration, MaxDuration time.Duration
	Conversation             string // connection ID of a call of it
	Page                     int    // records asked for at a time; 100 by default, at most 1000
}

func (f Filter) query() url.Values {
	query := url.Values{}
	set := func(name, value string) {
		if value != "" {
			query.Set(name, value)
		}
	}
	for name, moment := range map[string]time.Time{"from": f.From, "to": f.To} {
		if !moment.IsZero() {
			query.Set(name, moment.Format(time.RFC3339Nano))
		}
	}
	for name, d := range map[string]time.Duration{"minDuration": f.MinDuration, "maxDuration": f.MaxDuration} {
		if d != 0 {
			query.Set(name, d.String())
		}
	}
	set("type", f.Type)
	set("ani", f.ANI)
	set("dnis", f.DNIS)
	set("agent", f.Agent)
	set("queue", f.Queue)
	set("outcome", f.Outcome)
	set("switch", f.Switch)
	set("text", f.Text)
	set("conversation", f.Conversation)
	query["userData"] = f.UserData
	if f.Page != 0 {
		query.Set("limit", strconv.Itoa(f.Page))
	}
	return query
}

// Calls yields the records that a filter lets through, the newest first, page by page as they are read. An error is the last
// element.
func (c *Client) Calls(ctx context.Context, f Filter) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for query := f.query(); ; {
			var page struct {
				Calls []Record `json:"calls"`
				Next  string   `json:"next,omitempty"`
			}
			if err := c.do(ctx, http.MethodGet, "/v1/calls?"+query.Encode(), nil, nil, &page); err != nil {
				yield(Record{}, err)
				return
			}
			for _, record := range page.Calls {
				if !yield(record, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			query.Set("after", page.Next)
		}
	}
}

// Call is the record of one call, also while it goes on.
func (c *Client) Call(ctx context.Context, connID string) (record Record, err error) {
	return record, c.do(ctx, http.MethodGet, callPath(connID, ""), nil, nil, &record)
}

// Desktop is what an agent's desktop shows now.
func (c *Client) Desktop(ctx context.Context, agent string) (desktop Desktop, err error) {
	return desktop, c.do(ctx, http.MethodGet, agentPath(agent, ""), nil, nil, &desktop)
}
