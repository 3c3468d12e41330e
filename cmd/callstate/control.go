package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/callstate/callstate/adapters/store/pebble"
	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections/audit"
)

// control is how other commands reach the engine that has a data folder open: HTTP over a Unix socket in the folder, so
// that its owner can ask, and nobody else.
type control struct {
	socket string
	log    *pebble.Store
	engine *engine.Engine
	logger *slog.Logger
}

// controls is the control of an engine whose log is in its data folder; a log elsewhere has tools of its own.
func controls(at place, n *node) []runnable {
	if log, ok := n.log.(*pebble.Store); ok {
		return []runnable{newControl(at.data, log, n.engine, n.logger)}
	}
	return nil
}

func newControl(data string, log *pebble.Store, e *engine.Engine, logger *slog.Logger) *control {
	return &control{socket: controlSocket(data), log: log, engine: e, logger: logger}
}

func controlSocket(data string) string { return filepath.Join(data, "control.sock") }

// Run answers until ctx is done. The engine also runs where there can be no socket, such as under a very long path.
func (c *control) Run(ctx context.Context) error {
	_ = os.Remove(c.socket) // left by an engine that was killed: there is no other one, or the log would not be open
	listener, err := net.Listen("unix", c.socket)
	if err == nil {
		err = os.Chmod(c.socket, 0o600)
	}
	if err != nil {
		c.logger.Warn("backup, verify, calls and stats --explain will not reach this engine while it runs", "err", err)
		return nil
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /backup", c.backUp)
	mux.HandleFunc("POST /verify", c.verify)
	mux.HandleFunc("POST /viewed", c.viewed)
	server := &http.Server{Handler: mux, BaseContext: func(net.Listener) context.Context { return ctx }}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		_ = server.Shutdown(context.WithoutCancel(ctx))
	})
	err = server.Serve(listener)
	if !stop() {
		<-stopped
		return nil
	}
	return fmt.Errorf("serve %s: %w", c.socket, err)
}

func (c *control) backUp(w http.ResponseWriter, r *http.Request) {
	made, err := backUp(r.Context(), c.log, r.FormValue("to"))
	answer(w, made, err)
}

func (c *control) verify(w http.ResponseWriter, r *http.Request) {
	verified, err := c.log.Verify(r.Context(), nil)
	answer(w, verified, err)
}

// viewed writes the look of whoever uses another command; viewedBeside asks for it.
func (c *control) viewed(w http.ResponseWriter, r *http.Request) {
	var event audit.Event
	err := json.Unmarshal([]byte(r.FormValue("event")), &event)
	if err == nil {
		var look access.Event
		if look, err = wire.DecodeAccess(event.Record()); err == nil {
			err = c.engine.Viewed(r.Context(), look.Actor, look.Body)
		}
	}
	answer(w, struct{}{}, err)
}

func answer(w http.ResponseWriter, result any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_ = json.NewEncoder(w).Encode(result)
}

// askEngine has the engine that runs on a data folder do something.
func askEngine(ctx context.Context, data, what string, form url.Values, result any) error {
	client := http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", controlSocket(data))
		},
	}}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://engine/"+what, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("data folder %s is in use by another process, which cannot be reached: %w", data, errors.Unwrap(err))
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(response.Body, 64<<10))
		return errors.New(strings.TrimSpace(string(said)))
	}
	return json.NewDecoder(response.Body).Decode(result)
}
