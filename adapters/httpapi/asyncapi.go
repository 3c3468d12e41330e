package httpapi

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/callstate/callstate/projections/floor"
	"github.com/danielgtaylor/huma/v2"
)

// feedMessage is one message of the feeds, as the description of them has it.
type feedMessage struct {
	event              floor.FrameKind
	title, about       string
	required, optional []string // fields of a Frame
}

// feedMessages are all messages of the feeds by their names in the description.
func feedMessages() map[string]feedMessage {
	return map[string]feedMessage{
		"floorSnapshot": {floor.Snapshot, "The whole floor", "It replaces all that was known. Only the replay of one call has no hash.",
			[]string{"position", "view"}, []string{"hash"}},
		"desktopSnapshot": {floor.Snapshot, "An agent's desktop", "It replaces all that was known.", []string{"position", "desktop", "hash"}, nil},
		"floorChange": {floor.Changed, "What one event of the log changed on the floor", "Items take the place of those with the same key; calls that are gone are so. For a client that has fallen behind it is what several did, `coalesced` says how many.",
			[]string{"position", "change"}, nil},
		"desktopChange": {floor.Changed, "What one event of the log changed on the desktop", "As on the floor, and what the agent's DN is told.",
			[]string{"position", "change", "hash"}, nil},
		"heartbeat": {floor.Heartbeat, "Nothing more, up to a position", "Without a hash the engine still catches up. It has no id.",
			[]string{"position"}, []string{"hash", "notReady"}},
		"reset": {floor.Reset, "What was asked for is not known", "A snapshot follows. It has no id.", []string{"position", "reason"}, nil},
	}
}

// feedChannel is a stream with the names of its messages.
type feedChannel struct {
	path     string
	messages []string
}

func feedChannels() map[string]feedChannel {
	return map[string]feedChannel{
		"floor":       {"/v1/floor/stream", []string{"floorSnapshot", "floorChange", "heartbeat", "reset"}},
		"desktop":     {"/v1/agents/{id}/stream", []string{"desktopSnapshot", "desktopChange", "heartbeat", "reset"}},
		"callReplay":  {"/v1/calls/{connId}/replay", []string{"floorSnapshot", "floorChange"}},
		"floorReplay": {"/v1/replay", []string{"floorSnapshot", "floorChange", "desktopSnapshot", "desktopChange"}},
	}
}

// object is a JSON object of the description.
type object = map[string]any

// asyncAPI describes the feeds in the terms of AsyncAPI 3, from the same types and tables as they are made of.
func asyncAPI(api huma.API) object {
	described := api.OpenAPI()
	channels, operations, messages := object{}, object{}, object{}
	for name, m := range feedMessages() {
		messages[name] = object{
			"name": string(m.event), "title": m.title, "summary": m.about, "contentType": "application/json",
			"payload": m.payload(described.Components.Schemas.SchemaFromRef("#/components/schemas/Frame")),
		}
	}
	for name, c := range feedChannels() {
		of, refs, parameters := object{}, []object{}, object{}
		for _, message := range c.messages {
			of[message] = object{"$ref": "#/components/messages/" + message}
			refs = append(refs, object{"$ref": "#/channels/" + name + "/messages/" + message})
		}
		get, query := described.Paths[c.path].Get, object{}
		for _, p := range get.Parameters {
			switch p.In {
			case "path":
				parameters[p.Name] = object{"description": p.Description}
			case "query":
				query[p.Name] = object{"description": p.Description, "type": p.Schema.Type}
			}
		}
		channels[name] = object{
			"address": c.path, "title": get.Summary, "description": get.Description, "messages": of, "parameters": parameters,
			"servers": []object{{"$ref": "#/servers/engine"}},
		}
		operations[get.OperationID] = object{
			"action": "send", "channel": object{"$ref": "#/channels/" + name}, "summary": get.Summary, "messages": refs,
			"bindings": object{"http": object{"method": "GET", "query": object{"type": "object", "properties": query}, "bindingVersion": "0.3.0"}},
		}
	}
	document := object{
		"asyncapi": "3.0.0",
		"info": object{
			"title": "callstate feeds", "version": described.Info.Version, "license": object{"name": "Apache-2.0"},
			"description": "The live feeds and the replays, as server-sent events over HTTP: the name of a message is that of its event. " +
				"docs/formats/feed.md says how a client goes on where it was, and how it proves with the hash that it is right.",
		},
		"defaultContentType": "application/json",
		"servers":            object{"engine": object{"host": "127.0.0.1:8080", "protocol": "http", "description": "Where this document is from"}},
		"channels":           channels, "operations": operations,
	}
	document["components"] = object{"messages": messages, "schemas": used(messages, described.Components.Schemas.Map())}
	return document
}

// payload is the part of a frame that a message has.
func (m feedMessage) payload(frame *huma.Schema) *huma.Schema {
	has := map[string]*huma.Schema{}
	for _, field := range slices.Concat(m.required, m.optional) {
		has[field] = frame.Properties[field]
	}
	return &huma.Schema{Type: huma.TypeObject, Required: m.required, Properties: has}
}

// used are the schemas to which something refers, and those to which they refer.
func used(by any, all map[string]*huma.Schema) map[string]*huma.Schema {
	found := map[string]*huma.Schema{}
	for text := range strings.SplitSeq(string(plain(by)), `"#/components/schemas/`) {
		if name, _, _ := strings.Cut(text, `"`); all[name] != nil {
			found[name] = all[name]
			rest := maps.Clone(all)
			delete(rest, name)
			maps.Copy(found, used(all[name], rest))
		}
	}
	return found
}

// plain is the JSON of a description.
func plain(description any) []byte {
	text, err := json.Marshal(description)
	if err != nil {
		panic(err) // made of plain values: cannot happen
	}
	return text
}

// serve answers with a description, which does not change any more.
func serve(kind string, description any) http.HandlerFunc {
	text := plain(description)
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(text) // an error means that the client has left
	}
}
