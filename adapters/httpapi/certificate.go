package httpapi

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"time"
)

// Certificate is a certificate and its key in files, which are looked at again while it is used, so that a renewed one is
// taken without a restart.
type Certificate struct{ *reread[*tls.Certificate] }

// OpenCertificate reads a certificate and its key, both PEM. The logger gets why a renewed one cannot be used; nil logs
// nothing.
func OpenCertificate(certFile, keyFile string, logger *slog.Logger) (*Certificate, error) {
	read := func() (*tls.Certificate, error) {
		loaded, err := tls.LoadX509KeyPair(certFile, keyFile)
		return &loaded, err
	}
	files, err := readAgain(read, logger, certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	return &Certificate{files}, nil
}

// config is for a server that uses the certificate.
func (c *Certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.at(time.Now()), nil },
	}
}
