package wire

import (
	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/link"
)

// How the current version of each event is read quickly: its fields by their stored names, in the order of the struct.
// An event that is missing here, or a field, is read by encoding/json instead; a test tells of it.
var quickFamilies = []any{quickCalls, quickAgents, quickLinks}

// quickFamily is the one of these families whose events are of this kind, if there is one.
func quickFamily[B any]() map[string]func(q *quick) B {
	for _, family := range quickFamilies {
		if reads, ok := family.(map[string]func(q *quick) B); ok {
			return reads
		}
	}
	return nil
}

var quickCalls = map[string]func(q *quick) call.Body{
	"CallStarted": func(q *quick) call.Body {
		return call.CallStarted{
			ConnID: q.connID("connId"), Switch: q.text("switch"), SwitchCallID: q.text("switchCallId"),
			Origin: call.Origin(q.text("origin")), ANI: q.text("ani"), DNIS: q.text("dnis"), ConsultOf: q.connID("consultOf"),
		}
	},
	"CallEnded": func(q *quick) call.Body {
		return call.CallEnded{By: call.PartyID(q.text("by")), Cause: call.Cause(q.text("cause"))}
	},
	"PartyDialing": func(q *quick) call.Body {
		return call.PartyDialing{
			Party: call.PartyID(q.text("party")), DN: q.text("dn"), External: q.flag("external"),
			Agent: q.text("agent"), Dialed: q.text("dialed"),
		}
	},
	"PartyAlerting": func(q *quick) call.Body {
		return call.PartyAlerting{
			Party: call.PartyID(q.text("party")), DN: q.text("dn"), External: q.flag("external"),
			Role: call.Role(q.text("role")), Agent: q.text("agent"), Queue: q.text("queue"),
			Visit: call.VisitID(q.text("visit")), From: q.connID("from"),
		}
	},
	"PartyConnected": func(q *quick) call.Body {
		return call.PartyConnected{
			Party: call.PartyID(q.text("party")), DN: q.text("dn"), External: q.flag("external"),
			Role: call.Role(q.text("role")), Agent: q.text("agent"), Queue: q.text("queue"),
			Visit: call.VisitID(q.text("visit")), From: q.connID("from"),
		}
	},
	"PartyHeld":      func(q *quick) call.Body { return call.PartyHeld{Party: call.PartyID(q.text("party"))} },
	"PartyRetrieved": func(q *quick) call.Body { return call.PartyRetrieved{Party: call.PartyID(q.text("party"))} },
	"PartyFailed": func(q *quick) call.Body {
		return call.PartyFailed{
			Party: call.PartyID(q.text("party")), DN: q.text("dn"), External: q.flag("external"),
			Role: call.Role(q.text("role")), Agent: q.text("agent"), Queue: q.text("queue"),
			Visit: call.VisitID(q.text("visit")), Cause: call.Cause(q.text("cause")),
		}
	},
	"PartyReleased": func(q *quick) call.Body {
		return call.PartyReleased{
			Party: call.PartyID(q.text("party")), Cause: call.Cause(q.text("cause")), By: call.PartyID(q.text("by")),
		}
	},
	"QueueEntered": func(q *quick) call.Body {
		return call.QueueEntered{
			Visit: call.VisitID(q.text("visit")), Queue: q.text("queue"), Party: call.PartyID(q.text("party")),
			Position: int(q.number("position")),
		}
	},
	"QueueDistributed": func(q *quick) call.Body {
		return call.QueueDistributed{
			Visit: call.VisitID(q.text("visit")), Queue: q.text("queue"), Agent: q.text("agent"), DN: q.text("dn"),
			Party: call.PartyID(q.text("party")),
		}
	},
	"QueueLeft": func(q *quick) call.Body {
		return call.QueueLeft{
			Visit: call.VisitID(q.text("visit")), Queue: q.text("queue"), Reason: call.LeaveReason(q.text("reason")),
		}
	},
	"QueueAbandoned": func(q *quick) call.Body {
		return call.QueueAbandoned{Visit: call.VisitID(q.text("visit")), Queue: q.text("queue")}
	},
	"IVREntered": func(q *quick) call.Body {
		return call.IVREntered{IVR: q.text("ivr"), Party: call.PartyID(q.text("party"))}
	},
	"IVRLeft": func(q *quick) call.Body {
		return call.IVRLeft{IVR: q.text("ivr"), Party: call.PartyID(q.text("party")), Choice: q.text("choice")}
	},
	"UserDataChanged": func(q *quick) call.Body {
		return call.UserDataChanged{Set: q.pairs("set"), Deleted: q.texts("deleted"), By: q.text("by")}
	},
	"DispositionSet": func(q *quick) call.Body { return call.DispositionSet{Code: q.text("code")} },
	"NoteAdded":      func(q *quick) call.Body { return call.NoteAdded{Text: q.text("text")} },
	"AnomalyNoted": func(q *quick) call.Body {
		return call.AnomalyNoted{Anomaly: call.Anomaly(q.text("anomaly")), Subject: q.text("subject"), Detail: q.text("detail")}
	},
	"ConsultStarted": func(q *quick) call.Body {
		return call.ConsultStarted{Consult: q.connID("consult"), By: call.PartyID(q.text("by")), To: q.text("to")}
	},
	"ConsultEnded": func(q *quick) call.Body {
		return call.ConsultEnded{Consult: q.connID("consult"), Result: call.ConsultResult(q.text("result"))}
	},
	"CallTransferred": func(q *quick) call.Body {
		return call.CallTransferred{
			Kind: call.TransferKind(q.text("kind")), By: call.PartyID(q.text("by")), To: q.text("to"), ToCall: q.connID("toCall"),
		}
	},
	"CallMerged": func(q *quick) call.Body {
		return call.CallMerged{Survivor: q.connID("survivor"), Absorbed: q.connID("absorbed")}
	},
	"ConferenceFormed": func(q *quick) call.Body {
		return call.ConferenceFormed{By: call.PartyID(q.text("by")), Room: q.text("room")}
	},
	"SupervisorJoined": func(q *quick) call.Body {
		return call.SupervisorJoined{
			Party: call.PartyID(q.text("party")), DN: q.text("dn"), Target: call.PartyID(q.text("target")),
			Mode: call.SupervisionMode(q.text("mode")),
		}
	},
	"SupervisorModeChanged": func(q *quick) call.Body {
		return call.SupervisorModeChanged{Party: call.PartyID(q.text("party")), Mode: call.SupervisionMode(q.text("mode"))}
	},
	"SupervisorLeft": func(q *quick) call.Body { return call.SupervisorLeft{Party: call.PartyID(q.text("party"))} },
	"CallParked": func(q *quick) call.Body {
		return call.CallParked{Party: call.PartyID(q.text("party")), Space: q.text("space"), By: call.PartyID(q.text("by"))}
	},
	"CallUnparked": func(q *quick) call.Body {
		return call.CallUnparked{
			Party: call.PartyID(q.text("party")), Reason: call.UnparkReason(q.text("reason")), By: q.text("by"),
		}
	},
	"RecordingStarted": func(q *quick) call.Body {
		return call.RecordingStarted{Recording: q.text("recording"), Party: call.PartyID(q.text("party"))}
	},
	"RecordingPaused":  func(q *quick) call.Body { return call.RecordingPaused{Recording: q.text("recording")} },
	"RecordingResumed": func(q *quick) call.Body { return call.RecordingResumed{Recording: q.text("recording")} },
	"RecordingStopped": func(q *quick) call.Body { return call.RecordingStopped{Recording: q.text("recording")} },
	"DigitsCollected": func(q *quick) call.Body {
		return call.DigitsCollected{Party: call.PartyID(q.text("party")), Count: int(q.number("count")), Digits: q.text("digits")}
	},
	"CallPresumedEnded": func(q *quick) call.Body {
		return call.CallPresumedEnded{Reason: call.PresumedReason(q.text("reason"))}
	},
	"RequestMade": func(q *quick) call.Body {
		return call.RequestMade{
			ID: q.text("id"), Request: call.Service(q.text("request")), Party: call.PartyID(q.text("party")),
			DN: q.text("dn"), Target: q.text("target"), TargetParty: call.PartyID(q.text("targetParty")),
			Consult: q.connID("consult"), Mode: call.SupervisionMode(q.text("mode")), Recording: q.text("recording"),
			Count: int(q.number("count")), Attempt: q.text("attempt"),
		}
	},
	"RequestRefused": func(q *quick) call.Body {
		return call.RequestRefused{
			ID: q.text("id"), Request: call.Service(q.text("request")), Party: call.PartyID(q.text("party")),
			DN: q.text("dn"), Reason: call.Reason(q.text("reason")), Detail: q.text("detail"),
		}
	},
}

