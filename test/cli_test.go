package test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/components"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestCommandLine goes the way of a person at a terminal: the pulumi command runs
// the built main.go by the repository's own files. The program is a process
// of its own, with the wall clock and the default chain of credentials; only what
// it talks to is simulated.
func TestCommandLine(t *testing.T) {
	t.Parallel()
	line := newCommandLine(t)
	world := line.stage.World

	line.run("stack", "init", scenario.Production)
	assert.Contains(t, line.run("preview", "-s", scenario.Production), "aws:rds:Instance blog-prod-1-instance create")
	assert.Zero(t, staged.Changes(world), "a preview changes nothing")
	line.run("up", "-s", scenario.Production, "--yes")
	assert.GreaterOrEqual(t, deepLooks(world), 3, "the hook of the record has the site verified in depth")
	assert.Equal(t, "served from us-west-2", visit(t, world, "http://www.example.com/"))
	assert.True(t, line.claimed(scenario.Production))
	line.run("preview", "-s", scenario.Production, "--expect-no-changes")

	line.run("stack", "init", scenario.Recovery)
	line.run("up", "-s", scenario.Recovery, "--yes")
	line.run("preview", "-s", scenario.Recovery, "--expect-no-changes")
	line.refuse()
	line.refuseAtOnce()
}

// refuseAtOnce runs updates that the program refuses before it asks anything of AWS.
func (c *commandLine) refuseAtOnce() {
	c.t.Helper()
	for setting, says := range map[string]string{
		"role=standby": "this stack is active (epoch 1) and its database is the live one: activate the peer first",
		"role=actve":   `role is "actve": set it to active, frozen or standby`,
	} {
		printed, err := c.try("up", "-s", scenario.Production, "--yes", "-c", setting)
		require.Error(c.t, err)
		assert.Contains(c.t, onlyDiagnostic(c.t, printed), says)
	}
}

// onlyDiagnostic is what the engine shows in the end. A refusal must be all of it, with
// nothing of a program that failed: a person at night reads the first line and the last.
func onlyDiagnostic(t *testing.T, printed string) string {
	t.Helper()
	last := printed[max(0, strings.LastIndex(printed, "Previewing update"), strings.LastIndex(printed, "Updating (")):]
	for _, noise := range []string{"unhandled error", "program failed", "update failed", "before hook", "error occurred", "\n  - "} { // the last is an output that goes
		assert.NotContains(t, last, noise)
	}
	first, rest, found := strings.Cut(last, "Diagnostics:\n")
	require.True(t, found, printed)
	assert.Contains(t, first, "error: ")
	assert.Contains(t, first, "refused, nothing was", "the first line says what happened")
	block, _, found := strings.Cut(rest, "\n\n")
	require.True(t, found, printed)
	assert.Equal(t, 1, strings.Count(block, "pilotlight-"), "only the stack has something to say: %s", block)
	assert.Equal(t, 1, strings.Count(block, "error: "), block)
	return block
}

// refuse fails over where there is no image, which is all that the checks may
// find wrong: the lag of the replica is there to be read.
func (c *commandLine) refuse() {
	c.t.Helper()
	world := c.stage.World
	c.settle()
	world.Clock().Advance(time.Since(world.Clock().Now()))
	staged.Inject(c.t, c.stage, "image=missing")
	before := staged.Changes(world)

	printed, err := c.try("up", "-s", scenario.Recovery, "--yes", "-c", "role=active", "--continue-on-error")
	exit, failed := errors.AsType[*exec.ExitError](err)
	require.True(c.t, failed && exit.Exited(), "a refusal is told by the exit status, not: %v\n%s", err, printed)
	block := onlyDiagnostic(c.t, printed)
	assert.Contains(c.t, block, "error: refused, nothing was changed:")
	assert.Contains(c.t, block, "set app.image to an AMI that is in this region")
	assert.NotRegexp(c.t, `[^-]lag\b`, printed, "nothing else is wrong") // alarms have it in their names

	assert.Equal(c.t, before, staged.Changes(world), "a refusal changes nothing")
	assert.Equal(c.t, "standby", c.run("stack", "output", "role", "-s", scenario.Recovery))
	assert.False(c.t, c.claimed(scenario.Recovery), "a refusal leaves the claim as it was")
	for _, ending := range []string{"json", "txt", "html"} {
		kept, err := filepath.Glob(filepath.Join(c.stage.Dir(), ".pilotlight", "reports", "*-dr-epoch-2."+ending))
		require.NoError(c.t, err)
		require.Len(c.t, kept, 1, "the report is kept as %s", ending)
		text, err := os.ReadFile(kept[0])
		require.NoError(c.t, err)
		assert.Contains(c.t, string(text), "there is no image")
	}
}

