package main

import (
	"compress/gzip"
	"embed"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/callstate/callstate/adapters/switches/asterisk"
	"github.com/callstate/callstate/adapters/switches/freeswitch"
	"github.com/callstate/callstate/adapters/switches/playback"
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
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run the engine on a recorded session of a real switch, and show it on a page",
		Long: `Plays what a real switch sent in some busy minutes of a contact centre, again and again, as a
fake switch on this machine, and runs the whole engine on it: the same link, log, read models and
page as with a real switch. The calls are moved to the present, so every round has new calls.
What was recorded stays in the data folder; a second start continues the same log.`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().StringVar(&listen, "listen", defaultListen, "address of the API and the page")
	cmd.Flags().StringVar(&kind, "switch", "asterisk", "kind of switch: asterisk or freeswitch")
	cmd.Flags().Float64Var(&speed, "speed", 1, "so many times faster than it happened")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
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
		n, err := openNode(cmd.Context(), s.data, listen, logger)
		if err != nil {
			return err
		}
		fake, link, err := start(n, speed)
		if err != nil {
			n.close()
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), `callstate %s

  page       %s
  API        %sopenapi.json
  data       %s
  switch     a recorded %s, played at %g times its pace

Ctrl-C ends it. Then: callstate calls --data %s
`, version(), n.address(), n.address(), s.data, title, speed, s.data)
		return n.run(cmd.Context(), fake, link, newControl(s.data, n.log, logger))
	}
	return cmd
}

// demoAsterisk is the recorded Asterisk, and the link to it.
func demoAsterisk(n *node, speed float64) (*playback.Server, runnable, error) {
	fake, port, err := playRecording("contact-centre.ami.gz", playback.ReadAMI, speed, n)
	if err != nil {
		return nil, nil, err
	}
	config := asterisk.Config{Name: "demo", Host: "127.0.0.1", Port: port, Username: "demo", Secret: "demo"}
	vocabulary := asterisk.Vocabulary{
		Switch: "demo", DefaultWrapup: time.Duration(2 * float64(time.Second) / speed), // as its queues.conf says
	}
	link, err := asterisk.NewLink(config, asterisk.NewTranslator(vocabulary), n.engine, n.logger)
	return fake, link, err
}

// demoFreeSWITCH is the recorded FreeSWITCH, and the link to it.
func demoFreeSWITCH(n *node, speed float64) (*playback.Server, runnable, error) {
	fake, port, err := playRecording("contact-centre.esl.gz", playback.ReadESL, speed, n)
	if err != nil {
		return nil, nil, err
	}
	config := freeswitch.Config{Name: "demo", Host: "127.0.0.1", Port: port, Password: "demo"}
	vocabulary := freeswitch.Vocabulary{
		Switch: "demo", Wrapup: time.Duration(3 * float64(time.Second) / speed), // as its callcenter.conf.xml says
	}
	link, err := freeswitch.NewLink(config, freeswitch.NewTranslator(vocabulary), n.engine, n.logger)
	return fake, link, err
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
