package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/projections/floor"
)

// Role is what somebody may do.
type Role string

// The roles. What each may do, rights says.
const (
	RoleAgent      Role = "agent"      // his own desktop, and the calls in which he takes or took part
	RoleSupervisor Role = "supervisor" // the floor, all calls, and requests for every agent
	RoleAuditor    Role = "auditor"    // sees everything and changes nothing
	RoleIVR        Role = "ivr"        // reads and changes the data of calls
	RoleAdmin      Role = "admin"      // everything
)

// Roles are all there are.
func Roles() []Role { return []Role{RoleAgent, RoleSupervisor, RoleAuditor, RoleIVR, RoleAdmin} }

// public is for everybody, whoever asks.
const public Role = ""

// rights are the one place where it stands who may do what, by the pattern of the route. What is not here nobody may. An
// agent may what is here for agents only for himself: where a path names an agent it must be him, where it names a call it
// must be his, and anything else must be asked with his id as agent. Besides he may see the earlier calls of a caller who is
// at his desktop now: see callerOf.
func rights() map[string][]Role {
	agents, seeing, data := RoleAgent, []Role{RoleSupervisor, RoleAuditor}, []Role{RoleAgent, RoleSupervisor, RoleIVR}
	may := map[string][]Role{
		"GET /healthz": {public}, "GET /readyz": {public}, "GET /openapi.json": {public}, "GET /asyncapi.json": {public}, "GET /v1/": {public}, "GET /v1": {public},
		pagePattern: {public}, "GET /login": {public}, "POST /login": {public}, "POST /logout": {public},
		"GET /login/openid": {public}, "GET " + callbackPath: {public}, "GET /logout": {public},

		"GET /v1/session":      Roles(),
		"GET /v1/floor":        seeing,
		"GET /v1/floor/stream": seeing,
		"GET /v1/floor/diff":   seeing,
		"GET /v1/replay":       seeing,
		"GET /v1/stats":        seeing,
		"GET /v1/projections":  seeing,
		"GET /metrics":         seeing,

		"GET /v1/sessions":         {RoleAdmin},
		"DELETE /v1/sessions/{id}": {RoleAdmin},

		"GET /v1/agents/{id}":          append(seeing, agents),
		"GET /v1/agents/{id}/stream":   append(seeing, agents),
		"GET /v1/agents/{id}/services": append(seeing, agents),

		"GET /v1/calls":                    append(seeing, agents),
		"GET /v1/calls/export":             seeing,
		"GET /v1/calls/{connId}":           append(seeing, agents, RoleIVR),
		"GET /v1/calls/{connId}/events":    append(seeing, agents),
		"GET /v1/calls/{connId}/export":    seeing,
		"GET /v1/calls/{connId}/replay":    seeing,
		"GET /v1/calls/{connId}/userdata":  append(seeing, agents, RoleIVR),
		"POST /v1/calls/{connId}/userdata": data,
	}
	for _, c := range commands() {
		may["POST "+c.path] = []Role{agents, RoleSupervisor}
	}
	may["POST /v1/calls/{connId}/monitor"] = []Role{RoleSupervisor}
	return may
}

// routes are by which services are asked for.
func routes() map[call.Service]string {
	by := map[call.Service]string{call.ChangesUserData: "POST /v1/calls/{connId}/userdata"}
	for _, c := range commands() {
		by[c.service] = "POST " + c.path
	}
	return by
}

// hasRight: the role of somebody may do something, for whom it may be.
func (s *Server) hasRight(pattern string, who Subject) bool {
	roles := s.rights[pattern]
	return who.Role == RoleAdmin && roles != nil || slices.Contains(roles, who.Role)
}

// mayAsk: who asks has the right to ask for a service.
func (s *Server) mayAsk(ctx context.Context, service call.Service) bool {
	who, known := subjectOf(ctx)
	return !known || s.hasRight(s.routes[service], who)
}

