package client

import "time"

// Desktop is what one agent's desktop shows.
type Desktop struct {
	Agent Agent  `json:"agent"`
	Calls []Call `json:"calls"` // live ones in which the agent takes part, as he joined them
}

// Agent is what an agent does.
type Agent struct {
	ID     string    `json:"id"`
	DN     string    `json:"dn"`
	Switch string    `json:"switch,omitempty"`
	State  string    `json:"state"`            // loggedOut, ready, notReady, outOfService, ringing, dialing, talking, hold or afterCallWork
	Reason string    `json:"reason,omitempty"` // with notReady
	Since  time.Time `json:"since"`            // in this state since
	Queues []struct {
		Queue  string `json:"queue"`
		Paused bool   `json:"paused"`
		Reason string `json:"reason,omitempty"`
	} `json:"queues"`
	Calls   []string  `json:"calls"`            // connection IDs
	ACWEnd  time.Time `json:"acwEnd,omitzero"`  // when after-call work ends by itself
	ACWCall string    `json:"acwCall,omitzero"` // the call it belongs to
}

// Call is a live call.
type Call struct {
	ConnID    string    `json:"connId"`
	Switch    string    `json:"switch"`
	Type      string    `json:"type"`  // inbound, outbound, internal or consult
	State     string    `json:"state"` // dialing, ivr, queued, ringing, talking, held or connected
	ANI       string    `json:"ani"`
	DNIS      string    `json:"dnis"`
	StartedAt time.Time `json:"startedAt"`
	IVR       string    `json:"ivr,omitempty"` // the IVR it is in
	Queues    []struct {
		Queue string    `json:"queue"`
		Since time.Time `json:"since"`
	} `json:"queues"` // waits that go on
	Parties  []Party           `json:"parties"` // live ones
	UserData map[string]string `json:"userData"`
	WaitedMs int64             `json:"waitedMs"` // in queues so far, waits that have ended

	Recordings []struct {
		ID    string `json:"id"`
		Party string `json:"party"` // what it hears and says
		State string `json:"state"` // recording or paused
	} `json:"recordings,omitempty"` // those that are not complete
	Disposition string `json:"disposition,omitempty"`
	Notes       int    `json:"notes,omitempty"` // how many; the call's record has their texts
}

// Party is a live party of a call.
type Party struct {
	ID       string    `json:"id"`
	DN       string    `json:"dn"`
	External bool      `json:"external,omitempty"`
	Role     string    `json:"role"` // origination or destination
	Agent    string    `json:"agent,omitempty"`
	Queue    string    `json:"queue,omitempty"`
	State    string    `json:"state"` // initiated, alerting, connected, held or failed
	Since    time.Time `json:"since"`
}

// Notification is what the agent's DN is told, in the words of T-Library; an attribute that is not known is empty.
type Notification struct {
	DN             string    `json:"dn,omitempty"`
	Event          string    `json:"event"` // ringing
	TLib           string    `json:"tlib"`  // EventRinging
	At             time.Time `json:"at"`
	Switch         string    `json:"switch,omitempty"`
	ConnID         string    `json:"connId,omitempty"`
	PreviousConnID string    `json:"previousConnId,omitempty"`
	CallType       string    `json:"callType,omitempty"`
	ThisDN         string    `json:"thisDn,omitempty"`
	ThisRole       string    `json:"thisRole,omitempty"`
	OtherDN        string    `json:"otherDn,omitempty"`
	OtherRole      string    `json:"otherRole,omitempty"`
	ThirdPartyDN   string    `json:"thirdPartyDn,omitempty"`
	ThirdPartyRole string    `json:"thirdPartyRole,omitempty"`
	ThisQueue      string    `json:"thisQueue,omitempty"`
	ANI            string    `json:"ani,omitempty"`
	DNIS           string    `json:"dnis,omitempty"`
	CallState      string    `json:"callState,omitempty"`
	UserData       []struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	} `json:"userData,omitempty"`
	Digits   int    `json:"digits,omitempty"`
	AgentID  string `json:"agentId,omitempty"`
	WorkMode string `json:"workMode,omitempty"`
	Reason   string `json:"reason,omitempty"`
}
