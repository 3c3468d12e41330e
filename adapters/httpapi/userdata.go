package httpapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/wire"
	"github.com/danielgtaylor/huma/v2"
)

func (s *Server) registerUserData(api huma.API) {
	operation(s, api, huma.Operation{
		OperationID: "getUserData", Method: http.MethodGet, Path: "/v1/calls/{connId}/userdata", Tags: []string{tagCalls},
		Summary:     "The data attached to a call",
		Description: "As the log has it now. The ETag names this version of it.",
	}, s.getUserData, http.StatusNotFound, http.StatusUnprocessableEntity)
	operation(s, api, huma.Operation{
		OperationID: "changeUserData", Method: http.MethodPost, Path: "/v1/calls/{connId}/userdata", Tags: []string{tagCalls},
		Summary: "Attach, update or delete data of a live call",
		Description: "Answered when the change is durable in the log; what is so already changes nothing. With If-Match nothing is changed " +
			"unless the data still is of the version that the client has seen.",
		MaxBodyBytes: maxBody,
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Example: map[string]any{
			"set": map[string]string{"account": "100200"}, "delete": []string{"draft"}, "actor": "agent:1001",
		}}}},
		Responses: map[string]*huma.Response{"200": {Description: "It is so", Content: map[string]*huma.MediaType{
			"application/json": {Example: userDataChange{ConnID: newSample().state.ConnID, Set: map[string]string{"account": "100200"}, Deleted: []string{"draft"}, Position: 4711}},
		}}},
	}, s.changeUserData, http.StatusForbidden, http.StatusNotFound, http.StatusGone, http.StatusPreconditionFailed, http.StatusRequestEntityTooLarge,
		http.StatusUnprocessableEntity)
}

type userDataView struct {
	ETag string `header:"ETag" doc:"The version of the user data"`
	Body struct {
		UserData map[string]string `json:"userData"`
	}
}

func (s *Server) getUserData(ctx context.Context, in *callRequest) (*userDataView, error) {
	id, err := connID(in.ConnID)
	if err != nil {
		return nil, err
	}
	state, err := s.config.States.Call(ctx, id)
	if err != nil {
		return nil, err
	}
	if !state.Started() {
		return nil, call.ErrUnknownCall
	}
	if err := s.lookedAtCall(ctx, id, access.TheUserData); err != nil {
		return nil, err
	}
	answer := &userDataView{ETag: quoted(state.UserDataVersion())}
	answer.Body.UserData = map[string]string{}
	for _, pair := range state.UserData() {
		answer.Body.UserData[pair.Key] = pair.Value
	}
	return answer, nil
}

type userDataRequest struct {
	ConnID string `path:"connId" format:"uuid" doc:"The call's connection ID"`
	CommandKey
	IfMatch string `header:"If-Match" maxLength:"200" doc:"The ETag of the user data that the client has seen: where it is another one by now, 412"`
	Body    struct {
		Set    map[string]string `json:"set,omitempty" doc:"What to attach or to update"`
		Delete []string          `json:"delete,omitempty" nullable:"false" doc:"The keys to delete"`
		Actor  string            `json:"actor,omitempty" maxLength:"200" example:"agent:1001" doc:"Who asks, where nobody has to say who he is: agent:1001, ivr:main"`
	}
}

type userDataAnswer struct {
	ETag string `header:"ETag" doc:"The version of the user data as it is now"`
	Body userDataChange
}

type userDataChange struct {
	ConnID   call.ConnID       `json:"connId"`
	Set      map[string]string `json:"set" doc:"What was attached or updated; what was so already is not here"`
	Deleted  []string          `json:"deleted" doc:"The keys that were deleted"`
	Position uint64            `json:"position,omitempty" doc:"Of the change in the log: a client's view has it once its feed has passed this"`
	EventID  string            `json:"eventId,omitempty" doc:"The event of the change; absent where nothing was changed"`
}

func (s *Server) changeUserData(ctx context.Context, in *userDataRequest) (*userDataAnswer, error) {
	id, err := connID(in.ConnID)
	if err != nil {
		return nil, err
	}
	c, err := s.circumstances(ctx, Asking{Actor: in.Body.Actor}, in.Key, true)
	if err != nil {
		return nil, err
	}
	c.by.ID = in.Key // a change that says what is to be so needs no id to act once
	change := call.ChangeUserData{
		At: c.by.At, Actor: c.by.Actor, ID: in.Key, Set: pairs(in.Body.Set), Delete: in.Body.Delete, Seen: unquoted(in.IfMatch),
	}
	ctx, cancel := underWay(ctx)
	defer cancel()
	events, err := s.config.Requests.Request(ctx, id, change)
	if err != nil {
		return nil, err
	}
	body := userDataChange{ConnID: id, Set: map[string]string{}, Deleted: []string{}}
	for _, event := range events {
		if changed, ok := event.Body.(call.UserDataChanged); ok {
			for _, pair := range changed.Set {
				body.Set[pair.Key] = pair.Value
			}
			body.Deleted = append(body.Deleted, changed.Deleted...)
		}
	}
	receipt, err := s.receipt(ctx, wire.CallStream(id), c.by, call.ConnID{})
	if err != nil {
		return nil, err
	}
	body.Position, body.EventID = uint64(receipt.Body.Position), receipt.Body.EventID
	state, err := s.config.States.Call(ctx, id)
	if err != nil {
		return nil, err
	}
	return &userDataAnswer{ETag: quoted(state.UserDataVersion()), Body: body}, nil
}

func quoted(version string) string { return `"` + version + `"` }

// unquoted is the version in an If-Match; * is any.
func unquoted(etag string) string {
	if strings.TrimSpace(etag) == "*" {
		return ""
	}
	return strings.Trim(strings.TrimPrefix(strings.TrimSpace(etag), "W/"), `"`)
}
