package site

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// An instance is a machine of EC2: namespaces, and a root over the machine's own.
type instance struct {
	t       *testing.T
	cloud   *cloud
	id      string
	region  string
	address string
	dir     string // of its root, of what lies over it, and of its journal
	image   string
	systemd *systemd
	init    *exec.Cmd
	over    chan struct{} // closed when the instance ends

	userData string
	said     string // by the user data

	mu      sync.Mutex
	journal bytes.Buffer
}

var launches atomic.Int64

// launch starts an instance of an image. Its address tells the region: 10.77.REGION.NUMBER.
func (c *cloud) launch(region, image, userData string) *instance {
	c.t.Helper()
	n := launches.Add(1)
	i := &instance{
		t: c.t, cloud: c, id: fmt.Sprintf("i-%017x", n), region: region, image: image, userData: userData,
		address: fmt.Sprintf("10.77.%d.%d", 1+n/250, 2+n%250), dir: filepath.Join(work, fmt.Sprintf("instance-%d", n)),
	}
	for _, dir := range []string{"rootfs", "upper", "scratch"} {
		require.NoError(c.t, os.MkdirAll(filepath.Join(i.dir, dir), 0o755))
	}
	machines.Store(i.address, i)
	i.powerOn()
	c.t.Cleanup(func() {
		if c.t.Failed() {
			c.t.Logf("instance %s in %s:\n%s%s", i.id, i.region, i.said, i.log())
		}
		i.powerOff()
		_ = os.RemoveAll(i.dir) // it is in memory
	})
	return i
}

// powerOn gives the instance its namespaces, and an init that does nothing.
func (i *instance) powerOn() {
	i.t.Helper()
	require.NoError(i.t, awsOnce())
	i.over, i.systemd = make(chan struct{}), newSystemd(i)
	put(i.t, filepath.Join(i.dir, "upper", "etc", "hosts"), i.cloud.hostsFile())
	i.init = exec.Command("bash", "-euc", `
		mount --make-rprivate /
		mount -t overlay -o "lowerdir=$1:/,upperdir=$2/upper,workdir=$2/scratch" overlay "$2/rootfs"
		mount --rbind /dev "$2/rootfs/dev"
		mount -t proc proc "$2/rootfs/proc"
		mount -t sysfs sysfs "$2/rootfs/sys"
		mount -t tmpfs -o mode=755 tmpfs "$2/rootfs/run"
		mount -t tmpfs -o mode=1777 tmpfs "$2/rootfs/tmp"
		touch "$2/rootfs/run/aws"
		mount --bind `+awsSocket+` "$2/rootfs/run/aws"
		echo ready
		exec chroot "$2/rootfs" bash -c 'sleep infinity & wait'
	`, "init", i.image, i.dir)
	i.init.Stderr = &i.journal
	ready, err := i.init.StdoutPipe()
	require.NoError(i.t, err)
	i.init.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespaces}
	require.NoError(i.t, i.init.Start())
	_, err = io.ReadFull(ready, make([]byte, len("ready\n")))
	require.NoError(i.t, err, i.log())

	pid, link := strconv.Itoa(i.init.Process.Pid), "v"+strings.TrimPrefix(strings.ReplaceAll(i.address, ".", "-"), "10-77-")
	require.NoError(i.t, shell(`
		ip link add "$2" type veth peer name eth0 netns "$1"
		ip link set "$2" master `+bridge+` up
		nsenter -t "$1" -n bash -euc '
			ip link set lo up
			ip addr add "$1/16" dev eth0
			ip link set eth0 up
			ip route add default via `+internet+`' net "$3"
	`, pid, link, i.address))
}

// resolves gives the instance other names of hosts, if it runs.
func (i *instance) resolves(hosts string) {
	select {
	case <-i.over:
	default:
		put(i.t, i.path("/etc/hosts"), hosts)
	}
}

// powerOff ends the instance as a power cut would. What it has written stays.
func (i *instance) powerOff() {
	select {
	case <-i.over:
		return
	default:
	}
	close(i.over)
	i.systemd.end()
	_ = i.init.Process.Kill() // the kernel ends what runs beside it
	_ = i.init.Wait()
}

// reboot is a power cut, and what starts again afterwards.
func (i *instance) reboot() {
	i.t.Helper()
	i.powerOff()
	i.powerOn()
	require.NoError(i.t, i.systemd.bootUp(), i.log())
}

// boot does what cloud-init does at the first boot: it fetches the user data, and runs it.
func (i *instance) boot() error {
	i.t.Helper()
	const script = "/var/lib/cloud/instance/scripts/part-001"
	out, err := i.run(`
		token=$(curl -fsS -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://` + metadata + `/latest/api/token)
		mkdir -p "$(dirname ` + script + `)"
		curl -fsS -H "X-aws-ec2-metadata-token: $token" http://` + metadata + `/latest/user-data >` + script + `
		chmod 0700 ` + script + `
		mkdir -p /var/lib/cloud/data
		echo ` + i.id + ` >/var/lib/cloud/data/instance-id
		status=0
		` + script + ` >>/var/log/cloud-init-output.log 2>&1 || status=$?
		cat /var/log/cloud-init-output.log
		exit $status`)
	i.said += out
	return err
}

