package httpapi_test

import (
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/projections/history"
)

type permitted struct {
	Agent            []call.Service
	Calls            map[string][]call.Service
	Switches, Queues []string
}

func (c *centre) services(t *testing.T, id string) (p permitted) {
	t.Helper()
	c.follow(t)
	answer := c.ask(get("/v1/agents/" + id + "/services"))
	require.Equal(t, 200, answer.Code, "%s", answer.Body)
	require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &p))
	return p
}

// deaf is a switch that cannot be asked to hold.
type deaf struct{ *obedient }

func (deaf) Can(service call.Service) bool { return service != call.Holds }

// later is when things happen that are not so from the beginning.
var later = noon.Add(time.Minute)

// A desktop is told what it may offer.
func TestWhatAnAgentMayAsk(t *testing.T) {
	c := newCentre(t)
	ann := c.services(t, "1001")
	assert.Equal(t, []call.Service{agent.LogsIn, agent.BecomesNotReady, agent.LogsOut}, ann.Agent, "who talks makes no other call")
	assert.Equal(t, []string{"cc1"}, ann.Switches)
	assert.Equal(t, []string{"sales"}, ann.Queues)
	talking := []call.Service{
		call.Holds, call.BlindTransfers, call.StartsConsult, call.SendsDigits, call.Parks, call.StartsRecording, call.Releases, call.ChangesUserData,
		call.SetsDisposition, call.AddsNote,
	}
	assert.Equal(t, map[string][]call.Service{known.String(): talking}, ann.Calls)

	// He consults a colleague, who rings: each sees his own part.
	tell := func(id call.ConnID, facts ...call.Fact) {
		var told []engine.Observation
		for _, fact := range facts {
			told = append(told, engine.Observation{Call: id, CallFact: fact})
		}
		require.NoError(t, c.engine.Ingest(t.Context(), told))
	}
	tell(known, call.PartyIs{At: later, Party: "desk", DN: "1001", State: call.Held})
	tell(unknown, call.CallIs{At: later, ConnID: unknown, Switch: "cc1", SwitchCallID: "2", ANI: "1001", DNIS: "1002", ConsultOf: known},
		call.PartyIs{At: later, Party: "mine", DN: "1001", Agent: "1001", Role: call.Origination, State: call.Initiated},
		call.PartyIs{At: later, Party: "theirs", DN: "1002", Agent: "1002", State: call.Alerting})
	tell(known, call.ConsultIs{At: later, Consult: unknown, By: "desk", To: "1002"})
	ann = c.services(t, "1001")
	assert.Contains(t, ann.Calls[known.String()], call.CompletesTransfer)
	assert.Contains(t, ann.Calls[known.String()], call.CancelsConsult)
	assert.NotContains(t, ann.Calls[known.String()], call.CompletesConference, "nobody has answered")
	assert.NotContains(t, ann.Calls[known.String()], call.Retrieves, "he dials in the other one")
	assert.Contains(t, c.services(t, "1002").Calls[unknown.String()], call.Answers)

	c.config.Commands = asking{c.engine, engine.Executors{"cc1": deaf{c.pbx}}}
	tell(known, call.PartyIs{At: later.Add(time.Minute), Party: "desk", DN: "1001", State: call.Connected})
	assert.NotContains(t, c.services(t, "1001").Calls[known.String()], call.Holds, "the switch has no means to")
	c.config.Commands = asking{c.engine, engine.Executors{}}
	assert.Equal(t, []call.Service{call.ChangesUserData, call.SetsDisposition, call.AddsNote}, c.services(t, "1001").Calls[known.String()], "there is no switch to ask")
	assert.Equal(t, []call.Service{}, c.services(t, "1001").Agent)
}

func TestWhoIsLoggedOutMayLogIn(t *testing.T) {
	c := newCentre(t)
	assert.Equal(t, permitted{Agent: []call.Service{agent.LogsIn}, Calls: map[string][]call.Service{}, Switches: []string{"cc1"}, Queues: []string{"sales"}}, c.services(t, "1003"))
	// After-call work is about a call that is over.
	require.NoError(t, c.engine.Ingest(t.Context(), []engine.Observation{
		{Call: known, CallFact: call.PartyIs{At: later, Party: "desk", DN: "1001", State: call.Released}},
		{Call: known, CallFact: call.PartyIs{At: later, Party: "caller", State: call.Released}},
		{Agent: "1001", AgentFact: agent.AfterCallWorkIs{At: later, ConnID: known, Working: true}},
	}))
	ann := c.services(t, "1001")
	assert.Equal(t, map[string][]call.Service{known.String(): {call.SetsDisposition, call.AddsNote}}, ann.Calls)
	assert.Contains(t, ann.Agent, agent.BecomesReady)
}

