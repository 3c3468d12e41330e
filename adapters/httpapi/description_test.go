package httpapi_test

import (
	"encoding/json"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/callstate/callstate/adapters/httpapi"
)

// The description covers every path with what it answers, and what it refers to is there.
func TestDescription(t *testing.T) {
	answer := httptest.NewRecorder()
	httpapi.New(newBuilding().config()).Handler().ServeHTTP(answer, get("/openapi.json"))
	var document struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string
			Summary     string
			Responses   map[string]struct{ Content map[string]any }
		}
		Components struct{ Schemas map[string]any }
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &document); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(document.OpenAPI, "3.1.") {
		t.Errorf("OpenAPI %s", document.OpenAPI)
	}
	want := []string{
		"delete /v1/sessions/{id}",
		"get /healthz", "get /readyz", "get /v1/agents/{id}", "get /v1/agents/{id}/services", "get /v1/agents/{id}/stream", "get /v1/calls", "get /v1/calls/export", "get /v1/calls/{connId}",
		"get /v1/calls/{connId}/events", "get /v1/calls/{connId}/export", "get /v1/calls/{connId}/replay", "get /v1/calls/{connId}/userdata", "get /v1/floor", "get /v1/floor/diff",
		"get /v1/floor/stream", "get /v1/projections", "get /v1/replay", "get /v1/session", "get /v1/sessions", "get /v1/stats",
		"post /v1/agents/{id}/calls", "post /v1/agents/{id}/login", "post /v1/agents/{id}/logout", "post /v1/agents/{id}/not-ready", "post /v1/agents/{id}/ready",
		"post /v1/calls/{connId}/answer", "post /v1/calls/{connId}/cancel-consult", "post /v1/calls/{connId}/complete-transfer",
		"post /v1/calls/{connId}/conference", "post /v1/calls/{connId}/consult", "post /v1/calls/{connId}/digits", "post /v1/calls/{connId}/disposition",
		"post /v1/calls/{connId}/drop", "post /v1/calls/{connId}/hold", "post /v1/calls/{connId}/monitor", "post /v1/calls/{connId}/notes",
		"post /v1/calls/{connId}/park", "post /v1/calls/{connId}/recording/pause", "post /v1/calls/{connId}/recording/resume",
		"post /v1/calls/{connId}/recording/start", "post /v1/calls/{connId}/recording/stop", "post /v1/calls/{connId}/redirect",
		"post /v1/calls/{connId}/release", "post /v1/calls/{connId}/retrieve", "post /v1/calls/{connId}/transfer", "post /v1/calls/{connId}/userdata",
	}
	var got []string
	for path, operations := range document.Paths {
		for method, operation := range operations {
			name := method + " " + path
			got = append(got, name)
			if operation.OperationID == "" || operation.Summary == "" {
				t.Errorf("%s is not described", name)
			}
			if _, ok := operation.Responses["default"].Content["application/problem+json"]; !ok {
				t.Errorf("%s: no problem is described", name)
			}
			kind := "application/json"
			switch {
			case strings.HasSuffix(path, "/stream"), strings.HasSuffix(path, "/replay"):
				kind = "text/event-stream"
			case strings.HasSuffix(path, "/export"):
				kind = "application/jsonl"
			}
			if _, ok := operation.Responses["200"].Content[kind]; !ok {
				t.Errorf("%s: no answer in %s is described", name, kind)
			}
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	for _, part := range strings.Split(answer.Body.String(), `"#/components/schemas/`)[1:] {
		name, _, _ := strings.Cut(part, `"`)
		if document.Components.Schemas[name] == nil {
			t.Errorf("schema %s is missing", name)
		}
	}
	for _, name := range []string{"ErrorModel", "View", "Record"} {
		if document.Components.Schemas[name] != nil {
			t.Errorf("schema %s should have another name, or none", name)
		}
	}
}
