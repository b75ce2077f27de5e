package site

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/stretchr/testify/require"
)

// systemd stands in for the service manager of an instance: it reads the instance's
// units and runs them. A directive that it does not know is an error, so that nothing
// is left out in silence. Timers elapse when a test says so: see elapse.
type systemd struct {
	i *instance

	mu      sync.Mutex
	running map[string]*process // by unit
	active  map[string]bool     // oneshot units that remain, and timers
	stopped map[string]bool     // units that are not to be restarted
	ended   bool
}

func newSystemd(i *instance) *systemd {
	return &systemd{i: i, running: map[string]*process{}, active: map[string]bool{}, stopped: map[string]bool{}}
}

// serve answers the stand-in for systemctl.
func (s *systemd) serve(w http.ResponseWriter, req *http.Request) {
	text, err := io.ReadAll(req.Body)
	if err == nil {
		err = s.do(strings.Fields(string(text)))
	}
	if err != nil {
		s.i.logf("systemctl %s: %v", text, err)
		http.Error(w, err.Error(), http.StatusConflict)
	}
}

// do does what systemctl was asked.
func (s *systemd) do(args []string) (err error) {
	flags := slices.DeleteFunc(slices.Clone(args), func(arg string) bool { return !strings.HasPrefix(arg, "-") })
	args = slices.DeleteFunc(args, func(arg string) bool { return strings.HasPrefix(arg, "-") })
	for _, flag := range flags {
		if !slices.Contains([]string{"--now", "--quiet", "-q", "--no-block", "--signal=KILL"}, flag) {
			return fmt.Errorf("the stand-in for systemctl does not know %s", flag)
		}
	}
	if len(args) == 0 {
		return errors.New("the stand-in for systemctl needs a command")
	}
	for _, unit := range args[1:] {
		if filepath.Ext(unit) == "" {
			unit += ".service"
		}
		switch args[0] {
		case "start":
			err = errors.Join(err, s.start(unit))
		case "stop":
			s.stop(unit)
		case "restart":
			s.stop(unit)
			err = errors.Join(err, s.start(unit))
		case "try-restart", "reload", "reload-or-restart":
			if s.isActive(unit) {
				s.stop(unit)
				err = errors.Join(err, s.start(unit))
			}
		case "enable":
			err = errors.Join(err, s.enable(unit))
			if slices.Contains(flags, "--now") {
				err = errors.Join(err, s.start(unit))
			}
		case "disable", "mask":
			_ = os.Remove(s.wanted(unit)) // it may not have been enabled
		case "is-active":
			if !s.isActive(unit) {
				err = fmt.Errorf("%s is inactive", unit)
			}
		case "kill":
			s.kill(unit)
		case "reset-failed":
		default:
			return fmt.Errorf("the stand-in for systemctl does not know %s", args[0])
		}
	}
	if len(args) == 1 && args[0] != "daemon-reload" { // units are read whenever they are started
		return fmt.Errorf("the stand-in for systemctl does not know %s", args[0])
	}
	return err
}

func (s *systemd) isActive(unit string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.active[unit] || s.running[unit] != nil
}

// wanted is where systemd notes that a unit is enabled.
func (s *systemd) wanted(unit string) string {
	return s.i.path("/etc/systemd/system/enabled.wants/" + unit)
}

func (s *systemd) enable(unit string) error {
	u, err := s.load(unit)
	if err != nil {
		return err
	}
	if u.one("Install.WantedBy") == "" {
		return fmt.Errorf("%s has no WantedBy: systemctl enable does nothing", unit)
	}
	return errors.Join(os.MkdirAll(filepath.Dir(s.wanted(unit)), 0o755), os.WriteFile(s.wanted(unit), nil, 0o644))
}

// bootUp starts what is enabled, as after a reboot.
func (s *systemd) bootUp() error {
	enabled, err := filepath.Glob(s.wanted("*"))
	for _, file := range enabled {
		if startErr := s.start(filepath.Base(file)); startErr != nil {
			err = errors.Join(err, startErr)
		}
	}
	return err
}

// elapse is what the timers that are active do when their time has come: once for every
// one of them, in the order of their names.
func (s *systemd) elapse() error {
	s.mu.Lock()
	var due []string
	for unit, active := range s.active {
		if active && filepath.Ext(unit) == ".timer" {
			due = append(due, strings.TrimSuffix(unit, ".timer")+".service")
		}
	}
	s.mu.Unlock()
	slices.Sort(due)
	var err error
	for _, unit := range due {
		err = errors.Join(err, s.start(unit))
	}
	return err
}

