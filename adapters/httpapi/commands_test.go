package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/httpapi"
	"github.com/callstate/callstate/adapters/store/memory"
	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/link"
	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections/floor"
)

// obedient is a switch that takes every order, unless it is told what to answer.
type obedient struct {
	mu     sync.Mutex
	orders []engine.Order
	answer error
}

func (x *obedient) Execute(_ context.Context, o engine.Order) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.orders = append(x.orders, o)
	return x.answer
}

func (x *obedient) NameCall(command string, at time.Time) (string, time.Time) {
	return "x-" + command, at.Truncate(time.Second)
}

// centre is a contact centre with a real engine, whose switch only takes orders. Agent 1001 talks in the call known,
// agent 1002 is ready.
type centre struct {
	log    *memory.Store
	engine *engine.Engine
	floor  *floor.Floor
	pbx    *obedient
	fed    eventlog.Position
	config httpapi.Config
}

func newCentre(t *testing.T) *centre {
	t.Helper()
	c := &centre{log: memory.New(), floor: floor.New(floor.Options{}), pbx: &obedient{}}
	c.engine = engine.New(c.log, func() time.Time { return noon }, nil)
	member := func(id string) engine.Observation {
		return engine.Observation{Agent: id, AgentFact: agent.MembershipIs{At: noon, Agent: id, Switch: "cc1", Queue: "sales", DN: id, Member: true}}
	}
	require.NoError(t, c.engine.Ingest(t.Context(), []engine.Observation{
		{Switch: "cc1", LinkFact: link.LinkIs{At: noon, Switch: "cc1", Up: true}}, member("1001"), member("1002"),
		{Call: known, CallFact: call.CallIs{At: noon, ConnID: known, Switch: "cc1", SwitchCallID: "1795435200.1", Origin: call.External, ANI: "2125550001", DNIS: "8005550100"}},
		{Call: known, CallFact: call.PartyIs{At: noon, Party: "caller", DN: "2125550001", Role: call.Origination, External: true, State: call.Connected}},
		{Call: known, CallFact: call.PartyIs{At: noon, Party: "desk", DN: "1001", Agent: "1001", Role: call.Destination, State: call.Connected}},
	}))
	executors := engine.Executors{"cc1": c.pbx}
	c.config = httpapi.Config{
		Floor: c.floor, History: newBuilding(), Log: c.log, Requests: c.engine, Commands: asking{c.engine, executors}, States: c.engine, Audit: c.engine,
		Now: func() time.Time { return noon },
	}
	c.follow(t)
	return c
}

// asking is what the program makes of an engine and its executors.
type asking struct {
	*engine.Engine
	executors engine.Executors
}

func (a asking) Command(ctx context.Context, id call.ConnID, r call.Request) error {
	return a.Engine.Command(ctx, a.executors, id, r)
}

func (a asking) CommandAgent(ctx context.Context, id string, r agent.Request) error {
	return a.Engine.CommandAgent(ctx, a.executors, id, r)
}

func (a asking) MakeCall(ctx context.Context, id string, r agent.MakeCall) (call.ConnID, error) {
	return a.Engine.MakeCall(ctx, a.executors, id, r)
}

func (a asking) Can(on string, service call.Service) bool { return a.executors.Can(on, service) }

// follow lets the floor see all that is in the log.
func (c *centre) follow(t *testing.T) {
	t.Helper()
	for record, err := range c.log.ReadAll(t.Context(), c.fed) {
		require.NoError(t, err)
		require.NoError(t, c.floor.Apply(t.Context(), []eventlog.Record{record}))
		c.fed = record.Position
	}
}

func (c *centre) ask(r *http.Request) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	httpapi.New(c.config).Handler().ServeHTTP(answer, r)
	return answer
}

// told is what a command or a refusal answers.
type told struct {
	Position  eventlog.Position
	EventID   string
	CommandID string
	ConnID    string
	Reason    string
	RequestID string
}

func (c *centre) told(t *testing.T, r *http.Request, status int) told {
	t.Helper()
	answer := c.ask(r)
	require.Equal(t, status, answer.Code, "%s", answer.Body)
	var said told
	require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &said))
	return said
}

