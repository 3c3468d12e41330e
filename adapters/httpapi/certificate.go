package httpapi

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Certificate is a certificate and its key in files, which are looked at again while it is used, so that a renewed one is
// taken without a restart.
type Certificate struct {
	certFile, keyFile string
	logger            *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	as      [2]time.Time // when the files were last changed
	looked  time.Time
}

// lookAgain is how often the files are looked at, at most.
const lookAgain = 10 * time.Second

// OpenCertificate reads a certificate and its key, both PEM. The logger gets why a renewed one cannot be used; nil logs
// nothing.
func OpenCertificate(certFile, keyFile string, logger *slog.Logger) (*Certificate, error) {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	c := &Certificate{certFile: certFile, keyFile: keyFile, logger: logger}
	as, err := c.changed()
	if err != nil {
		return nil, err
	}
	return c, c.load(as)
}

// config is for a server that uses the certificate.
func (c *Certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.at(time.Now()), nil },
	}
}

// at is the certificate to use at a moment: the one in the files or, where that cannot be read, the last one that could.
func (c *Certificate) at(now time.Time) *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.Sub(c.looked) < lookAgain {
		return c.current
	}
	c.looked = now
	as, err := c.changed()
	if err == nil && as != c.as {
		err = c.load(as)
	}
	if err != nil {
		c.logger.Warn("the certificate cannot be renewed, the old one stays in use", "err", err)
	}
	return c.current
}

func (c *Certificate) changed() (as [2]time.Time, err error) {
	for i, file := range []string{c.certFile, c.keyFile} {
		info, err := os.Stat(file)
		if err != nil {
			return as, fmt.Errorf("certificate: %w", err)
		}
		as[i] = info.ModTime()
	}
	return as, nil
}

func (c *Certificate) load(as [2]time.Time) error {
	loaded, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	c.current, c.as = &loaded, as
	return nil
}
