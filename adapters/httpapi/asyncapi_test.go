package httpapi_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/httpapi"
	"github.com/callstate/callstate/domain/wire"
)

// document is a description as it is served, and its schemas.
type document struct {
	t        *testing.T
	name     string
	content  map[string]any
	compiler *jsonschema.Compiler
	compiled map[string]*jsonschema.Schema
}

// described reads a description. What it does not describe is an error here, although a client has to pass it over.
func described(t *testing.T, handler http.Handler, name string) *document {
	t.Helper()
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, get("/"+name))
	require.Equal(t, http.StatusOK, answer.Code)
	content, err := jsonschema.UnmarshalJSON(answer.Body)
	require.NoError(t, err)
	d := &document{t: t, name: "http://localhost/" + name, content: content.(map[string]any), compiler: jsonschema.NewCompiler(), compiled: map[string]*jsonschema.Schema{}}
	closeSchemas(content)
	d.compiler.AssertFormat()
	require.NoError(t, d.compiler.AddResource(d.name, content))
	return d
}

// closeSchemas lets no schema of an object pass what it does not name.
func closeSchemas(part any) {
	switch part := part.(type) {
	case map[string]any:
		if _, is := part["properties"].(map[string]any); is && part["type"] == "object" && part["additionalProperties"] == nil {
			part["additionalProperties"] = false
		}
		for _, each := range part {
			closeSchemas(each)
		}
	case []any:
		for _, each := range part {
			closeSchemas(each)
		}
	}
}

// at is what the document has in a place.
func (d *document) at(path ...string) map[string]any {
	part := d.content
	for _, name := range path {
		next, ok := part[name].(map[string]any)
		if !ok {
			return nil
		}
		part = next
	}
	return part
}

// valid checks a JSON text against the schema in a place.
func (d *document) valid(text []byte, path ...string) error {
	place := d.name + "#"
	for _, part := range path {
		place += "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(part)
	}
	if d.compiled[place] == nil {
		schema, err := d.compiler.Compile(place)
		require.NoError(d.t, err)
		d.compiled[place] = schema
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(d.t, err)
	return d.compiled[place].Validate(value)
}

// sent is a message of a stream.
type sent struct{ id, event, data string }

// messagesOf reads the messages of a stream.
func messagesOf(stream []byte) (all []sent) {
	var m sent
	lines := bufio.NewScanner(bytes.NewReader(stream))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "id":
			m.id = value
		case "event":
			m.event = value
		case "data":
			m.data = value
		case "":
			if m.event != "" {
				all = append(all, m)
			}
			m = sent{}
		}
	}
	return all
}

// What the feeds send is what their description says: each message of a busy day is one of its channel, by the event's name, and
// valid; and every message of each channel is among them.
func TestTheFeedsSendWhatIsDescribed(t *testing.T) {
	a := newArchive(t)
	d := described(t, a.server(), "asyncapi.json")
	id := a.script.Records()[300].Stream
	for _, r := range a.script.Records() {
		if r.Stream.Kind() == wire.Call {
			id = r.Stream
		}
	}
	live := httpapi.New(httpapi.Config{Floor: a.live, Heartbeat: time.Millisecond}).Handler()
	seen := map[string]map[string]bool{}
	for path, channel := range map[string]string{
		"/v1/floor/stream": "floor", "/v1/floor/stream?after=1": "floor", "/v1/floor/stream?after=999999": "floor",
		"/v1/agents/1001/stream": "desktop", "/v1/agents/1001/stream?after=0": "desktop", "/v1/agents/1001/stream?after=x": "desktop", "/v1/agents/nobody/stream": "desktop",
		"/v1/calls/" + id.ID() + "/replay?speed=0": "callReplay", "/v1/replay?speed=0": "floorReplay", "/v1/replay?speed=0&agent=1002": "floorReplay",
	} {
		handler := live
		if strings.Contains(path, "replay") {
			handler = a.server()
		}
		if seen[channel] == nil {
			seen[channel] = map[string]bool{}
		}
		messages := messagesOf(untilHeartbeat(t, handler, path))
		require.NotEmpty(t, messages, path)
		for _, m := range messages {
			var valid []string
			var problems []error
			for name := range d.at("channels", channel, "messages") {
				if d.at("components", "messages", name)["name"] != m.event {
					continue
				}
				if err := d.valid([]byte(m.data), "components", "messages", name, "payload"); err != nil {
					problems = append(problems, err)
				} else {
					valid = append(valid, name)
				}
			}
			require.NotEmpty(t, valid, "%s: %s %s\n%v", path, m.event, m.data, problems)
			seen[channel][valid[0]] = true
			if withID := m.event == "snapshot" || m.event == "change"; withID != (m.id != "") {
				t.Errorf("%s: %s has the id %q", path, m.event, m.id)
			}
		}
	}
	for channel := range d.at("channels") {
		for name := range d.at("channels", channel, "messages") {
			assert.True(t, seen[channel][name], "%s of %s was never sent", name, channel)
		}
	}
}

// untilHeartbeat is what a stream sends until it says that there is no more.
func untilHeartbeat(t *testing.T, handler http.Handler, path string) []byte {
	server := httptest.NewServer(handler)
	defer server.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
	var all bytes.Buffer
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<24)
	for beats := false; lines.Scan(); {
		all.WriteString(lines.Text() + "\n")
		beats = beats || lines.Text() == "event: heartbeat"
		if beats && lines.Text() == "" {
			break
		}
	}
	require.NoError(t, lines.Err())
	return all.Bytes()
}

// The names of events come from the table of stored names.
func TestTheFeedsAreDescribedFromTheRegistry(t *testing.T) {
	d := described(t, httpapi.New(newBuilding().config()).Handler(), "asyncapi.json")
	assert.Equal(t, "3.0.0", d.content["asyncapi"])
	var names []string
	for _, name := range d.at("components", "schemas", "Change", "properties", "type")["enum"].([]any) {
		names = append(names, name.(string))
	}
	assert.Equal(t, wire.SortedNames(), names)
	openAPI := described(t, httpapi.New(newBuilding().config()).Handler(), "openapi.json")
	var streams, addresses []string
	for path := range openAPI.at("paths") {
		if openAPI.at("paths", path, "get", "responses", "200", "content", "text/event-stream") != nil {
			streams = append(streams, path)
		}
	}
	for channel := range d.at("channels") {
		addresses = append(addresses, d.at("channels", channel)["address"].(string))
	}
	assert.ElementsMatch(t, streams, addresses)
	text, err := json.Marshal(d.content)
	require.NoError(t, err)
	for _, part := range strings.Split(string(text), `"$ref":"#/`)[1:] {
		place, _, _ := strings.Cut(part, `"`)
		assert.NotNil(t, d.at(slices.Collect(strings.SplitSeq(place, "/"))...), place)
	}
}