// last is the newest record of a stream.
func (c *centre) last(t *testing.T, stream eventlog.Stream) eventlog.Record {
	t.Helper()
	for record, err := range c.log.ReadStreamBackward(t.Context(), stream, 0) {
		require.NoError(t, err)
		return record
	}
	t.Fatalf("nothing is in %s", stream)
	return eventlog.Record{}
}

func about(command, body string) *http.Request {
	return request("POST", "/v1/calls/"+known.String()+"/"+command, body)
}

func TestACommandIsInTheLogWhenItIsAnswered(t *testing.T) {
	c := newCentre(t)
	said := c.told(t, with(about("hold", `{"actor":"agent:1001","dn":"1001"}`), "Idempotency-Key", "crm-77"), 200)
	made := c.last(t, wire.CallStream(known))
	assert.Equal(t, "RequestMade", made.Type)
	assert.Equal(t, "agent:1001", made.Actor)
	assert.Equal(t, told{Position: made.Position, EventID: made.ID.String(), CommandID: "crm-77"}, said)
	require.Len(t, c.pbx.orders, 1)
	assert.Equal(t, call.Holds, c.pbx.orders[0].Do.Request)

	again := c.told(t, with(about("hold", `{"actor":"agent:1001","dn":"1001"}`), "Idempotency-Key", "crm-77"), 200)
	assert.Equal(t, said, again, "the same key acts once, and has the same answer")
	assert.Len(t, c.pbx.orders, 1)
	c.told(t, about("hold", `{"actor":"agent:1001","dn":"1001"}`), 200)
	assert.Len(t, c.pbx.orders, 2, "without a key each is another one")
}

// Every command of a call reaches its switch, or says why not.
func TestCallCommands(t *testing.T) {
	tests := map[string]struct {
		command, body string
		status        int
		order         call.Service // that the switch gets
		reason        string
	}{
		"answer what does not ring":      {"answer", `{"dn":"1001"}`, 409, "", "invalidCallState"},
		"hold":                           {"hold", `{"dn":"1001"}`, 200, call.Holds, ""},
		"hold by party":                  {"hold", `{"party":"desk"}`, 200, call.Holds, ""},
		"hold by who is not there":       {"hold", `{"dn":"1002"}`, 409, "", "notParty"},
		"hold by nobody":                 {"hold", `{}`, 422, "", "invalid"},
		"retrieve what is not held":      {"retrieve", `{"dn":"1001"}`, 409, "", "invalidCallState"},
		"release":                        {"release", `{"dn":"1001"}`, 200, call.Releases, ""},
		"redirect what does not ring":    {"redirect", `{"dn":"1001","to":"1002"}`, 409, "", "invalidCallState"},
		"transfer":                       {"transfer", `{"dn":"1001","to":"1002"}`, 200, call.BlindTransfers, ""},
		"transfer to itself":             {"transfer", `{"dn":"1001","to":"1001"}`, 422, "", "selfTransfer"},
		"transfer to an application":     {"transfer", `{"dn":"1001","to":"1002,1&x"}`, 422, "", "invalidDestination"},
		"transfer to nobody":             {"transfer", `{"dn":"1001"}`, 422, "", ""},
		"consult":                        {"consult", `{"dn":"1001","to":"1002"}`, 200, call.StartsConsult, ""},
		"complete a transfer of nothing": {"complete-transfer", `{"dn":"1001"}`, 409, "", "notConsult"},
		"cancel no consultation":         {"cancel-consult", `{"dn":"1001"}`, 409, "", "notConsult"},
		"a conference of nothing":        {"conference", `{"dn":"1001"}`, 409, "", "notConsult"},
		"drop where there are two":       {"drop", `{"dn":"1001","target":"caller"}`, 409, "", "notConference"},
		"digits":                         {"digits", `{"dn":"1001","digits":"12#"}`, 200, call.SendsDigits, ""},
		"digits that are none":           {"digits", `{"dn":"1001","digits":"12x"}`, 422, "", ""},
		"park":                           {"park", `{"dn":"1001"}`, 200, call.Parks, ""},
		"monitor":                        {"monitor", `{"dn":"1900","targetDn":"1001","mode":"silent"}`, 200, call.Monitors, ""},
		"monitor in no mode":             {"monitor", `{"dn":"1900","targetDn":"1001","mode":"loud"}`, 422, "", ""},
		"monitor from the call itself":   {"monitor", `{"dn":"1001","targetDn":"1001","mode":"barge"}`, 409, "", "alreadyParty"},
		"record":                         {"recording/start", `{"dn":"1001"}`, 200, call.StartsRecording, ""},
		"pause no recording":             {"recording/pause", `{"dn":"1001"}`, 409, "", "notRecorded"},
		"resume no recording":            {"recording/resume", `{"dn":"1001"}`, 409, "", "notRecorded"},
		"stop no recording":              {"recording/stop", `{"dn":"1001"}`, 409, "", "notRecorded"},
		"a disposition":                  {"disposition", `{"code":"resolved"}`, 200, "", ""},
		"a note":                         {"notes", `{"text":"angry"}`, 200, "", ""},
		"what nobody knows":              {"hold", `{"dn":"1001","loud":true}`, 422, "", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := newCentre(t)
			body := strings.Replace(strings.Replace(test.body, "{", `{"actor":"agent:1001",`, 1), ",}", "}", 1)
			said := c.told(t, about(test.command, body), test.status)
			assert.Equal(t, test.reason, said.Reason)
			last := c.last(t, wire.CallStream(known))
			switch {
			case test.status == 200:
				assert.Equal(t, "agent:1001", last.Actor)
				assert.NotEmpty(t, said.EventID)
				assert.LessOrEqual(t, said.Position, last.Position)
			case test.reason != "":
				assert.Equal(t, "RequestRefused", last.Type, "a refusal is in the log")
				assert.NotEmpty(t, said.RequestID)
			}
			var orders []call.Service
			for _, o := range c.pbx.orders {
				orders = append(orders, o.Do.Request)
			}
			if test.order == "" {
				assert.Empty(t, orders)
			} else {
				assert.Equal(t, []call.Service{test.order}, orders)
			}
		})
	}
}

