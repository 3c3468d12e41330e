package freeswitch_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/switches/connection"
	"github.com/callstate/callstate/adapters/switches/connection/connectiontest"
	"github.com/callstate/callstate/adapters/switches/freeswitch"
	"github.com/stretchr/testify/assert"
)

func good() freeswitch.Config {
	return freeswitch.Config{Name: "pbx1", Host: "pbx1.example", Password: "ClueCon"}
}

func TestEverythingThatIsWrongWithAConfigurationIsSaid(t *testing.T) {
	assert.NoError(t, good().Validate())

	err := freeswitch.Config{
		Port: 70000, Limits: connection.Limits{PingInterval: -time.Second, QueuePieces: -1}, Password: "x\napi y", User: "a:b",
	}.Validate()
	for _, text := range []string{
		"name is missing", "host is missing", "password has a line end", "port 70000", "ping interval", "queue size", "user@domain", "colon",
	} {
		assert.ErrorContains(t, err, text)
	}
	small := good()
	small.Limits.QueueBytes = 1000
	assert.ErrorContains(t, small.Validate(), "one block")

	_, err = freeswitch.NewLink(freeswitch.Config{}, told{}, &connectiontest.Recorder{}, nil)
	assert.ErrorContains(t, err, "name is missing")
}

func TestThePasswordIsNotPrinted(t *testing.T) {
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		text := fmt.Sprintf(format, good())
		assert.NotContains(t, text, "ClueCon", format)
		assert.Contains(t, text, "pbx1.example", format)
	}
	assert.NotContains(t, good().LogValue().String(), "ClueCon")
}
