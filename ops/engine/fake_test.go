package engine

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/cmdutil"
)

// What a fake command does; a fake pulumi else prints its behaviour as its version.
const (
	fails               = "fails"
	neverEnds           = "never ends"
	takesAWhile         = "takes a while"
	buildsTheWrongThing = "builds the wrong thing"
	holdsOn             = "v3.300.0 that ignores interrupts, with a provider"
	letsGo              = "v3.300.0 that ends on an interrupt"
	prints              = "v3.300.0 that prints its environment"
)

// fakeLog names the folder in which a fake go notes its runs.
const fakeLog = "FAKE_LOG"

// goRun is a run of go.
type goRun struct {
	Args     []string
	Environ  map[string]string
	Mod, Sum string
}

// TestMain runs the tests, or stands in for go or pulumi when called by their
// name: a link to the test binary needs no shell, and no file that one test
// writes while another forks.
func TestMain(m *testing.M) {
	switch strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe") {
	case "go":
		os.Exit(fakeGo())
	case "pulumi":
		os.Exit(fakePulumi())
	}
	os.Exit(m.Run())
}

// fake makes a command that behaves as told by the file beside it.
func fake(path, behaviour string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "behaviour"), []byte(behaviour), 0o600); err != nil {
		return err
	}
	if err := os.Symlink(self, path); err != nil && !os.IsExist(err) {
		return err
	}
	return nil
}

func behaviour() string {
	told, err := os.ReadFile(filepath.Join(filepath.Dir(os.Args[0]), "behaviour"))
	if os.IsNotExist(err) { // a built engine, moved to its place without the file
		return "v" + Version
	}
	return string(told)
}

func fakePulumi() int {
	told := behaviour()
	version, _, _ := strings.Cut(told, " that ")
	switch {
	case slices.Equal(os.Args[1:], []string{"version"}) && told != fails:
		fmt.Println(version)
		return 0
	case told == holdsOn:
		return fakeHold()
	case told == letsGo:
		return fakeLetGo()
	case told == prints:
		fmt.Println(strings.Join(os.Environ(), "\n"))
		return 0
	}
	return 1
}

// fakeHold starts a provider in a process group of its own, as the engine does, and
// waits for it, whatever it is told. It prints both process ids.
func fakeHold() int {
	signal.Ignore(os.Interrupt)
	if slices.Contains(os.Args, "--provider") {
		time.Sleep(time.Hour)
	}
	provider := exec.Command(os.Args[0], "--provider")
	cmdutil.RegisterProcessGroup(provider)
	if err := provider.Start(); err != nil {
		return 3
	}
	fmt.Println(os.Getpid(), provider.Process.Pid)
	_ = provider.Wait()
	return 0
}

// fakeLetGo ends in order on an interrupt.
func fakeLetGo() int {
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	fmt.Println(os.Getpid())
	<-interrupts
	fmt.Println("saved")
	return 7
}

func fakeGo() int {
	if err := note(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	version := "v" + Version
	switch behaviour() {
	case fails:
		fmt.Fprintln(os.Stderr, "go: downloading example.com/module v1.0.0\nno route to the proxy")
		return 1
	case neverEnds:
		time.Sleep(time.Hour)
	case takesAWhile:
		time.Sleep(200 * time.Millisecond)
	case buildsTheWrongThing:
		version = ""
	}
	out := os.Args[slices.Index(os.Args, "-o")+1]
	if err := fake(out, version); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	return 0
}

// note writes down how go was called.
func note() error {
	run := goRun{Args: os.Args[1:], Environ: map[string]string{}}
	for _, setting := range os.Environ() {
		name, value, _ := strings.Cut(setting, "=")
		run.Environ[name] = value
	}
	for file, content := range map[string]*string{"go.mod": &run.Mod, "go.sum": &run.Sum} {
		read, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		*content = string(read)
	}
	encoded, err := json.Marshal(run)
	if err != nil {
		return err
	}
	dir := os.Getenv(fakeLog)
	draft := filepath.Join(dir, fmt.Sprintf("draft-%d", os.Getpid()))
	if err := os.WriteFile(draft, encoded, 0o600); err != nil {
		return err
	}
	return os.Rename(draft, filepath.Join(dir, fmt.Sprintf("run-%d.json", os.Getpid())))
}
