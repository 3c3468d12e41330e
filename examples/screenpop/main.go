// Command screenpop tells each agent which customer is ringing: what a CRM does with callstate's events. It knows nothing
// of callstate but the messages on the bus, here from NATS JetStream; watermill has Subscribers of other brokers.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill-nats/v2/pkg/nats"
	"github.com/ThreeDotsLabs/watermill/message"
)

// event is what we need of a CloudEvent; docs/events.md has all events and their data.
type event struct {
	Type, Subject, Sequence string // the subject is the call
	Data                    struct {
		ANI, Agent, Queue string
		Set               []struct{ Key, Value string }
	}
}

// customer is who calls, as far as the call has told.
type customer struct {
	sequence, number string
	data             map[string]string
}

// pop prints a line whenever a call rings at an agent, until there are no more messages.
func pop(messages <-chan *message.Message, out io.Writer) {
	calls := map[string]*customer{}
	for m := range messages {
		var e event
		if err := json.Unmarshal(m.Payload, &e); err != nil {
			log.Printf("message %s is no event: %v", m.UUID, err)
		}
		c := calls[e.Subject]
		if c == nil {
			c = &customer{data: map[string]string{}}
			calls[e.Subject] = c
		}
		if e.Sequence > c.sequence { // otherwise it was sent again
			c.sequence = e.Sequence
			switch e.Type {
			case "callstate.CallStarted.v1":
				c.number = e.Data.ANI
			case "callstate.UserDataChanged.v1":
				for _, pair := range e.Data.Set {
					c.data[pair.Key] = pair.Value
				}
			case "callstate.PartyAlerting.v1":
				fmt.Fprintf(out, "agent %s: %s is ringing, from queue %s: %s\n", e.Data.Agent, c.number, e.Data.Queue, c.data["CustomerName"])
			case "callstate.CallEnded.v1", "callstate.CallPresumedEnded.v1":
				delete(calls, e.Subject)
			}
		}
		m.Ack()
	}
}

func main() {
	url := flag.String("nats", "nats://127.0.0.1:4222", "the server")
	topic := flag.String("topic", "callstate.events", "as in the [[bus]] section")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	subscriber, err := nats.NewSubscriber(nats.SubscriberConfig{URL: *url}, watermill.NopLogger{})
	if err != nil {
		log.Fatal(err)
	}
	messages, err := subscriber.Subscribe(ctx, *topic)
	if err != nil {
		log.Fatal(err)
	}
	pop(messages, os.Stdout)
}