func TestWhatTheSwitchAnswers(t *testing.T) {
	for reason, status := range map[error]int{
		call.ErrUnsupported: 501, call.ErrLinkDown: 503, call.ErrSwitchRefused: 409, call.ErrOutcomeUnknown: 504,
	} {
		c := newCentre(t)
		c.pbx.answer = fmt.Errorf("%w: says the switch", reason)
		said := c.told(t, about("release", `{"actor":"agent:1001","dn":"1001"}`), status)
		assert.Equal(t, string(call.ReasonOf(reason)), said.Reason)
	}
}

func TestWhoTalksElsewhereDoesNotAnswer(t *testing.T) {
	c := newCentre(t)
	require.NoError(t, c.engine.Ingest(t.Context(), []engine.Observation{
		{Call: unknown, CallFact: call.CallIs{At: noon, ConnID: unknown, Switch: "cc1", SwitchCallID: "1795435200.2", ANI: "2125550002"}},
		{Call: unknown, CallFact: call.PartyIs{At: noon, Party: "second", DN: "1001", Agent: "1001", Role: call.Destination, State: call.Alerting}},
	}))
	c.follow(t)
	said := c.told(t, request("POST", "/v1/calls/"+unknown.String()+"/answer", `{"actor":"agent:1001","dn":"1001"}`), 409)
	assert.Equal(t, "dnBusy", said.Reason)
}

func TestAgentCommands(t *testing.T) {
	c := newCentre(t)
	said := c.told(t, request("POST", "/v1/agents/1002/not-ready", `{"reason":"lunch"}`), 200)
	made := c.last(t, wire.AgentStream("1002"))
	assert.Equal(t, "AgentRequestMade", made.Type)
	assert.Equal(t, "agent:1002", made.Actor)
	assert.Equal(t, made.ID.String(), said.EventID)
	assert.Equal(t, "lunch", c.pbx.orders[0].DoAgent.Reason)

	said = c.told(t, request("POST", "/v1/agents/1002/ready", `{}`), 200)
	assert.Empty(t, said.EventID, "he is ready: there is nothing to do")
	assert.Equal(t, made.Position, said.Position)
	assert.Len(t, c.pbx.orders, 1)

	called := c.told(t, with(request("POST", "/v1/agents/1002/calls", `{"to":"2125550199"}`), "Idempotency-Key", "c1"), 200)
	assert.Equal(t, call.NewConnID(noon, "cc1", "x-c1").String(), called.ConnID)
	assert.Equal(t, called, c.told(t, with(request("POST", "/v1/agents/1002/calls", `{"to":"2125550199"}`), "Idempotency-Key", "c1"), 200))

	for path, want := range map[string]string{
		`1001/calls {"to":"2125550199"}`:                      "dnBusy",
		`1002/calls {"to":"1002"}`:                            "selfTransfer",
		`1003/ready {}`:                                       "notLoggedIn",
		`1003/login {"dn":"1001","queues":["sales"]}`:         "dnHasAgent",
		`1001/login {"dn":"1007","queues":["sales"]}`:         "alreadyLoggedIn",
		`1003/calls {"to":"2125550199"}`:                      "notLoggedIn",
		`1002/not-ready {"queue":"nothing","reason":"tired"}`: "notLoggedIn",
	} {
		path, body, _ := strings.Cut(path, " ")
		answer := c.ask(request("POST", "/v1/agents/"+path, body))
		assert.Contains(t, answer.Body.String(), `"reason":"`+want+`"`, path)
	}
	c.told(t, request("POST", "/v1/agents/1003/login", `{"dn":"1003","queues":["sales"]}`), 200)
	assert.Equal(t, []string{"sales"}, c.pbx.orders[len(c.pbx.orders)-1].DoAgent.Queues, "on the only switch there is")
	c.told(t, request("POST", "/v1/agents/1002/logout", ""), 200)
}

