package site

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A cache is a real Redis, as ElastiCache makes it: TLS only, with a password.
type cache struct {
	t        *testing.T
	dir      string
	address  string
	password string
	cmd      *exec.Cmd
}

// cacheAt starts a cache under a name.
func (c *cloud) cacheAt(host, password string) *cache {
	c.t.Helper()
	r := &cache{t: c.t, dir: c.t.TempDir(), address: fmt.Sprintf("10.77.0.%d", 10+databases.Add(1)), password: password}
	require.NoError(c.t, shell(`ip addr replace "$1/16" dev `+bridge, r.address))
	c.web.put(c.t, r.dir, host)
	c.resolve(r.address, host)
	r.start()
	c.t.Cleanup(r.stop)
	return r
}

func (r *cache) start() {
	r.t.Helper()
	r.cmd = exec.Command("redis-server", "--port", "0", "--tls-port", "6379", "--bind", r.address, "--requirepass", r.password, "--save", "", "--dir", r.dir,
		"--tls-cert-file", r.dir+"/cert.pem", "--tls-key-file", r.dir+"/key.pem", "--tls-ca-cert-file", r.dir+"/ca.pem", "--tls-auth-clients", "no",
		"--unixsocket", r.dir+"/socket", "--logfile", r.dir+"/log")
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(r.t, r.cmd.Start())
	eventually(r.t, patience, func() error {
		conn, err := net.DialTimeout("tcp", net.JoinHostPort(r.address, "6379"), time.Second)
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

func (r *cache) stop() {
	if r.cmd != nil {
		_ = r.cmd.Process.Kill() // it may be gone
		_ = r.cmd.Wait()
		r.cmd = nil
	}
}

// do gives a command, and returns what Redis says.
func (r *cache) do(words ...string) string {
	r.t.Helper()
	out, err := exec.Command("redis-cli", append([]string{"-s", r.dir + "/socket", "--no-auth-warning", "-a", r.password}, words...)...).CombinedOutput()
	require.NoError(r.t, err, "%s", out)
	return strings.TrimSpace(string(out))
}

// watch has Redis tell each command that it is given, until the returned function ends that and says what it told.
func (r *cache) watch() (seen func() string) {
	r.t.Helper()
	cmd := exec.Command("redis-cli", "-s", r.dir+"/socket", "--no-auth-warning", "-a", r.password, "MONITOR")
	told, err := cmd.StdoutPipe()
	require.NoError(r.t, err)
	require.NoError(r.t, cmd.Start())
	lines := bufio.NewReader(told)
	_, err = lines.ReadString('\n') // OK: from here on nothing is missed
	require.NoError(r.t, err)
	return func() string {
		r.do("ECHO", "the last")
		var all strings.Builder
		for !strings.Contains(all.String(), `"the last"`) {
			line, err := lines.ReadString('\n')
			require.NoError(r.t, err)
			all.WriteString(line)
		}
		_ = cmd.Process.Kill() // it never ends by itself
		_ = cmd.Wait()
		return all.String()
	}
}

// redisCache puts the plugin Redis Object Cache into an image, where .ci/run has found one,
// and a stand-in for it elsewhere.
func redisCache(t *testing.T) string {
	t.Helper()
	dir, _ := os.UserCacheDir() // without one there is none
	plugin := filepath.Join(dir, "pilotlight-ci", "redis-cache")
	if _, err := os.Stat(plugin + "/includes/object-cache.php"); err == nil {
		return "cp -r " + plugin + " /var/www/html/wp-content/plugins/redis-cache\ncp " + plugin + "/includes/object-cache.php /var/www/html/wp-content/\n"
	}
	standin, err := filepath.Abs("testdata/object-cache.php")
	require.NoError(t, err)
	return "cp " + standin + " /var/www/html/wp-content/\n"
}

const cacheHost = "master.blog-prod.abc.usw2.cache.amazonaws.com"

// storing is what an image has of which a page stores a value in the cache, and can be had to stand still in the middle until a file is there.
const storing = `
mkdir -p /var/www/html/wp-content/mu-plugins
cat >/var/www/html/wp-content/mu-plugins/store.php <<'EOF'
<?php
add_action('init', function () {
    isset($_GET['store']) && wp_cache_set('tide', microtime(), 'tides');
    if (isset($_GET['wait'])) {
        touch('/tmp/waits');
        while (!file_exists('/run/go')) {
            usleep(50000);
        }
    }
});
EOF
`

// TestPagesOutliveRedis has Redis fail in every way. Pages answer all the while, before the
// refresh has seen it too.
func TestPagesOutliveRedis(t *testing.T) {
	t.Parallel()
	s := newSide(t)
	s.parameter(home, path+"/cache", cacheHost)
	r := s.cacheAt(cacheHost, s.secrets["cache_token"])
	i := s.serving(s.image(putWordPress + redisCache(t) + storing))
	i.visit().install()
	page := func(during string) {
		t.Helper()
		began := time.Now()
		require.NoError(t, i.visit().get("/?store").want(200), during)
		assert.Less(t, time.Since(began), 15*time.Second, during)
	}
	is := func(want string) {
		t.Helper()
		eventually(t, patience, func() error {
			if got, err := s.deep(i); err != nil || got.Cache != want {
				return fmt.Errorf("the cache is %q: %w", got.Cache, err)
			}
			return nil
		})
	}
	is("ok")
	page("all is well")
	assert.NotEqual(t, "0", r.do("DBSIZE"), "WordPress caches nothing")
	assert.Contains(t, r.do("KEYS", "epoch-1:*"), "epoch-1:", "keys of an epoch have its number")
	r.do("SET", "stale", "what changed while the cache was out of use")

	for _, failure := range []struct {
		name        string
		begin, heal func()
	}{
		{"killed", r.stop, r.start},
		{"full", func() { r.do("CONFIG", "SET", "maxmemory", "1") }, func() { r.do("CONFIG", "SET", "maxmemory", "0") }},
		{"slow", func() { _ = r.cmd.Process.Signal(syscall.SIGSTOP) }, func() { _ = r.cmd.Process.Signal(syscall.SIGCONT) }},
		{"of another password", func() { r.do("CONFIG", "SET", "requirepass", "other") }, func() {
			r.password = "other"
			r.do("CONFIG", "SET", "requirepass", s.secrets["cache_token"])
			r.password = s.secrets["cache_token"]
		}},
	} {
		failure.begin()
		page(failure.name + ", not yet seen")
		require.NoError(t, i.systemd.start(refresh))
		is("unreachable")
		assert.FileExists(t, i.path("/run/pilotlight/cacheless"), "pages go on asking a cache that is %s", failure.name)
		page(failure.name)
		failure.heal()
		page(failure.name + ", healed, not yet seen")
		require.NoError(t, i.systemd.start(refresh))
		is("ok")
		page(failure.name + ", healed")
		assert.Equal(t, "0", r.do("EXISTS", "stale"), "a cache that is healed remembers what changed meanwhile")
	}

	amid := func(during string, happens func()) {
		t.Helper()
		begun := make(chan error)
		i.must("rm -f /tmp/waits /run/go")
		go func() { begun <- i.visit().get("/?wait").want(200) }()
		eventually(t, patience, func() error { _, err := i.run("test -e /tmp/waits"); return err })
		happens()
		began := time.Now()
		i.must("touch /run/go")
		require.NoError(t, <-begun, during)
		assert.Less(t, time.Since(began), 15*time.Second, during)
	}
	amid("slow in the middle of a page", func() { require.NoError(t, r.cmd.Process.Signal(syscall.SIGSTOP)) })
	require.NoError(t, r.cmd.Process.Signal(syscall.SIGCONT))
	amid("restarted in the middle of a page", func() {
		r.stop()
		r.start()
	})
	page("restarted, not yet seen")
	require.NoError(t, i.systemd.start(refresh))
	is("ok")
	page("restarted")

	seen := r.watch()
	page("before a move")
	require.Contains(t, seen(), `"epoch-1:`, "pages read no keys, so the test shows nothing")
	s.parameter(home, path+"/epoch", "2")
	require.NoError(t, i.systemd.start(refresh))
	seen = r.watch()
	page("after a move")
	page("after a move, again")
	after := seen()
	assert.Contains(t, after, `"epoch-2:`)
	assert.NotContains(t, after, `"epoch-1:`, "what was cached before a move is read after it")
}

// TestCacheForgetsWhatItMissed has Redis fail between two looks of the refresh. What a page changed meanwhile is stale in it.
func TestCacheForgetsWhatItMissed(t *testing.T) {
	t.Parallel()
	s := newSide(t)
	s.parameter(home, path+"/cache", cacheHost)
	primary := s.cacheAt(cacheHost, s.secrets["cache_token"])
	i := s.serving(s.image(putWordPress + redisCache(t)))
	i.visit().install()
	page := func() {
		t.Helper()
		require.NoError(t, i.visit().get("/").want(200))
	}
	look := func() {
		t.Helper()
		for range 3 {
			require.NoError(t, i.systemd.start(refresh))
			if _, err := os.Stat(i.path("/run/pilotlight/cacheless")); err != nil {
				return
			}
		}
		t.Fatal("the refresh has met failures")
	}
	forgets := func(r *cache, want bool, why string) {
		t.Helper()
		for range 3 { // on a busy machine a page or a look may meet a failure of its own
			r.do("SET", "stale", "what a page would have had it forget")
			page()
			look()
			if forgot := r.do("EXISTS", "stale") == "0"; forgot == want {
				return
			} else if want {
				break
			}
		}
		t.Fatal(why)
	}
	look()
	forgets(primary, false, "nothing failed")

	require.NoError(t, primary.cmd.Process.Signal(syscall.SIGSTOP))
	page()
	require.NoError(t, primary.cmd.Process.Signal(syscall.SIGCONT))
	forgets(primary, true, "a page went on without the cache")
	forgets(primary, false, "it was healed a minute ago")

	replica := s.cacheAt(cacheHost, s.secrets["cache_token"]) // it takes the primary's name and has its values
	i.resolves(s.hostsFile())
	forgets(replica, true, "no page failed, but a replica was promoted")
	forgets(replica, false, "it was promoted a minute ago")
}