// refresh is the unit that looks up the site's parts each minute.
const refresh = "pilotlight-refresh.service"

// A unit is what a unit file and its drop-ins say, by section and name: "Service.User".
type unit map[string][]string

func (u unit) one(key string) string {
	if all := u[key]; len(all) > 0 {
		return all[len(all)-1]
	}
	return ""
}

// directives are those that the stand-in does, or that change nothing here.
var directives = regexp.MustCompile(`^(Unit\.(Description|Documentation|After|Before|Wants|Requires|ConditionPathExists|StartLimitIntervalSec)|` +
	`Service\.(Type|RemainAfterExit|ExecStart|ExecStartPre|ExecStartPost|ExecCondition|Restart|RestartSec|OOMPolicy|LimitNOFILE|TimeoutStartSec|User|Environment|KillMode|StandardOutput|StandardError|SyslogIdentifier)|` +
	`Timer\.(OnBootSec|OnUnitActiveSec|RandomizedDelaySec|AccuracySec)|Install\.WantedBy)$`)

func (s *systemd) load(name string) (unit, error) {
	u := unit{}
	files := []string{s.i.path("/etc/systemd/system/" + name)}
	if _, err := os.Stat(files[0]); err != nil {
		files[0] = s.i.path("/usr/local/lib/systemd/system/" + name)
	}
	drops, err := filepath.Glob(s.i.path("/etc/systemd/system/" + name + ".d/*.conf"))
	if err != nil {
		return nil, err
	}
	for _, file := range append(files, drops...) {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("unit %s not found", name)
		}
		section := ""
		for line := range strings.Lines(strings.ReplaceAll(string(text), "\\\n", " ")) {
			line = strings.TrimSpace(line)
			if inner, ok := strings.CutPrefix(line, "["); ok {
				section = strings.TrimSuffix(inner, "]")
			}
			key, value, ok := strings.Cut(line, "=")
			if !ok || strings.HasPrefix(line, "#") {
				continue
			}
			if key = section + "." + key; !directives.MatchString(key) {
				return nil, fmt.Errorf("%s: the stand-in for systemd does not know %s", file, key)
			}
			if value == "" {
				delete(u, key)
			} else {
				u[key] = append(u[key], value)
			}
		}
	}
	return u, nil
}

func (s *systemd) start(name string) error {
	if s.isActive(name) {
		return nil
	}
	u, err := s.load(name)
	if err != nil {
		return err
	}
	for _, other := range strings.Fields(strings.Join(u["Unit.Requires"], " ")) {
		if err := s.start(other); err != nil {
			return fmt.Errorf("%s requires %s: %w", name, other, err)
		}
	}
	for _, other := range strings.Fields(strings.Join(u["Unit.Wants"], " ")) {
		if _, err := s.load(other); err == nil {
			_ = s.start(other) // a unit starts without what it only wants
		}
	}
	for _, path := range u["Unit.ConditionPathExists"] {
		path, absent := strings.CutPrefix(path, "!")
		if _, err := os.Stat(s.i.path(path)); (err == nil) == absent {
			return nil // the condition is not met, which is no failure
		}
	}
	if filepath.Ext(name) == ".timer" {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.active[name] = true
		return nil
	}
	s.mu.Lock()
	s.stopped[name] = false
	s.mu.Unlock()
	return s.run(name, u)
}

