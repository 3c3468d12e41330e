// Package client speaks to a callstate engine: it reads the records of calls, asks for what agents and desktops ask for, and
// follows an agent's desktop without ever missing or inventing a change.
//
// Its types are those of the API and of nothing else in this module. The engine's own description is at /openapi.json and
// /asyncapi.json; docs/formats/feed.md says how a feed is followed.
package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Client is a client of one engine. Its fields are not to be changed once it is used; it may be used concurrently.
type Client struct {
	// URL is where the engine is: https://callstate.example.com.
	URL string
	// Token says who asks, where the engine wants to know.
	Token string
	// HTTP sends the requests; http.DefaultClient by default. One with a Timeout cuts feeds, which then go on where they were.
	HTTP *http.Client
	// Silence is after how long a feed that says nothing is taken for dead; 15 s by default, three heartbeats.
	Silence time.Duration
	// Retry is how long a feed waits before it comes back, twice as long after each failure up to fifteen times; 1 s by default.
	Retry time.Duration
}

// Error is an answer that says why not: problem details (RFC 9457).
type Error struct {
	Status    int    `json:"status"`           // the HTTP status
	Title     string `json:"title"`            // in words
	Detail    string `json:"detail"`           // what went wrong this time
	Reason    string `json:"reason,omitempty"` // why a request was refused, in one word that does not change: invalidCallState
	RequestID string `json:"requestId"`        // the reference under which the engine's log has more
	Errors    []struct {
		Message  string `json:"message"`
		Location string `json:"location,omitempty"`
	} `json:"errors,omitempty"` // what is wrong with the request, item by item
}

// Error is the detail, with all that is wrong.
func (e *Error) Error() string {
	text := cmp.Or(e.Detail, e.Title)
	for _, each := range e.Errors {
		text += "; " + strings.TrimSpace(each.Location+" "+each.Message)
	}
	return fmt.Sprintf("%s (%d, request %s)", text, e.Status, e.RequestID)
}

// Is makes errors.Is(err, &Error{Reason: "invalidCallState"}) and errors.Is(err, &Error{Status: 404}) true where these are so.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && (t.Status == 0 || t.Status == e.Status) && (t.Reason == "" || t.Reason == e.Reason)
}

// do sends a request and reads its answer into one that is given; an *Error where the engine says no.
func (c *Client) do(ctx context.Context, method, path string, header http.Header, body, answer any) error {
	response, err := c.send(ctx, method, path, header, body)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}

// send sends a request; the caller closes the body of its answer.
func (c *Client) send(ctx context.Context, method, path string, header http.Header, body any) (*http.Response, error) {
	var content io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.URL, "/")+path, content)
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		request.Header[name] = values
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.Token != "" {
		request.Header.Set("Authorization", "Bearer "+c.Token)
	}
	response, err := cmp.Or(c.HTTP, http.DefaultClient).Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode >= 300 {
		defer response.Body.Close()
		return nil, problem(response)
	}
	return response, nil
}

// problem reads why not. What comes from something on the way, and is no problem of the engine's, still has a status.
func problem(response *http.Response) error {
	said := &Error{}
	data, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if strings.HasPrefix(response.Header.Get("Content-Type"), "application/problem+json") {
		err = errors.Join(err, json.Unmarshal(data, said))
	}
	said.Status, said.Title = response.StatusCode, cmp.Or(said.Title, http.StatusText(response.StatusCode))
	said.RequestID = cmp.Or(said.RequestID, response.Header.Get("X-Request-ID"))
	if err != nil {
		return errors.Join(said, err)
	}
	return said
}

func callPath(connID string, rest string) string { return "/v1/calls/" + url.PathEscape(connID) + rest }

func agentPath(id string, rest string) string { return "/v1/agents/" + url.PathEscape(id) + rest }
