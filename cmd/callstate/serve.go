package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/callstate/callstate/adapters/switches/asterisk"
	"github.com/callstate/callstate/adapters/switches/freeswitch"
	"github.com/callstate/callstate/adapters/switches/simulator"
	"github.com/callstate/callstate/adapters/tracing"
	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"
)

func newServe(s *settings) *cobra.Command {
	var path, listen string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the engine: links to switches, event log, read models, API and page",
		Long: `Runs the engine on the switches of a configuration file such as

  data = "callstate-data"
  listen = "127.0.0.1:8080"

  [[asterisk]]
  name = "pbx1"
  host = "192.0.2.10"
  user = "callstate"
  secret_file = "ami.secret"
  data_variables = ["ACCOUNT"]
  wrapup = { sales = "5s" }

  [[freeswitch]]
  name = "pbx2"
  host = "192.0.2.20"
  password_file = "event-socket.secret"

callstate config --example prints a file with every key.`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().StringVar(&path, "config", "callstate.toml", "configuration file")
	cmd.Flags().StringVar(&listen, "listen", "", "address of the API and the page (default: as configured, else "+defaultListen+")")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := readConfig(path)
		if err != nil {
			return err
		}
		if listen != "" {
			c.Listen = listen
		}
		at := place{data: c.Data, store: c.Store} // what the environment says is in the configuration, with its credentials
		if cmd.Flags().Changed("store") {
			at.store = s.store
		}
		if c.Data == "" || cmd.Flags().Changed("data") {
			at.data = s.data
		}
		logger := newLogger(cmd.ErrOrStderr())
		buses := buses{configured: c.Bus, stdout: cmd.OutOrStdout()}
		greeting := cmd.OutOrStdout()
		if buses.toStdout() {
			greeting = cmd.ErrOrStderr()
		}
		who, err := c.admission(filepath.Dir(path), logger)
		if err != nil {
			return err
		}
		traced, err := tracing.Open(cmd.Context(), c.Tracing.config(), version(), logger)
		if err != nil {
			return err
		}
		n, err := openNode(cmd.Context(), at, c.Listen, who, c.Desktop.settings(), logger, buses, traced)
		if err != nil {
			return err
		}
		links, err := c.links(n)
		if err != nil {
			n.close()
			return err
		}
		what, err := c.greeting(cmd.Context(), n, at)
		if err != nil {
			n.close()
			return err
		}
		fmt.Fprint(greeting, what)
		return n.run(cmd.Context(), append(links, controls(at, n)...)...)
	}
	return cmd
}

// links are the links to all configured switches, of whatever kind. What is asked of a switch goes over its link.
func (c *config) links(n *node) ([]runnable, error) {
	var links []runnable
	for i := range c.Asterisk {
		a := &c.Asterisk[i]
		translator := asterisk.NewTranslator(a.vocabulary())
		link, err := asterisk.NewLink(a.link(), translator, n.facts, n.logger)
		if err != nil {
			return nil, err
		}
		link.TraceWith(n.tracing.Tracer())
		n.executors[a.Name] = n.tracing.Executor(asterisk.NewExecutor(link, translator, a.Dialplan.dialplan()))
		links = append(links, link)
	}
	for i := range c.FreeSWITCH {
		f := &c.FreeSWITCH[i]
		link, err := freeswitch.NewLink(f.link(), freeswitch.NewTranslator(f.vocabulary()), n.facts, n.logger)
		if err != nil {
			return nil, err
		}
		link.TraceWith(n.tracing.Tracer())
		n.executors[f.Name] = n.tracing.Executor(freeswitch.NewExecutor(link, f.Dialplan.dialplan(f.Domain)))
		links = append(links, link)
	}
	for i := range c.Simulator {
		simulated, err := simulator.NewSwitch(c.Simulator[i].config(), n.facts)
		if err != nil {
			return nil, err
		}
		n.executors[c.Simulator[i].Name] = n.tracing.Executor(simulated)
		links = append(links, simulated)
	}
	return links, nil
}

// newLogger logs as text to a terminal and as JSON to anything else.
func newLogger(w io.Writer) *slog.Logger {
	if f, ok := w.(*os.File); ok && isatty.IsTerminal(f.Fd()) {
		return slog.New(slog.NewTextHandler(w, nil))
	}
	return slog.New(slog.NewJSONHandler(w, nil))
}
