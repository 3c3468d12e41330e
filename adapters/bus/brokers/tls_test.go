package brokers

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
)

// certificate is one for this machine that vouches for itself, and the file with it.
func certificate(t testing.TB) (c tls.Certificate, caFile string) {
	t.Helper()
	s := httptest.NewTLSServer(http.NotFoundHandler())
	defer s.Close()
	c = s.TLS.Certificates[0]
	return c, pemFile(t, "CERTIFICATE", c.Certificate[0])
}

func keyFile(t testing.TB, c tls.Certificate) string {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	require.NoError(t, err)
	return pemFile(t, "PRIVATE KEY", key)
}

func pemFile(t testing.TB, kind string, content []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file.pem")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), 0o600))
	return file
}

// assertOnlyWhoIsVouchedFor: a broker takes a message over TLS, and is given none when nobody that is trusted vouches for
// it.
func assertOnlyWhoIsVouchedFor(t *testing.T, c Config, m *message.Message) {
	t.Helper()
	require.NoError(t, c.Validate())
	publisher, err := c.Connect()
	require.NoError(t, err)
	require.NoError(t, publisher.Publish(c.Topic, m))
	require.NoError(t, publisher.Close())

	c.CAFile = ""
	if publisher, err = c.Connect(); err == nil {
		err = publisher.Publish(c.Topic, m)
		require.NoError(t, publisher.Close())
	}
	assert.ErrorContains(t, err, "certificate")
}

func aMessage() *message.Message { return message.NewMessage("4711", []byte("{}")) }

func TestNATSOverTLS(t *testing.T) {
	certificate, caFile := certificate(t)
	s := startNATS(t, func(o *server.Options) {
		o.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}}
		o.Username, o.Password = "callstate", "secret"
	})
	addStream(t, s.connect(t, nats.RootCAs(caFile), nats.UserInfo("callstate", "secret")))
	assertOnlyWhoIsVouchedFor(t, Config{
		Kind: NATS, URL: "tls://" + s.Addr().String(), Topic: "callstate.events", User: "callstate", Secret: "secret", CAFile: caFile,
	}, aMessage())
}

func TestKafkaOverTLS(t *testing.T) {
	certificate, caFile := certificate(t)
	k := startKafka(t, kfake.TLS(&tls.Config{Certificates: []tls.Certificate{certificate}}))
	assertOnlyWhoIsVouchedFor(t, Config{Kind: Kafka, URL: "kafka+tls://" + k.ListenAddrs()[0], Topic: "callstate.events", CAFile: caFile}, aMessage())
}

func TestWebhookOverTLS(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	assertOnlyWhoIsVouchedFor(t, Config{Kind: Webhook, URL: s.URL, Secret: "s", CAFile: pemFile(t, "CERTIFICATE", s.Certificate().Raw)}, aMessage())
}

func TestAuthoritiesThatCannotBe(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	for want, c := range map[string]Config{
		"no such file":             {Kind: NATS, URL: "tls://a:4222", Topic: "calls", CAFile: "missing.pem"},
		"no certificate in PEM":    {Kind: Kafka, URL: "kafka+tls://a:9093", Topic: "calls", CAFile: empty},
		"url does not ask for TLS": {Kind: AMQP, URL: "amqp://a", Topic: "calls", CAFile: empty},
	} {
		assert.ErrorContains(t, c.Validate(), want)
	}
}