// run runs a service. A oneshot is waited for.
func (s *systemd) run(name string, u unit) error {
	for _, line := range u["Service.ExecCondition"] {
		if err := s.exec(name, u, line).wait(); err != nil {
			return nil // the condition is not met, which is no failure
		}
	}
	for _, line := range u["Service.ExecStartPre"] {
		if err := s.exec(name, u, line).wait(); err != nil && !strings.HasPrefix(line, "-") {
			return fmt.Errorf("%s: %s: %w", name, line, err)
		}
	}
	if u.one("Service.Type") == "oneshot" {
		for _, line := range u["Service.ExecStart"] {
			if err := s.exec(name, u, line).wait(); err != nil && !strings.HasPrefix(line, "-") {
				return fmt.Errorf("%s: %s: %w", name, line, err)
			}
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.active[name] = u.one("Service.RemainAfterExit") == "yes"
		return nil
	}
	p := s.exec(name, u, u.one("Service.ExecStart"))
	s.mu.Lock()
	s.running[name] = p
	s.mu.Unlock()
	go s.watch(name, u, p)
	if u.one("Service.Type") == "notify" {
		s.ready(name, p)
	}
	return nil
}

// listens are where services of type notify answer once they have said that they are ready.
var listens = map[string]string{"httpd.service": "</dev/tcp/127.0.0.1/80", "php-fpm.service": "[[ -S /run/php-fpm/www.sock ]]"}

// ready waits until a service answers, or has ended.
func (s *systemd) ready(name string, p *process) {
	for {
		if _, err := s.i.run(listens[name]); err == nil {
			return
		}
		select {
		case <-p.done:
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// watch notes that a service has ended, and restarts it if its unit says so.
func (s *systemd) watch(name string, u unit, p *process) {
	err := p.wait()
	p.kill() // what is left of its control group
	s.i.logf("%s ended: %v", name, err)
	s.mu.Lock()
	if s.running[name] == p {
		delete(s.running, name)
	}
	restart := u.one("Service.Restart") == "always" || u.one("Service.Restart") == "on-failure" && err != nil
	s.mu.Unlock()
	if !restart {
		return
	}
	pause, err := time.ParseDuration(u.one("Service.RestartSec") + "s")
	if err != nil {
		pause = 100 * time.Millisecond
	}
	select {
	case <-time.After(pause):
	case <-s.i.over:
		return
	}
	s.mu.Lock()
	gone := s.stopped[name] || s.ended || s.running[name] != nil
	s.mu.Unlock()
	if gone {
		return
	}
	if err := s.run(name, u); err != nil {
		s.i.logf("%v", err)
	}
}

func (s *systemd) stop(name string) {
	s.mu.Lock()
	s.stopped[name] = true
	s.active[name] = false
	p := s.running[name]
	s.mu.Unlock()
	if p == nil {
		return
	}
	p.end()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running[name] == p {
		delete(s.running, name)
	}
}

// kill ends all processes of a service at once.
func (s *systemd) kill(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.running[name]; p != nil {
		p.kill()
	}
}

// outOfMemory has the kernel kill one process of a service. By default systemd then ends the others.
func (s *systemd) outOfMemory(name, process string) {
	s.i.t.Helper()
	u, err := s.load(name)
	require.NoError(s.i.t, err)
	s.i.signal("KILL", process)
	if u.one("Service.OOMPolicy") != "continue" {
		s.kill(name)
	}
}

// end is the end of the instance. A service that a test has stopped in its tracks would be waited for.
func (s *systemd) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	for _, p := range s.running {
		p.kill()
	}
}

// exec begins a line of a unit.
func (s *systemd) exec(name string, u unit, line string) *process {
	args := strings.Fields(strings.ReplaceAll(strings.TrimLeft(line, "-@:+!"), "%%", "%"))
	if user := u.one("Service.User"); user != "" {
		args = append([]string{"/usr/sbin/runuser", "-u", user, "--"}, args...)
	}
	args = append([]string{"/bin/sh", "-c", `ulimit -S -n "$0" && exec "$@"`, cmp.Or(u.one("Service.LimitNOFILE"), "1024")}, args...)
	if file, ok := strings.CutPrefix(u.one("Service.StandardOutput"), "append:"); ok {
		args = append([]string{"/bin/sh", "-c", `exec "$0" "$@" >>` + file + ` 2>&1`}, args...)
	}
	if environment := u["Service.Environment"]; len(environment) > 0 {
		args = append(append([]string{"/usr/bin/env"}, strings.Fields(strings.Join(environment, " "))...), args...)
	}
	return s.i.begin(strings.TrimSuffix(name, ".service"), args...)
}

// A process runs in an instance, with whatever it starts.
type process struct {
	pid  int
	done chan struct{}
	err  error
}

func (p *process) wait() error {
	<-p.done
	return p.err
}

// end asks a process and its children to end, makes them after a while, and returns when
// they are gone.
func (p *process) end() {
	if p.pid == 0 {
		return
	}
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		_ = syscall.Kill(-p.pid, signal) // it may be gone
		for range 200 {
			if syscall.Kill(-p.pid, 0) != nil {
				<-p.done
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// kill ends a process and all that it has started, at once: those of its session. PHP-FPM makes a process group of its own.
func (p *process) kill() {
	all, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range all {
		text, _ := os.ReadFile(file) // it may be gone
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil && len(fields) > 3 && fields[3] == strconv.Itoa(p.pid) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}