// commandLine is a terminal in the project's folder.
type commandLine struct {
	t      *testing.T
	stage  *scenario.Stage
	env    []string
	settle context.CancelFunc // ends the world's hurry
}

// commandLimit bounds one command: a program that waits for what never comes
// would go on for as long as in life.
const commandLimit = 5 * time.Minute

// headStart is how far behind the wall clock the world begins: its time runs
// ahead while it deploys, and the program reads metrics by the wall clock.
const headStart = 12 * time.Hour

// newCommandLine opens a stage, builds the program into it, and makes an
// environment in which nothing of the caller's own AWS and Pulumi is left.
func newCommandLine(t *testing.T) *commandLine {
	t.Helper()
	o := staged.Options()
	o.Dir = staged.Shipped(t, "..")
	stage, err := scenario.Open(o)
	require.NoError(t, err)
	t.Cleanup(stage.Close)
	stage.World.Clock().Advance(time.Since(sim.Epoch) - headStart)
	hurrying, settle := context.WithCancel(t.Context())
	t.Cleanup(settle)
	go hurry(hurrying, stage.World.Clock())
	buildProgram(t, stage.Dir())
	endpoint, stop, err := stage.Face().Listen()
	require.NoError(t, err)
	t.Cleanup(stop)
	env := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Join(stage.Dir(), "home"), "TMPDIR=" + os.TempDir(),
		"AWS_ENDPOINT_URL=http://" + endpoint, "AWS_ACCESS_KEY_ID=AKIASIMULATED", "AWS_SECRET_ACCESS_KEY=simulated",
		"HTTP_PROXY=" + serveProxy(t, stage.Face().DialContext),
	}
	for name, value := range stage.EngineEnv() {
		env = append(env, name+"="+value)
	}
	return &commandLine{t: t, stage: stage, settle: settle, env: append(env, "PULUMI_DEBUG_LANGUAGES=go:"+serveLanguage(t, env))}
}

// hurry has a world's time go thirty times as fast as the wall clock on which the program
// waits. The world's own clock moves only while AWS is at work: the program may wait for
// instances when nothing else is under way.
func hurry(ctx context.Context, clock *sim.Clock) {
	seconds := time.NewTicker(time.Second)
	defer seconds.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-seconds.C:
			clock.Advance(30 * time.Second)
		}
	}
}

// buildProgram puts the program below dir, where Pulumi.yaml says that it is.
func buildProgram(t *testing.T, dir string) {
	t.Helper()
	require.FileExists(t, "../main.go") // looked at, it counts for go test's cache of results
	build := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-ldflags=-s -w", "-o", filepath.Join(dir, "bin", "program"), "..")
	output, err := build.CombinedOutput()
	require.NoError(t, err, string(output))
}

// run executes pulumi, which must succeed, and returns what it printed.
func (c *commandLine) run(args ...string) string {
	c.t.Helper()
	output, err := c.try(args...)
	require.NoError(c.t, err, "pulumi %s\n%s", strings.Join(args, " "), output)
	return strings.TrimSpace(output)
}

// try executes pulumi.
func (c *commandLine) try(args ...string) (output string, err error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), commandLimit)
	defer cancel()
	command := exec.CommandContext(ctx, filepath.Join(staged.EngineRoot, "bin", "pulumi"), append(args, "--non-interactive", "--color=never")...)
	command.Dir, command.Env = c.stage.Dir(), c.env
	var printed bytes.Buffer
	command.Stdout, command.Stderr = &printed, &printed
	err = command.Run()
	return printed.String(), err
}

// claimed looks into a stack's checkpoint for an active claim.
func (c *commandLine) claimed(stack string) bool {
	c.t.Helper()
	return strings.Contains(c.run("stack", "export", "-s", stack), `\"role\":\"active\"`)
}

// deepLooks counts how often somebody asked for the deep page.
func deepLooks(w *sim.World) (count int) {
	for _, step := range w.Journal() {
		if step.Kind == "http" && strings.HasSuffix(step.Name, components.DeepPath) {
			count++
		}
	}
	return count
}

// visit asks for a page over the simulated internet.
func visit(t *testing.T, w *sim.World, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	res, err := w.Visit(req)
	require.NoError(t, err)
	defer res.Body.Close()
	var page bytes.Buffer
	_, err = page.ReadFrom(res.Body)
	require.NoError(t, err)
	return page.String()
}
