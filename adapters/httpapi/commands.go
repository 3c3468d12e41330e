package httpapi

import (
	"net/http"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/danielgtaylor/huma/v2"
)

// command is one thing that can be asked by POST, of a call or of an agent.
type command struct {
	service     call.Service
	id, path    string // of the operation; the path behind the call or the agent
	summary     string
	description string
	example     any // a body
	register    func(*Server, huma.API, huma.Operation)
}

// onCall is a command about a call. B is its body, request what is asked of the domain.
func onCall[B interface{ asked() Asking }](service call.Service, id, path, summary, description string, example B, request func(*circumstances, B) call.Request) command {
	return command{service, id, "/v1/calls/{connId}/" + path, summary, description, example, func(s *Server, api huma.API, op huma.Operation) {
		registerCallCommand(s, api, op, request)
	}}
}

// onAgent is a command about an agent's session.
func onAgent[B interface{ asked() Asking }](service call.Service, id, path, summary, description string, example B, request func(*circumstances, B) agent.Request) command {
	return command{service, id, "/v1/agents/{id}/" + path, summary, description, example, func(s *Server, api huma.API, op huma.Operation) {
		registerAgentCommand(s, api, op, request)
	}}
}

// Asking is who asks: part of every body. It is exported for huma, which passes over what is not.
type Asking struct {
	Actor string `json:"actor,omitempty" maxLength:"200" doc:"Who asks, where nobody has to say who he is: agent:1001. With authentication it is who is authenticated, and this is passed over"`
	DN    string `json:"dn,omitempty" maxLength:"64" doc:"The device that acts. Absent: the party says it, or it is the device of the agent who asks"`
	Party string `json:"party,omitempty" maxLength:"200" doc:"The party of the call that acts, instead of the DN or with it"`
}

func (a Asking) asked() Asking { return a }

// The bodies of commands that say more than who asks.
type (
	// Destined says where to.
	Destined struct {
		Asking
		To string `json:"to" minLength:"1" maxLength:"64" doc:"The number: letters, digits and + * # - _ ."`
	}
	// Dropping says who is to go.
	Dropping struct {
		Asking
		Target   string `json:"target,omitempty" maxLength:"200" doc:"The party that is to go, or"`
		TargetDN string `json:"targetDn,omitempty" maxLength:"64" doc:"its device"`
	}
	// Keying says what to key.
	Keying struct {
		Asking
		Digits string `json:"digits" minLength:"1" maxLength:"64" pattern:"^[0-9A-D*#]+$" doc:"They are never recorded, only how many"`
	}
	// Monitoring says whom to listen to; the DN is the supervisor's.
	Monitoring struct {
		Asking
		Target   string `json:"target,omitempty" maxLength:"200" doc:"The party to listen to, or"`
		TargetDN string `json:"targetDn,omitempty" maxLength:"64" doc:"its device"`
		Mode     string `json:"mode" enum:"silent,whisper,barge" doc:"Whether the supervisor is heard: by nobody, by the agent, by both"`
	}
	// StartingRecording says who is recorded.
	StartingRecording struct {
		Asking
		Recorded string `json:"recorded,omitempty" maxLength:"200" doc:"The party that is recorded. Absent: who asks"`
	}
	// OfRecording says which recording.
	OfRecording struct {
		Asking
		Recording string `json:"recording,omitempty" maxLength:"400" doc:"Absent: the only one that it can be"`
	}
	// Disposing says how the call turned out.
	Disposing struct {
		Asking
		Code string `json:"code" minLength:"1" maxLength:"200"`
	}
	// Noting is a remark.
	Noting struct {
		Asking
		Text string `json:"text" minLength:"1" maxLength:"8000"`
	}
	// LoggingIn says where the agent sits; the DN is his device.
	LoggingIn struct {
		Asking
		Switch string   `json:"switch,omitempty" maxLength:"200" doc:"Our name of the switch. Absent: the only one there is"`
		Queues []string `json:"queues" minItems:"1" maxItems:"200" nullable:"false" doc:"Those in which he is already change nothing"`
	}
	// LoggingOut may be by force.
	LoggingOut struct {
		Asking
		Force bool `json:"force,omitempty" doc:"Also while he has a call of a queue"`
	}
	// BecomingReady may be about one queue.
	BecomingReady struct {
		Asking
		Queue string `json:"queue,omitempty" maxLength:"200" doc:"Absent: in all his queues"`
	}
	// BecomingNotReady says why.
	BecomingNotReady struct {
		Asking
		Queue  string `json:"queue,omitempty" maxLength:"200" doc:"Absent: in all his queues"`
		Reason string `json:"reason,omitempty" maxLength:"200"`
	}
	// Calling says whom to call; the DN is the device that calls.
	Calling struct {
		Asking
		To       string            `json:"to" minLength:"1" maxLength:"64" doc:"The number: letters, digits and + * # - _ ."`
		Switch   string            `json:"switch,omitempty" maxLength:"200" doc:"Absent: the one where the agent is logged in"`
		UserData map[string]string `json:"userData,omitempty" doc:"What the call takes along, as far as its switch is configured to take it"`
	}
)

