package wire

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// authority issues the certificates of the simulated internet. Its clients alone trust it.
type authority struct {
	key  *ecdsa.PrivateKey
	self *x509.Certificate

	mu     sync.Mutex
	issued map[string]*tls.Certificate // by name
}

// newAuthority is called once for a face that is asked for HTTPS: a key takes a moment.
func newAuthority() (*authority, error) {
	a := &authority{issued: map[string]*tls.Certificate{}}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, fmt.Errorf("making the simulated internet's authority: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "simulated authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	if err != nil {
		return nil, fmt.Errorf("making the simulated internet's authority: %w", err)
	}
	a.self, err = x509.ParseCertificate(der)
	return a, err
}

// certificate is one for the name that a client asks for.
func (a *authority) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if known := a.issued[hello.ServerName]; known != nil {
		return known, nil
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(int64(len(a.issued)) + 2), DNSNames: []string{hello.ServerName},
		NotBefore: a.self.NotBefore, NotAfter: a.self.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.self, &a.key.PublicKey, a.key)
	if err != nil {
		return nil, fmt.Errorf("issuing a certificate for %s: %w", hello.ServerName, err)
	}
	a.issued[hello.ServerName] = &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: a.key}
	return a.issued[hello.ServerName], nil
}

// Transport carries requests of the simulated internet, for http.Client: by HTTPS, too, with
// certificates that it trusts.
func (f *Face) Transport() (*http.Transport, error) {
	authority, err := f.authority()
	if err != nil {
		return nil, err
	}
	trusted := x509.NewCertPool()
	trusted.AddCert(authority.self)
	return &http.Transport{DialContext: f.DialContext, TLSClientConfig: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}}, nil
}

// secureAt reports whether HTTPS is spoken at a host and port.
func secureAt(address string) bool { return strings.HasSuffix(address, ":443") }

// secured is the far side of a connection by TLS. It hangs up without a word: both sides of a
// pipe that want to say so at once would wait for each other.
type secured struct {
	*tls.Conn
	dialed dialed
}

// Close hangs up.
func (s secured) Close() error { return s.dialed.Close() }

// far is the far side of a connection that was dialed.
func (f *Face) far(c dialed) (net.Conn, error) {
	if !secureAt(c.to) {
		return c, nil
	}
	authority, err := f.authority()
	if err != nil {
		return nil, err
	}
	return secured{tls.Server(c, &tls.Config{GetCertificate: authority.certificate, MinVersion: tls.VersionTLS12}), c}, nil
}