// run runs shell commands in the instance, as root, and returns what they say.
func (i *instance) run(commands string) (string, error) {
	cmd := i.command("bash", "-euc", commands)
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	return string(out), err
}

// must runs shell commands that may not fail.
func (i *instance) must(commands string) string {
	i.t.Helper()
	out, err := i.run(commands)
	require.NoError(i.t, err, i.log())
	return out
}

// signal signals the oldest process of which the command line has a text.
func (i *instance) signal(name, process string) {
	i.t.Helper()
	i.must(`
		for pid in $(ls /proc | grep '^[0-9]' | sort -n); do
			if tr '\0' ' ' <"/proc/$pid/cmdline" | grep -q '[` + process[:1] + `]` + process[1:] + `'; then kill -` + name + ` "$pid"; exit; fi
		done
		exit 1`)
}

// command runs in the instance's namespaces, from its root, as root, with the
// environment that systemd gives.
func (i *instance) command(args ...string) *exec.Cmd {
	cmd := exec.Command("nsenter", append([]string{"-t", strconv.Itoa(i.init.Process.Pid), "-m", "-u", "-i", "-n", "-p", "-r", "-w"}, args...)...)
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "LANG=C.UTF-8"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd
}

// begin starts a process whose output goes to the journal.
func (i *instance) begin(name string, args ...string) *process {
	p := &process{done: make(chan struct{})}
	cmd := i.command(args...)
	from, to, err := os.Pipe()
	if err == nil {
		cmd.Stdout, cmd.Stderr = to, to
		err = cmd.Start()
		_ = to.Close() // the child has its own
	}
	if err != nil {
		p.err = err
		close(p.done)
		return p
	}
	p.pid = cmd.Process.Pid
	go i.keep(name, from)
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p
}

// keep writes what a process says into the journal, until all of its children are gone.
func (i *instance) keep(name string, from *os.File) {
	defer from.Close()
	text := make([]byte, 4096)
	for {
		n, err := from.Read(text)
		if n > 0 {
			i.logf("%s: %s", name, text[:n])
		}
		if err != nil {
			return
		}
	}
}

func (i *instance) logf(format string, args ...any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	fmt.Fprintf(&i.journal, strings.TrimRight(format, "\n")+"\n", args...)
}

// log is the journal, and what the web server logged.
func (i *instance) log() string {
	i.mu.Lock()
	text := i.journal.String()
	i.mu.Unlock()
	for _, file := range []string{"/var/log/pilotlight.log", "/var/log/httpd/error_log", "/var/log/php-fpm/www-error.log", "/var/www/html/wp-content/debug.log"} {
		if more, err := os.ReadFile(filepath.Join(i.dir, "upper", file)); err == nil {
			text += file + ":\n" + string(more)
		}
	}
	return text
}

// path is where a file of the instance lies, mounts and all.
func (i *instance) path(path string) string {
	return filepath.Join("/proc", strconv.Itoa(i.init.Process.Pid), "root", path)
}

// A visitor is a browser, whose requests arrive through the balancer.
type visitor struct {
	t       *testing.T
	i       *instance
	client  *http.Client
	address string
}

// visit makes a visitor of the instance, with an address of the internet.
func (i *instance) visit() *visitor {
	jar, err := cookiejar.New(nil)
	require.NoError(i.t, err)
	v := &visitor{t: i.t, i: i, address: "203.0.113.7"}
	v.client = &http.Client{
		Jar: jar, Timeout: 2 * time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &balancer{v},
	}
	return v
}

// A balancer ends TLS and hands a request on, as an Application Load Balancer does.
type balancer struct{ v *visitor }

// RoundTrip sends a request for https://www.example.com to the instance, in plain HTTP.
func (b *balancer) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Host = req.URL.Host
	req.Header.Set("X-Forwarded-For", b.v.address)
	req.Header.Set("X-Forwarded-Proto", "https")
	req.Header.Set("X-Forwarded-Port", "443")
	req.URL.Scheme, req.URL.Host = "http", net.JoinHostPort(b.v.i.address, "80")
	return plain.RoundTrip(req)
}

var plain = &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
	return (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, network, address)
}}

// A page is an answer.
type page struct {
	status int
	header http.Header
	text   string
}

// get asks for a path; a page that does not come has status 0.
func (v *visitor) get(path string, header ...string) page {
	v.t.Helper()
	return v.send(http.MethodGet, path, nil, header...)
}

func (v *visitor) send(method, path string, body io.Reader, header ...string) page {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), method, "https://www.example.com"+path, body)
	require.NoError(v.t, err)
	for n := 0; n+1 < len(header); n += 2 {
		req.Header.Set(header[n], header[n+1])
	}
	res, err := v.client.Do(req)
	if err != nil {
		return page{text: err.Error()}
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return page{text: err.Error()}
	}
	return page{res.StatusCode, res.Header, string(text)}
}

// eventually waits until something holds.
func eventually(t *testing.T, limit time.Duration, look func() error) {
	t.Helper()
	end := time.Now().Add(limit)
	for {
		err := look()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			require.NoError(t, fmt.Errorf("not within %s: %w", limit, err))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// want is an error unless a page has a status.
func (p page) want(status int) error {
	if p.status == status {
		return nil
	}
	return errors.New("status " + strconv.Itoa(p.status) + ", not " + strconv.Itoa(status) + ": " + p.text[:min(len(p.text), 2000)])
}