// denied is why somebody may not do something; empty: he may.
func (s *Server) denied(r *http.Request, pattern string, who Subject) string {
	if !s.hasRight(pattern, who) {
		return fmt.Sprintf("the role %s may not do this", who.Role)
	}
	if who.Role != RoleAgent || pattern == "GET /v1/session" {
		return ""
	}
	if id, named := pathValue(pattern, r.URL, "{id}"); named {
		if id != who.Agent {
			return "an agent may do this only for himself"
		}
		return ""
	}
	if id, named := pathValue(pattern, r.URL, "{connId}"); named {
		if !s.tookPart(r, who.Agent, id) && !(tellsOfCall(pattern) && s.calledEarlier(r, who.Agent, id)) {
			return "the agent takes no part in this call"
		}
		return ""
	}
	query := r.URL.Query()
	if pattern == "GET /v1/calls" && len(query["ani"]) == 1 && s.callerOf(r, who.Agent, query.Get("ani")) {
		return ""
	}
	if query.Get("agent") != who.Agent {
		return "an agent may ask this only with his own id as agent"
	}
	return ""
}

// tellsOfCall: the route tells what happened in a call, and nothing more.
func tellsOfCall(pattern string) bool {
	return pattern == "GET /v1/calls/{connId}" || pattern == "GET /v1/calls/{connId}/events"
}

// calledEarlier: the call was made by a caller who is at the agent's desktop now.
func (s *Server) calledEarlier(r *http.Request, agent, connID string) bool {
	id, err := call.ParseConnID(connID)
	if err != nil {
		return false
	}
	record, err := s.config.History.Call(r.Context(), id)
	return err == nil && record.Type == call.Inbound && s.callerOf(r, agent, record.ANI)
}

// callerOf: the number is that of a caller who is at the agent's desktop now: whose call rings, talks or waits there, or
// whose call the agent's after-call work is about. Callers are those from outside; a colleague's number opens nothing.
func (s *Server) callerOf(r *http.Request, agent, number string) bool {
	desktop, known := s.config.Floor.Agent(agent)
	if !known || !strings.ContainsAny(number, "0123456789") { // who withholds his number is not one caller
		return false
	}
	if slices.ContainsFunc(desktop.Calls, func(c floor.Call) bool { return c.Type == call.Inbound && c.ANI == number }) {
		return true
	}
	if desktop.Agent.ACW.IsZero() {
		return false
	}
	record, err := s.config.History.Call(r.Context(), desktop.Agent.ACW)
	return err == nil && record.Type == call.Inbound && record.ANI == number
}

// tookPart: the agent is on the call, or was.
func (s *Server) tookPart(r *http.Request, agent, connID string) bool {
	id, err := call.ParseConnID(connID)
	if err != nil {
		return false
	}
	desktop, known := s.config.Floor.Agent(agent)
	if known && slices.ContainsFunc(desktop.Calls, func(c floor.Call) bool { return c.ConnID == id }) {
		return true
	}
	record, err := s.config.History.Call(r.Context(), id)
	if err != nil {
		return false
	}
	for _, offered := range record.Agents {
		if offered.Agent == agent {
			return true
		}
	}
	return false
}

// pathValue is what a path has where its pattern has a name. The mux says so too, but only once it serves the request.
func pathValue(pattern string, u *url.URL, name string) (string, bool) {
	_, route, _ := strings.Cut(pattern, " ")
	parts := strings.Split(u.EscapedPath(), "/")
	i := slices.Index(strings.Split(route, "/"), name)
	if i < 0 || i >= len(parts) {
		return "", false
	}
	value, err := url.PathUnescape(parts[i])
	return value, err == nil
}

// deny refuses a request of somebody who is known, and has that written down.
func (s *Server) deny(ctx context.Context, pattern, path string, who Subject, why string) *problem {
	s.refused(ctx, who, access.RequestDenied{Operation: pattern, Path: path, Reason: why})
	return &problem{Status: http.StatusForbidden, Detail: why, Reason: "forbidden"}
}
