package main

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"net"
	"time"

	"github.com/callstate/callstate/adapters/switches/asterisk"
	"github.com/callstate/callstate/adapters/switches/playback"
	"github.com/spf13/cobra"
)

// recordedContactCentre is what the manager interface of a real switch sent in three minutes of a busy contact centre:
// 300 calls, twelve agents, three queues.
//
//go:embed recordings/contact-centre.ami.gz
var recordedContactCentre []byte

func newDemo(s *settings) *cobra.Command {
	var listen string
	var speed float64
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run the engine on a recorded session of a real switch, and show it on a page",
		Long: `Plays what a real Asterisk sent in three busy minutes of a contact centre, again and again, as a
fake switch on this machine, and runs the whole engine on it: the same link, log, read models and
page as with a real switch. The calls are moved to the present, so every round has new calls.
What was recorded stays in the data folder; a second start continues the same log.`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().StringVar(&listen, "listen", defaultListen, "address of the API and the page")
	cmd.Flags().Float64Var(&speed, "speed", 1, "so many times faster than it happened")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if speed <= 0 || speed > 1000 {
			return usageError{fmt.Errorf("--speed must be above 0 and at most 1000")}
		}
		logger := newLogger(cmd.ErrOrStderr())
		n, err := openNode(cmd.Context(), s.data, listen, logger)
		if err != nil {
			return err
		}
		fake, link, err := demoSwitch(n, speed)
		if err != nil {
			n.close()
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), `callstate %s

  page       %s
  API        %sopenapi.json
  data       %s
  switch     a recorded Asterisk, played at %g times its pace

Ctrl-C ends it. Then: callstate calls --data %s
`, version(), n.address(), n.address(), s.data, speed, s.data)
		return n.run(cmd.Context(), fake, link)
	}
	return cmd
}

// demoSwitch is the recorded switch, and the link to it.
func demoSwitch(n *node, speed float64) (*playback.Server, *asterisk.Link, error) {
	unpacked, err := gzip.NewReader(bytes.NewReader(recordedContactCentre))
	if err != nil {
		return nil, nil, err
	}
	recording, err := playback.ReadAMI(unpacked)
	if err != nil {
		return nil, nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	fake, err := playback.NewServer(listener, recording, playback.Options{
		Username: "demo", Secret: "demo", Speed: speed, Redate: true, Loop: true, Log: n.logger,
	})
	if err != nil {
		listener.Close()
		return nil, nil, err
	}
	config := asterisk.Config{Name: "demo", Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, Username: "demo", Secret: "demo"}
	vocabulary := asterisk.Vocabulary{
		Switch: "demo", DefaultWrapup: time.Duration(2 * float64(time.Second) / speed), // as its queues.conf says
	}
	link, err := asterisk.NewLink(config, asterisk.NewTranslator(vocabulary), n.engine, n.logger)
	if err != nil {
		listener.Close()
		return nil, nil, err
	}
	return fake, link, nil
}
