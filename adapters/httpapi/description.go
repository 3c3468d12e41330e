package httpapi

import (
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections/floor"
	"github.com/callstate/callstate/projections/history"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

const (
	tagFloor     = "floor"
	tagCalls     = "calls"
	tagAgents    = "agents"
	tagOperation = "operation"
)

const about = `The state of every call of a contact centre, live and as it was.

Lists are read with GET; what changes is followed on the streams, which are server-sent events. A stream begins with a
` + "`snapshot`" + ` and goes on with one ` + "`change`" + ` for each event of the log that matters to it. The id of a message is a
position of the log: a client that comes back with it (` + "`Last-Event-ID`" + ` or ` + "`?after=`" + `) gets everything it missed, once
and in order, or, when that is not known any more, a ` + "`reset`" + ` and a new snapshot.

Errors are problem details (RFC 9457) with the request's reference in ` + "`requestId`" + `.`

// newDescription returns a huma API over a mux that describes itself in the terms of the field.
func newDescription(mux *http.ServeMux, version string) huma.API {
	registry := huma.NewMapRegistry("#/components/schemas/", schemaName)
	registry.RegisterTypeAlias(reflect.TypeFor[call.ConnID](), reflect.TypeFor[connIDForm]())
	registry.RegisterTypeAlias(reflect.TypeFor[call.Telephony](), reflect.TypeFor[telephonyForm]())
	registry.RegisterTypeAlias(reflect.TypeFor[history.Time](), reflect.TypeFor[timeForm]())
	config := huma.DefaultConfig("callstate", version)
	config.Info.Description = about
	config.Info.License = &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}
	config.Components = &huma.Components{Schemas: registry}
	config.Tags = []*huma.Tag{
		{Name: tagFloor, Description: "Agents, queues and live calls"},
		{Name: tagCalls, Description: "Calls, live and ended, and their history"},
		{Name: tagAgents, Description: "What agents ask"},
		{Name: tagOperation, Description: "The state of the engine itself"},
	}
	config.Transformers = []huma.Transformer{asProblem}
	// What huma would add: a page of documentation from a CDN, "$schema" in every answer, and its own paths.
	config.CreateHooks, config.DocsPath, config.SchemasPath, config.OpenAPIPath = nil, "", "", ""
	return humago.New(mux, config)
}

// schemaName gives the types the names that the field uses, where the Go name only says enough within its package.
func schemaName(t reflect.Type, hint string) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t {
	case reflect.TypeFor[floor.View]():
		return "Floor"
	case reflect.TypeFor[floor.Call]():
		return "LiveCall"
	case reflect.TypeFor[history.Record]():
		return "CallRecord"
	case reflect.TypeFor[history.Related]():
		return "RelatedCall"
	case reflect.TypeFor[item]():
		return "ProblemItem"
	case reflect.TypeFor[message]():
		return "Frame"
	case reflect.TypeFor[toldEvent]():
		return "Event"
	}
	return huma.DefaultSchemaNamer(t, hint)
}

// The forms of types that write their own JSON.
type (
	connIDForm    struct{}
	telephonyForm struct{}
	timeForm      struct{}
)

// Schema describes a call.ConnID.
func (connIDForm) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "uuid", Description: "Connection ID: a UUID of version 8, derived from the switch's own id"}
}

// Schema describes a call.Telephony.
func (telephonyForm) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Enum: texts(call.Initiated, call.Alerting, call.Connected, call.Held, call.Failed)}
}

// Schema describes a history.Time.
func (timeForm) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time", Nullable: true}
}

func anyOf[T any](values []T) []any {
	var list []any
	for _, value := range values {
		list = append(list, value)
	}
	return list
}

func texts(values ...call.Telephony) []any {
	var list []any
	for _, value := range values {
		list = append(list, value.String())
	}
	return list
}

// problemResponses describes the problems that an operation may answer with.
func problemResponses(api huma.API, statuses ...int) map[string]*huma.Response {
	schema := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[problem](), true, "Problem")
	content := map[string]*huma.MediaType{problemType: {Schema: schema}}
	responses := map[string]*huma.Response{"default": {Description: "Anything else that went wrong", Content: content}}
	for _, status := range statuses {
		responses[strconv.Itoa(status)] = &huma.Response{Description: http.StatusText(status), Content: content}
	}
	return responses
}

// describe adds what the types cannot say: the values of enumerations. It also takes out what nothing uses.
func describe(api huma.API) {
	schemas := api.OpenAPI().Components.Schemas.Map()
	enum := func(schema, property string, values ...any) { schemas[schema].Properties[property].Enum = values }
	enum("Change", "type", anyOf(wire.SortedNames())...)
	enum("Agent", "state", floor.LoggedOut, floor.Ready, floor.NotReady, floor.OutOfService, floor.Ringing, floor.Dialing, floor.Talking, floor.OnHold, floor.AfterCallWork)
	enum("LiveCall", "state", floor.CallDialing, floor.CallInIVR, floor.CallQueued, floor.CallRinging, floor.CallTalking, floor.CallHeld, floor.CallOther)
	enum("LiveCall", "type", call.Inbound, call.Outbound, call.InternalTo, call.Consult)
	enum("Party", "role", call.Origination, call.Destination)
	enum("CallRecord", "type", call.Inbound, call.Outbound, call.InternalTo, call.Consult)
	enum("CallRecord", "outcome", history.Answered, history.Abandoned, history.Busy, history.NoAnswer, history.Failed, history.Other)
	enum("QueueVisit", "result", "", history.QueueAnswered, history.QueueAbandoned, history.QueueTimedOut, history.QueueLeft)
	asked := requestBodies(api)
	for name, schema := range schemas {
		if !asked[name] {
			schema.AdditionalProperties = nil // answers may say more some day
		}
		for _, property := range schema.Properties {
			if property.Type == huma.TypeArray {
				property.Nullable = false // lists are [] when they are empty
			}
		}
	}
	delete(schemas, "ErrorModel")
	delete(schemas, "ErrorDetail")
}

// requestBodies are the names of the schemas of what clients send: there, what nobody knows is an error.
func requestBodies(api huma.API) map[string]bool {
	names := map[string]bool{}
	for _, path := range api.OpenAPI().Paths {
		if path.Post == nil || path.Post.RequestBody == nil {
			continue
		}
		for _, content := range path.Post.RequestBody.Content {
			if content.Schema != nil {
				names[strings.TrimPrefix(content.Schema.Ref, "#/components/schemas/")] = true
			}
		}
	}
	return names
}
