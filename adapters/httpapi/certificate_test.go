package httpapi

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// certify writes a certificate for 127.0.0.1 with a serial number, as of a time.
func certify(t *testing.T, dir string, serial int64, at time.Time) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	require.NoError(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), 0o600))
	require.NoError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
	require.NoError(t, os.Chtimes(certFile, at, at))
	return certFile, keyFile
}

func leaf(t *testing.T, c *tls.Certificate) *x509.Certificate {
	t.Helper()
	parsed, err := x509.ParseCertificate(c.Certificate[0])
	require.NoError(t, err)
	return parsed
}

func serial(t *testing.T, c *tls.Certificate) int64 {
	t.Helper()
	return leaf(t, c).SerialNumber.Int64()
}

func TestARenewedCertificateIsTaken(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	_, err := OpenCertificate(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), nil)
	require.ErrorIs(t, err, os.ErrNotExist)
	certFile, keyFile := certify(t, dir, 1, now)
	c, err := OpenCertificate(certFile, keyFile, nil)
	require.NoError(t, err)
	assert.EqualValues(t, 1, serial(t, c.at(now)))

	certify(t, dir, 2, now.Add(time.Second))
	assert.EqualValues(t, 1, serial(t, c.at(now.Add(time.Second))), "not looked at yet")
	assert.EqualValues(t, 2, serial(t, c.at(now.Add(lookAgain))))

	require.NoError(t, os.WriteFile(certFile, []byte("half of a certifica"), 0o600))
	assert.EqualValues(t, 2, serial(t, c.at(now.Add(2*lookAgain))), "what cannot be read leaves the old one")
	certify(t, dir, 3, now.Add(time.Minute))
	assert.EqualValues(t, 3, serial(t, c.at(now.Add(3*lookAgain))))
}

func TestAServerWithACertificate(t *testing.T) {
	certFile, keyFile := certify(t, t.TempDir(), 1, time.Now())
	certificate, err := OpenCertificate(certFile, keyFile, nil)
	require.NoError(t, err)
	listener, err := Listen("127.0.0.1:0", nil)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- New(Config{Certificate: certificate}).Run(ctx, listener) }()
	trusted := x509.NewCertPool()
	trusted.AddCert(leaf(t, certificate.at(time.Now())))
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}, ForceAttemptHTTP2: true}}
	answer, err := client.Get("https://" + listener.Addr().String() + "/healthz")
	require.NoError(t, err)
	answer.Body.Close()
	assert.Equal(t, http.StatusOK, answer.StatusCode)
	assert.Equal(t, 2, answer.ProtoMajor)
	client.CloseIdleConnections()
	stop()
	require.NoError(t, <-ended)
}
