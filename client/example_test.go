package client_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/callstate/callstate/client"
)

// A screen that pops up the customer while the telephone rings.
func ExampleClient_Follow() {
	server := httptest.NewServer(http.HandlerFunc(anEngine))
	defer server.Close()

	engine := &client.Client{URL: server.URL, Token: "..."}
	for update, err := range engine.Follow(context.Background(), "1001") {
		if err != nil {
			fmt.Println(err)
			return
		}
		if update.Lost != nil {
			fmt.Println("not up to date:", update.Lost)
			continue
		}
		for _, call := range update.Desktop.Calls {
			if call.State == "ringing" {
				fmt.Println(call.ANI, "rings, account", call.UserData["account"])
			}
		}
		if update.Desktop.Agent.State == "loggedOut" {
			fmt.Println(update.Desktop.Agent.ID, "is not there")
			return
		}
	}
	// Output: 1001 is not there
}

// anEngine is one that knows one agent.
func anEngine(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = io.WriteString(w, "id: 41\nevent: snapshot\n"+
		`data: {"position":41,"desktop":{"agent":{"id":"1001","dn":"","state":"loggedOut","since":"0001-01-01T00:00:00Z","queues":[],"calls":[]},"calls":[]},"hash":"12477594a4f8b3fb"}`+"\n\n")
}
