package components

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const cachelessFile = "/run/pilotlight/cacheless"

// redis is a real Redis, as ElastiCache serves it: by TLS, and with a password.
type redis struct {
	t       *testing.T
	i       *instance
	address string
	ca      string
	server  *exec.Cmd
}

// withCache is an instance that has a cache, at an address that no other test has.
func withCache(t *testing.T) *redis {
	t.Helper()
	i := running(t)
	pid := os.Getpid()
	r := &redis{t: t, i: i, address: fmt.Sprintf("127.%d.%d.%d", 2+pid>>16&0x3f, pid>>8&0xff, pid&0xff), ca: i.path("/redis.pem")}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	certificate := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.ParseIP(r.address)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, certificate, certificate, key.Public(), key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	i.put(r.ca, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	i.put(i.path("/redis.key"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	i.answer("parameters", i.read(parametersFile)+"/blog/dr/cache\t"+r.address+"\n")
	i.refresh()
	r.start("token")
	return r
}

func (r *redis) start(password string) {
	r.t.Helper()
	r.server = exec.Command(needed(r.t, "redis-server"), "--port", "0", "--tls-port", "6379", "--bind", r.address, "--save", "",
		"--tls-cert-file", r.ca, "--tls-key-file", r.i.path("/redis.key"), "--tls-ca-cert-file", r.ca, "--tls-auth-clients", "no",
		"--requirepass", password, "--dir", r.i.root)
	require.NoError(r.t, r.server.Start())
	r.t.Cleanup(r.stop)
	require.Eventually(r.t, func() bool { c, err := net.Dial("tcp", r.address+":6379"); return err == nil && c.Close() == nil }, 10*time.Second, 20*time.Millisecond)
}

func (r *redis) stop() {
	if r.server.ProcessState == nil {
		_ = r.server.Process.Kill()
		_ = r.server.Wait()
	}
}

// say gives the server commands, and answers what it says.
func (r *redis) say(commands string) string {
	r.t.Helper()
	c, err := (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}).DialContext(r.t.Context(), "tcp", r.address+":6379") //nolint:gosec // a server of this test
	require.NoError(r.t, err)
	defer c.Close()
	_, err = io.WriteString(c, "AUTH token\r\n"+commands+"\r\nQUIT\r\n")
	require.NoError(r.t, err)
	said, _ := io.ReadAll(c) // the server ends the connection as it likes
	return string(said)
}

// minute is what the refresh sees to, and how long it took.
func (r *redis) minute() (said string, took time.Duration) {
	r.t.Helper()
	began := time.Now()
	_, said = r.i.page(minutePage, "SSL_CERT_FILE="+r.ca)
	return said, time.Since(began)
}

// TestDeadCacheIsOutOfUse holds, with a real Redis, that a cache which does not serve as
// WordPress needs it is not asked by pages, and that one which serves again is.
func TestDeadCacheIsOutOfUse(t *testing.T) {
	t.Parallel()
	r := withCache(t)
	for _, tc := range []struct {
		name        string
		spoil, mend func()
	}{
		{"it is killed", r.stop, func() { r.start("token") }},
		{"it hangs", func() { require.NoError(t, r.server.Process.Signal(syscall.SIGSTOP)) }, func() { require.NoError(t, r.server.Process.Signal(syscall.SIGCONT)) }},
		{"it has another password", func() { r.stop(); r.start("other") }, func() { r.stop(); r.start("token") }},
		{"it is full", func() { r.say("CONFIG SET maxmemory 1") }, func() { r.say("CONFIG SET maxmemory 0") }},
	} {
		said, _ := r.minute()
		assert.Empty(t, said, "before %s", tc.name)
		assert.Contains(t, r.i.constants(), "WP_REDIS_HOST", "before %s", tc.name)

		tc.spoil()
		said, took := r.minute()
		assert.Equal(t, "pilotlight: the cache does not serve: WordPress goes without it\n", said, tc.name)
		assert.Less(t, took, 5*time.Second, tc.name)
		assert.Equal(t, true, r.i.constants()["WP_REDIS_DISABLED"], tc.name)
		said, _ = r.minute()
		assert.Empty(t, said, "said once when %s", tc.name)

		tc.mend()
		said, _ = r.minute()
		assert.Equal(t, "pilotlight: the cache serves again\n", said, "after %s", tc.name)
		assert.NoFileExists(t, r.i.path(cachelessFile))
	}
}

// TestCacheComesBackEmpty holds that nothing is read from it that was changed while it was
// out of use, and that a cache which serves all the time keeps what it has.
func TestCacheComesBackEmpty(t *testing.T) {
	r := withCache(t)
	r.say("SET post old")
	r.minute()
	assert.Contains(t, r.say("GET post"), "old")
	r.i.put(r.i.path(cachelessFile), "")
	r.minute()
	assert.NotContains(t, r.say("GET post"), "old")
}

// TestCacheForgetsWhatItMayHaveMissed has changes pass the cache by that no minute has seen.
func TestCacheForgetsWhatItMayHaveMissed(t *testing.T) {
	const failed = "/run/pilotlight/cache-failed"
	r := withCache(t)
	r.minute()
	info, err := os.Stat(r.i.path(failed))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o660), info.Mode(), "pages write to it")
	for _, tc := range []struct {
		name  string
		spoil func()
		want  bool
	}{
		{"nothing is missed", func() {}, false},
		{"a page has met a failure", func() { r.i.put(r.i.path(failed), "1") }, true},
		{"that was a minute ago", func() {}, false},
		{"another process answers", func() { r.stop(); r.start("token") }, true},
		{"it is promoted", func() { r.say("REPLICAOF 127.0.0.1 1"); r.say("REPLICAOF NO ONE") }, true},
		{"it was promoted a minute ago", func() {}, false},
	} {
		tc.spoil()
		r.say("SET post old")
		said, _ := r.minute()
		assert.Equal(t, tc.want, said == "pilotlight: the cache may have missed changes, and has forgotten all\n", "%s: %s", tc.name, said)
		assert.Equal(t, !tc.want, strings.Contains(r.say("GET post"), "old"), tc.name)
	}
}

