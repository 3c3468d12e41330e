package asterisk_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/switches/asterisk"
	"github.com/callstate/callstate/adapters/switches/connection"
	"github.com/callstate/callstate/adapters/switches/connection/connectiontest"
	"github.com/stretchr/testify/assert"
)

func good() asterisk.Config {
	return asterisk.Config{Name: "pbx1", Host: "pbx1.example", Username: "callstate", Secret: "s3cret"}
}

func TestEverythingThatIsWrongWithAConfigurationIsSaid(t *testing.T) {
	assert.NoError(t, good().Validate())

	err := asterisk.Config{Port: 70000, Limits: connection.Limits{PingInterval: -time.Second, QueuePieces: -1}, Secret: "x\r\nAction: y"}.Validate()
	for _, text := range []string{"name is missing", "host is missing", "username is missing", "secret has a line end", "port 70000", "ping interval", "queue size"} {
		assert.ErrorContains(t, err, text)
	}
	small := good()
	small.Limits.QueueBytes = 1000
	assert.ErrorContains(t, small.Validate(), "one block")
	backoff := good()
	backoff.Limits.Backoff = connection.Backoff{Base: -1}
	assert.ErrorContains(t, backoff.Validate(), "backoff base")

	_, err = asterisk.NewLink(asterisk.Config{}, told{}, &connectiontest.Recorder{}, nil)
	assert.ErrorContains(t, err, "name is missing")
}

func TestTheSecretIsNotPrinted(t *testing.T) {
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		text := fmt.Sprintf(format, good())
		assert.NotContains(t, text, "s3cret", format)
		assert.Contains(t, text, "pbx1.example", format)
	}
	assert.NotContains(t, good().LogValue().String(), "s3cret")
}