// commands are all that can be asked, but for changes of user data.
func commands() []command {
	agentAt := Asking{Actor: "agent:1001", DN: "1001"}
	return []command{
		onCall(call.Answers, "answerCall", "answer", "Take a call that rings", "CSTA Answer Call, TAnswerCall.", agentAt,
			func(c *circumstances, b Asking) call.Request { return call.Answer{By: c.by, Elsewhere: c.elsewhere()} }),
		onCall(call.Holds, "holdCall", "hold", "Put a call on hold", "CSTA Hold Call, THoldCall.", agentAt,
			func(c *circumstances, b Asking) call.Request { return call.Hold{By: c.by} }),
		onCall(call.Retrieves, "retrieveCall", "retrieve", "Take a call back from hold", "CSTA Retrieve Call, TRetrieveCall.", agentAt,
			func(c *circumstances, b Asking) call.Request {
				return call.Retrieve{By: c.by, Elsewhere: c.elsewhere()}
			}),
		onCall(call.Releases, "releaseCall", "release", "Leave a call", "CSTA Clear Connection, TReleaseCall.", agentAt,
			func(c *circumstances, b Asking) call.Request { return call.Release{By: c.by} }),
		onCall(call.Redirects, "redirectCall", "redirect", "Send a call that rings to another device", "CSTA Deflect Call, TRedirectCall.", Destined{agentAt, "1002"},
			func(c *circumstances, b Destined) call.Request { return call.RedirectTo{By: c.by, To: b.To} }),
		onCall(call.BlindTransfers, "transferCall", "transfer", "Send the other party on without asking", "A blind transfer: CSTA Single Step Transfer, TSingleStepTransfer.", Destined{agentAt, "1002"},
			func(c *circumstances, b Destined) call.Request { return call.TransferTo{By: c.by, To: b.To} }),
		onCall(call.StartsConsult, "startConsult", "consult", "Consult somebody about the call, which waits", "CSTA Consultation Call, TInitiateTransfer. The consultation is a call of its own.", Destined{agentAt, "1002"},
			func(c *circumstances, b Destined) call.Request { return call.StartConsult{By: c.by, To: b.To} }),
		onCall(call.CompletesTransfer, "completeTransfer", "complete-transfer", "Give the call to who was consulted", "CSTA Transfer Call, TCompleteTransfer. It is asked of the first call, the one that is held.", agentAt,
			func(c *circumstances, b Asking) call.Request { return call.CompleteTransfer{By: c.by} }),
		onCall(call.CancelsConsult, "cancelConsult", "cancel-consult", "End the consultation and go back to the call", "CSTA Reconnect Call, TReconnectCall. It is asked of the first call.", agentAt,
			func(c *circumstances, b Asking) call.Request { return call.CancelConsult{By: c.by} }),
		onCall(call.CompletesConference, "completeConference", "conference", "Make a conference of the call and the consultation", "CSTA Conference Call, TCompleteConference. It is asked of the first call.", agentAt,
			func(c *circumstances, b Asking) call.Request { return call.CompleteConference{By: c.by} }),
		onCall(call.DropsParty, "dropParty", "drop", "Take a party out of a conference", "TDeleteFromConference.", Dropping{Asking: agentAt, TargetDN: "1002"},
			func(c *circumstances, b Dropping) call.Request {
				return call.DropParty{By: c.by, Target: call.PartyID(b.Target), DN: b.TargetDN}
			}),
		onCall(call.SendsDigits, "sendDigits", "digits", "Key digits to the other party", "CSTA Send DTMF Tones, TSendDTMF.", Keying{agentAt, "12#"},
			func(c *circumstances, b Keying) call.Request { return call.SendDigits{By: c.by, Digits: b.Digits} }),
		onCall(call.Parks, "parkCall", "park", "Leave the other party in a parking space", "CSTA Park Call.", agentAt,
			func(c *circumstances, b Asking) call.Request { return call.Park{By: c.by} }),
		onCall(call.Monitors, "monitorCall", "monitor", "Listen to a party from another device", "CSTA Join Call, TMonitorNextCall. It ends when the supervisor's device hangs up.",
			Monitoring{Asking: Asking{Actor: "supervisor:jane", DN: "1900"}, TargetDN: "1001", Mode: "silent"},
			func(c *circumstances, b Monitoring) call.Request {
				return call.Monitor{By: c.by, Target: call.PartyID(b.Target), TargetDN: b.TargetDN, Mode: call.SupervisionMode(b.Mode), Elsewhere: c.elsewhere()}
			}),
		onCall(call.StartsRecording, "startRecording", "recording/start", "Record what a party hears and says", "CSTA Start Record.", StartingRecording{Asking: agentAt},
			func(c *circumstances, b StartingRecording) call.Request {
				return call.StartRecording{By: c.by, Recorded: call.PartyID(b.Recorded)}
			}),
		onCall(call.PausesRecording, "pauseRecording", "recording/pause", "Leave out of the recording what is said from now on", "A card number, say.", OfRecording{Asking: agentAt},
			func(c *circumstances, b OfRecording) call.Request {
				return call.PauseRecording{By: c.by, Recording: b.Recording}
			}),
		onCall(call.ResumesRecording, "resumeRecording", "recording/resume", "Record again", "", OfRecording{Asking: agentAt},
			func(c *circumstances, b OfRecording) call.Request {
				return call.ResumeRecording{By: c.by, Recording: b.Recording}
			}),
		onCall(call.StopsRecording, "stopRecording", "recording/stop", "Complete a recording", "CSTA Stop Record.", OfRecording{Asking: agentAt},
			func(c *circumstances, b OfRecording) call.Request {
				return call.StopRecording{By: c.by, Recording: b.Recording}
			}),
		onCall(call.SetsDisposition, "setDisposition", "disposition", "Say how the call turned out", "Also after its end. The switch has nothing to do with it.", Disposing{agentAt, "resolved"},
			func(c *circumstances, b Disposing) call.Request {
				return call.SetDisposition{At: c.by.At, Actor: c.by.Actor, ID: c.by.ID, Code: b.Code}
			}),
		onCall(call.AddsNote, "addNote", "notes", "Add a remark to the call", "Also after its end. The switch has nothing to do with it.", Noting{agentAt, "wants to be called back on Monday"},
			func(c *circumstances, b Noting) call.Request {
				return call.AddNote{At: c.by.At, Actor: c.by.Actor, ID: c.by.ID, Text: b.Text}
			}),

		onAgent(agent.LogsIn, "logIn", "login", "Begin the agent's session at a device, or add queues to it", "TAgentLogin.",
			LoggingIn{Asking: agentAt, Switch: "pbx1", Queues: []string{"sales"}},
			func(c *circumstances, b LoggingIn) agent.Request {
				on := c.switchOr(b.Switch)
				return agent.Login{By: c.by, Switch: on, Queues: b.Queues, Occupant: c.occupant(on)}
			}),
		onAgent(agent.LogsOut, "logOut", "logout", "End the agent's session in all queues", "TAgentLogout.", LoggingOut{Asking: Asking{Actor: "agent:1001"}},
			func(c *circumstances, b LoggingOut) agent.Request {
				return agent.Logout{By: c.by, Busy: c.busy(), Force: b.Force}
			}),
		onAgent(agent.BecomesReady, "becomeReady", "ready", "Let calls be offered to the agent", "TAgentSetReady.", BecomingReady{Asking: Asking{Actor: "agent:1001"}},
			func(c *circumstances, b BecomingReady) agent.Request { return agent.Ready{By: c.by, Queue: b.Queue} }),
		onAgent(agent.BecomesNotReady, "becomeNotReady", "not-ready", "Let no calls be offered to the agent", "TAgentSetNotReady. A call that he has goes on.",
			BecomingNotReady{Asking: Asking{Actor: "agent:1001"}, Reason: "lunch"},
			func(c *circumstances, b BecomingNotReady) agent.Request {
				return agent.NotReady{By: c.by, Queue: b.Queue, Reason: b.Reason}
			}),
		onAgent(call.MakesCall, "makeCall", "calls", "Call a number from the agent's device", "CSTA Make Call, TMakeCall. The answer has the ConnID that the call will have.",
			Calling{Asking: Asking{Actor: "agent:1001"}, To: "2125550100", UserData: map[string]string{"account": "100200"}},
			func(c *circumstances, b Calling) agent.Request {
				return agent.MakeCall{By: c.by, Switch: b.Switch, To: b.To, Data: pairs(b.UserData), Elsewhere: c.elsewhere()}
			}),
	}
}

// registerCommands puts all commands on an API.
func (s *Server) registerCommands(api huma.API) {
	for _, c := range commands() {
		tag := tagCalls
		if c.path[:len("/v1/agents/")] == "/v1/agents/" {
			tag = tagAgents
		}
		c.register(s, api, huma.Operation{
			OperationID: c.id, Method: http.MethodPost, Path: c.path, Tags: []string{tag}, Summary: c.summary,
			Description:  c.description + " Answered once it is in the log that it was asked, and the switch has taken it; what came of it, the streams tell.",
			MaxBodyBytes: maxBody,
			RequestBody:  &huma.RequestBody{Content: map[string]*huma.MediaType{"application/json": {Example: c.example}}},
			Responses: map[string]*huma.Response{"200": {Description: "It was asked", Content: map[string]*huma.MediaType{
				"application/json": {Example: receipt{Position: 4711, EventID: "1f5e6d0a-32b4-5a3c-9f53-0b1b6a2f6a55", CommandID: "crm-77"}},
			}}},
		})
	}
}