func TestUserDataIsChangedAsItWasSeen(t *testing.T) {
	c := newCentre(t)
	first := c.ask(about("userdata", `{"set":{"a":"1"},"actor":"ivr:main"}`))
	require.Equal(t, 200, first.Code, "%s", first.Body)
	var said told
	require.NoError(t, json.Unmarshal(first.Body.Bytes(), &said))
	last := c.last(t, wire.CallStream(known))
	assert.Equal(t, last.Position, said.Position)
	assert.Equal(t, last.ID.String(), said.EventID)

	seen := c.ask(get("/v1/calls/" + known.String() + "/userdata"))
	assert.JSONEq(t, `{"userData":{"a":"1"}}`, seen.Body.String())
	tag := seen.Header().Get("ETag")
	assert.Equal(t, first.Header().Get("ETag"), tag)

	second := c.ask(with(about("userdata", `{"set":{"a":"2"},"actor":"agent:1001"}`), "If-Match", tag))
	require.Equal(t, 200, second.Code, "%s", second.Body)
	assert.NotEqual(t, tag, second.Header().Get("ETag"))
	assert.Equal(t, "userDataChanged", c.told(t, with(about("userdata", `{"set":{"a":"3"},"actor":"agent:1002"}`), "If-Match", tag), 412).Reason)
	c.told(t, with(about("userdata", `{"set":{"a":"3"},"actor":"agent:1002"}`), "If-Match", "*"), 200)

	keyed := func() told {
		return c.told(t, with(about("userdata", `{"set":{"b":"1"},"actor":"ivr:main"}`), "Idempotency-Key", "k"), 200)
	}
	assert.Equal(t, keyed().EventID, keyed().EventID)
	assert.Equal(t, 404, c.ask(get("/v1/calls/"+unknown.String()+"/userdata")).Code)
}

// Every operation that is asked by POST is described with an example, and the example can be sent as it is.
func TestExamples(t *testing.T) {
	c := newCentre(t)
	var document struct {
		Paths map[string]map[string]struct {
			RequestBody struct {
				Content map[string]struct{ Example json.RawMessage }
			}
			Responses map[string]struct {
				Content map[string]struct{ Example json.RawMessage }
			}
		}
	}
	require.NoError(t, json.Unmarshal(c.ask(get("/openapi.json")).Body.Bytes(), &document))
	examples := 0
	for path, operations := range document.Paths {
		asked, ok := operations["post"]
		if !ok {
			continue
		}
		examples++
		body := string(asked.RequestBody.Content["application/json"].Example)
		assert.NotEmpty(t, body, "%s has no example", path)
		assert.NotEmpty(t, asked.Responses["200"].Content["application/json"].Example, "%s has no example of its answer", path)
		path = strings.NewReplacer("{connId}", known.String(), "{id}", "1001").Replace(path)
		answer := c.ask(request("POST", path, body))
		assert.NotContains(t, answer.Body.String(), `"errors"`, path)
		assert.Contains(t, []int{200, 409}, answer.Code, "%s: %s", path, answer.Body)
	}
	assert.Equal(t, 26, examples)
}