// TestPagesTellOfAFailingCache calls what the plugin calls when the cache fails, and what ends a page.
func TestPagesTellOfAFailingCache(t *testing.T) {
	t.Parallel()
	const failed = "/run/pilotlight/cache-failed"
	i := running(t)
	i.answer("parameters", i.read(parametersFile)+"/blog/dr/cache\tredis.example.net\n")
	i.refresh()
	i.put(i.path(site+"/wp-settings.php"), `<?php
		$run = getenv('PILOTLIGHT_ROOT') . '/run/pilotlight';
		foreach ($wp_filter['redis_object_cache_error'] as $callbacks) {
			foreach ($callbacks as $callback) {
				$callback['function'](...array_slice(['an error'], 0, $callback['accepted_args']));
			}
		}
		echo file_get_contents("$run/cache-failed");
		unlink("$run/cache-failed"); // the minute has passed, and then the page changes a value`)
	_, text := i.page(site + "/wp-config.php")
	assert.Equal(t, "1", text, "at once: the page may be killed")
	assert.Equal(t, "1", i.read(failed), "and at the end: the page went on without the cache")
}

// TestMovedSiteLeavesTheCacheAlone as it leaves all else.
func TestMovedSiteLeavesTheCacheAlone(t *testing.T) {
	t.Parallel()
	i := running(t)
	i.answer("parameters", i.read(parametersFile)+"/blog/dr/cache\t127.0.0.1\n")
	i.answer("peer-epoch", "4\n")
	i.refresh()
	_, said := i.page(minutePage)
	assert.Empty(t, said)
	assert.NoFileExists(t, i.path(cachelessFile))
}
