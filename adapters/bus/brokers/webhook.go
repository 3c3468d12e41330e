package brokers

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/callstate/callstate/adapters/bus"
)

// The headers of a webhook, as in Standard Webhooks 1.0 (github.com/standard-webhooks/standard-webhooks), whose
// libraries verify them.
const (
	headerID        = "webhook-id" // the event's id: the same when it is sent again
	headerTimestamp = "webhook-timestamp"
	headerSignature = "webhook-signature"
)

// keyPrefix marks a key that is written in base64.
const keyPrefix = "whsec_"

// webhook posts each message to a URL. Any answer from 200 to 299 confirms it.
type webhook struct {
	url    string
	key    []byte
	client *http.Client
	now    func() time.Time
}

func newWebhook(c Config) (*webhook, error) {
	key, err := signingKey(c.Secret)
	if err != nil {
		return nil, err
	}
	secure, err := c.tls()
	if err != nil {
		return nil, err
	}
	client := &http.Client{
		Timeout:   confirmation,
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, IdleConnTimeout: 90 * time.Second, TLSClientConfig: secure},
		// A redirect turns a POST into a GET: the configured URL is to be the right one.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &webhook{url: c.URL, key: key, client: client, now: time.Now}, nil
}

func signingKey(secret string) ([]byte, error) {
	encoded, ok := strings.CutPrefix(secret, keyPrefix)
	if !ok {
		return []byte(secret), nil
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, errors.New("the secret is not base64 behind " + keyPrefix)
	}
	return key, nil
}

// sign is the signature of a webhook: HMAC-SHA256 of id, time in Unix seconds and payload.
func sign(key []byte, id, timestamp string, payload []byte) string {
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.", id, timestamp)
	mac.Write(payload)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Publish implements message.Publisher.
func (w *webhook) Publish(_ string, messages ...*message.Message) error {
	for _, m := range messages {
		if err := w.post(m); err != nil {
			return err
		}
	}
	return nil
}

func (w *webhook) post(m *message.Message) error {
	request, err := http.NewRequestWithContext(m.Context(), http.MethodPost, w.url, bytes.NewReader(m.Payload))
	if err != nil {
		return err
	}
	timestamp := strconv.FormatInt(w.now().Unix(), 10)
	request.Header.Set("Content-Type", m.Metadata.Get(bus.MetadataContentType))
	request.Header.Set(headerID, m.UUID)
	request.Header.Set(headerTimestamp, timestamp)
	request.Header.Set(headerSignature, sign(w.key, m.UUID, timestamp, m.Payload))
	response, err := w.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10)) // so that the connection can be used again
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return fmt.Errorf("webhook: answer %s", response.Status)
	}
	return nil
}

// Close implements message.Publisher.
func (w *webhook) Close() error {
	w.client.CloseIdleConnections()
	return nil
}
