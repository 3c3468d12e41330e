package main

import (
	"compress/gzip"
	"embed"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/callstate/callstate/adapters/desktop"
	"github.com/callstate/callstate/adapters/switches/asterisk"
	"github.com/callstate/callstate/adapters/switches/freeswitch"
	"github.com/callstate/callstate/adapters/switches/playback"
	"github.com/callstate/callstate/adapters/switches/simulator"
	"github.com/spf13/cobra"
)

// What the manager interface of a real Asterisk sent in three minutes of a busy contact centre: 300 calls, twelve agents,
// three queues; and what the event socket of a real FreeSWITCH sent in two and a half: 205 calls, eight agents, two queues.
//
//go:embed recordings
var recordings embed.FS

func newDemo(s *settings) *cobra.Command {
	var listen, kind string
	var speed float64
	var simulate bool
	simulated := simulator.Config{Name: "simulator", Steady: true, Manual: []string{demoAgent}}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run the engine on a recorded session of a real switch, and show it on a page",
		Long: `Plays what a real switch sent in some busy minutes of a contact centre, again and again, as a
fake switch on this machine, and runs the whole engine on it: the same link, log, read models and
page as with a real switch. The calls are moved to the present, so every round has new calls.
What was recorded stays in the data folder; a second start continues the same log.

With --simulate it runs on a contact centre that there is not, as large and as busy as you want it. Its
agent 1001 does nothing by himself: his desktop on the page is yours.`,
		Args:    cobra.NoArgs,
		Example: "  callstate demo\n  callstate demo --simulate --agents 200 --rate 5",
	}
	cmd.Flags().StringVar(&listen, "listen", defaultListen, "address of the API and the page")
	cmd.Flags().StringVar(&kind, "switch", "asterisk", "kind of switch: asterisk or freeswitch")
	cmd.Flags().Float64Var(&speed, "speed", 1, "so many times faster than it happened")
	cmd.Flags().BoolVar(&simulate, "simulate", false, "a simulated contact centre instead of a recorded one")
	cmd.Flags().IntVar(&simulated.Agents, "agents", 50, "with --simulate: how many agents")
	cmd.Flags().Float64Var(&simulated.Rate, "rate", 0, "with --simulate: callers a second (default: what the agents can take)")
	cmd.Flags().Uint64Var(&simulated.Seed, "seed", 1, "with --simulate: another contact centre")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := simulated.Validate(); err != nil {
			return usageError{err}
		}
		if speed <= 0 || speed > 1000 {
			return usageError{fmt.Errorf("--speed must be above 0 and at most 1000")}
		}
		start, title := demoAsterisk, "Asterisk"
		switch kind {
		case "asterisk":
		case "freeswitch":
			start, title = demoFreeSWITCH, "FreeSWITCH"
		default:
			return usageError{fmt.Errorf("unknown kind of switch %q: asterisk and freeswitch are known", kind)}
		}
		logger := newLogger(cmd.ErrOrStderr())
		n, err := openNode(cmd.Context(), place{data: s.data}, listen, admission{}, desktop.Settings{}, logger, buses{}, nil) // nobody wants demo calls in a shared log
		if err != nil {
			return err
		}
		what, yours := fmt.Sprintf("a recorded %s, played at %g times its pace", title, speed), "as it was recorded: nothing can be done there"
		var sources []runnable
		if simulate {
			what, yours = fmt.Sprintf("a simulated contact centre of %d agents", simulated.Agents), "yours: log in, and calls come"
			sources, err = demoSimulator(n, simulated)
		} else {
			sources, err = start(n, speed)
		}
		if err != nil {
			n.close()
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), `callstate %s

  page       %s
  a desktop  %s#/agents/%s (%s)
  API        %sopenapi.json
  data       %s
  switch     %s

Ctrl-C ends it. Then: callstate calls --data %s
`, version(), n.address(), n.address(), demoAgent, yours, n.address(), s.where(), what, s.data)
		return n.run(cmd.Context(), append(sources, controls(s.place, n)...)...)
	}
	return cmd
}

// demoAgent is whose desktop is shown first.
const demoAgent = "1001"

// demoAsterisk is the recorded Asterisk, and the link to it.
func demoAsterisk(n *node, speed float64) ([]runnable, error) {
	fake, port, err := playRecording("contact-centre.ami.gz", playback.ReadAMI, speed, n)
	if err != nil {
		return nil, err
	}
	config := asterisk.Config{Name: "demo", Host: "127.0.0.1", Port: port, Username: "demo", Secret: "demo"}
	vocabulary := asterisk.Vocabulary{
		Switch: "demo", DefaultWrapup: time.Duration(2 * float64(time.Second) / speed), // as its queues.conf says
	}
	translator := asterisk.NewTranslator(vocabulary)
	link, err := asterisk.NewLink(config, translator, n.facts, n.logger)
	n.executors[config.Name] = asterisk.NewExecutor(link, translator, asterisk.Dialplan{})
	return []runnable{fake, link}, err
}

// demoFreeSWITCH is the recorded FreeSWITCH, and the link to it.
func demoFreeSWITCH(n *node, speed float64) ([]runnable, error) {
	fake, port, err := playRecording("contact-centre.esl.gz", playback.ReadESL, speed, n)
	if err != nil {
		return nil, err
	}
	config := freeswitch.Config{Name: "demo", Host: "127.0.0.1", Port: port, Password: "demo"}
	vocabulary := freeswitch.Vocabulary{
		Switch: "demo", Wrapup: time.Duration(3 * float64(time.Second) / speed), // as its callcenter.conf.xml says
	}
	link, err := freeswitch.NewLink(config, freeswitch.NewTranslator(vocabulary), n.facts, n.logger)
	n.executors[config.Name] = freeswitch.NewExecutor(link, freeswitch.Dialplan{})
	return []runnable{fake, link}, err
}

// demoSimulator is a contact centre that there is not.
func demoSimulator(n *node, c simulator.Config) ([]runnable, error) {
	simulated, err := simulator.NewSwitch(c, n.facts)
	n.executors[c.Name] = simulated
	return []runnable{simulated}, err
}

// playRecording plays one of our recordings on a port of this machine, as if it happened now, over and over.
func playRecording(
	name string, read func(io.Reader) (*playback.Recording, error), speed float64, n *node,
) (fake *playback.Server, port int, err error) {
	packed, err := recordings.Open("recordings/" + name)
	if err != nil {
		return nil, 0, err
	}
	defer packed.Close()
	unpacked, err := gzip.NewReader(packed)
	if err != nil {
		return nil, 0, err
	}
	recording, err := read(unpacked)
	if err != nil {
		return nil, 0, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, 0, err
	}
	fake, err = playback.NewServer(listener, recording, playback.Options{
		Username: "demo", Secret: "demo", Speed: speed, Redate: true, Loop: true, Log: n.logger,
	})
	if err != nil {
		listener.Close()
		return nil, 0, err
	}
	return fake, listener.Addr().(*net.TCPAddr).Port, nil
}