// An agent sees the earlier calls of the caller who is at his desktop, and of nobody else.
func TestTheEarlierCallsOfTheCaller(t *testing.T) {
	c := guarded(t)
	earlier := history.Record{ConnID: unknown, Type: call.Inbound, ANI: "2125550001", Agents: []history.AgentStay{{Agent: "1009"}}}
	of := newBuilding()
	of.records = []history.Record{earlier, {ConnID: known, Type: call.Inbound, ANI: "2125550001"}}
	c.config.History = of
	status := func(token, path string) int { return c.ask(by(token, get(path))).Code }
	calls := func(ani string) string { return "/v1/calls?ani=" + url.QueryEscape(ani) }

	assert.Equal(t, 200, status("ann", calls("2125550001")))
	assert.Equal(t, 200, status("ann", "/v1/calls/"+unknown.String()))
	assert.Equal(t, 403, status("ann", calls("2125550002")), "another caller")
	assert.Equal(t, 403, status("ann", calls("2125550001")+"&ani=2125550002"))
	assert.Equal(t, 403, status("ann", calls("")))
	assert.Equal(t, 403, status("ann", "/v1/calls/"+unknown.String()+"/userdata"), "their data is not changed, nor asked for")
	assert.Equal(t, 403, c.ask(by("ann", request("POST", "/v1/calls/"+unknown.String()+"/notes", `{"text":"x"}`))).Code)
	assert.Equal(t, 403, status("bob", calls("2125550001")), "at his desktop nobody is")

	withheld := call.NewConnID(later, "cc1", "withheld")
	require.NoError(t, c.engine.Ingest(t.Context(), []engine.Observation{
		{Call: withheld, CallFact: call.CallIs{At: later, ConnID: withheld, Switch: "cc1", Origin: call.External, ANI: "anonymous"}},
		{Call: withheld, CallFact: call.PartyIs{At: later, Party: "desk 2", DN: "1001", State: call.Alerting}},
	}))
	c.follow(t)
	assert.Equal(t, 403, status("ann", calls("anonymous")), "who withholds his number is not one caller")

	// The caller has hung up: as long as there is work to be done after it.
	require.NoError(t, c.engine.Ingest(t.Context(), []engine.Observation{
		{Agent: "1001", AgentFact: agent.AfterCallWorkIs{At: later, ConnID: known, Working: true}},
		{Call: known, CallFact: call.PartyIs{At: later, Party: "desk", DN: "1001", State: call.Released}},
		{Call: known, CallFact: call.PartyIs{At: later, Party: "caller", State: call.Released}},
	}))
	c.follow(t)
	assert.Equal(t, 200, status("ann", calls("2125550001")))
	require.NoError(t, c.engine.Ingest(t.Context(), []engine.Observation{{Agent: "1001", AgentFact: agent.AfterCallWorkIs{At: later.Add(time.Minute), ConnID: known}}}))
	c.follow(t)
	assert.Equal(t, 403, status("ann", calls("2125550001")))
	assert.Equal(t, 403, status("ann", "/v1/calls/"+unknown.String()))
}

// What may be asked depends on who asks: a desktop that somebody else opens offers him what he may do.
func TestWhatMayBeAskedDependsOnWhoAsks(t *testing.T) {
	everything := newCentre(t).services(t, "1001")
	for token, want := range map[string]permitted{
		"ann":  everything,
		"sue":  everything,
		"root": everything,
		"aud":  {Agent: []call.Service{}, Calls: map[string][]call.Service{known.String(): {}}, Switches: everything.Switches, Queues: everything.Queues},
	} {
		answer := guarded(t).ask(by(token, get("/v1/agents/1001/services")))
		require.Equal(t, 200, answer.Code, token)
		var got permitted
		require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &got))
		assert.Equal(t, want, got, token)
	}
	answer := guarded(t).ask(by("aud", get("/v1/agents/1003/services")))
	assert.Contains(t, answer.Body.String(), `"agent":[]`, "an auditor logs nobody in")
}