var quickAgents = map[string]func(q *quick) agent.Body{
	"AgentLoggedIn": func(q *quick) agent.Body {
		return agent.AgentLoggedIn{Agent: q.text("agent"), DN: q.text("dn"), Switch: q.text("switch")}
	},
	"AgentLoggedOut":   func(q *quick) agent.Body { return agent.AgentLoggedOut{Agent: q.text("agent")} },
	"AgentJoinedQueue": func(q *quick) agent.Body { return agent.AgentJoinedQueue{Queue: q.text("queue")} },
	"AgentLeftQueue":   func(q *quick) agent.Body { return agent.AgentLeftQueue{Queue: q.text("queue")} },
	"AgentReady":       func(q *quick) agent.Body { return agent.AgentReady{Queue: q.text("queue")} },
	"AgentNotReady": func(q *quick) agent.Body {
		return agent.AgentNotReady{Queue: q.text("queue"), Reason: q.text("reason")}
	},
	"AfterCallWorkStarted": func(q *quick) agent.Body {
		return agent.AfterCallWorkStarted{ConnID: q.connID("connId"), LimitMs: q.number("limitMs")}
	},
	"AfterCallWorkEnded": func(q *quick) agent.Body { return agent.AfterCallWorkEnded{ConnID: q.connID("connId")} },
	"AgentRequestMade": func(q *quick) agent.Body {
		return agent.AgentRequestMade{
			ID: q.text("id"), Request: call.Service(q.text("request")), DN: q.text("dn"), Queues: q.texts("queues"),
			Reason: q.text("reason"), Target: q.text("target"), ConnID: q.connID("connId"), Attempt: q.text("attempt"),
		}
	},
	"AgentRequestRefused": func(q *quick) agent.Body {
		return agent.AgentRequestRefused{
			ID: q.text("id"), Request: call.Service(q.text("request")), DN: q.text("dn"),
			Reason: call.Reason(q.text("reason")), Detail: q.text("detail"),
		}
	},
}

var quickLinks = map[string]func(q *quick) link.Body{
	"LinkUp": func(q *quick) link.Body {
		return link.LinkUp{
			Switch: q.text("switch"), Kind: q.text("kind"), Version: q.text("version"), Started: q.text("started"),
		}
	},
	"LinkDown": func(q *quick) link.Body { return link.LinkDown{Switch: q.text("switch"), Reason: q.text("reason")} },
	"Resynchronised": func(q *quick) link.Body {
		return link.Resynchronised{
			Switch: q.text("switch"), Channels: int(q.number("channels")), Agents: int(q.number("agents")), Started: q.text("started"),
		}
	},
	"GapDetected": func(q *quick) link.Body {
		return link.GapDetected{Switch: q.text("switch"), Missed: uint64(q.number("missed"))}
	},
	"SwitchRestarted": func(q *quick) link.Body {
		return link.SwitchRestarted{Switch: q.text("switch"), Started: q.text("started")}
	},
	"DeviceInService": func(q *quick) link.Body { return link.DeviceInService{Switch: q.text("switch"), DN: q.text("dn")} },
	"DeviceOutOfService": func(q *quick) link.Body {
		return link.DeviceOutOfService{Switch: q.text("switch"), DN: q.text("dn")}
	},
}
