package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/awssim"
	"github.com/pilotlight-dr/pilotlight/deploy"
	"github.com/pilotlight-dr/pilotlight/rehearsal"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) { staged.Main(m) }

// story is an operator at a terminal whose commands work on a simulated world.
type story struct {
	t     *testing.T
	stage *rehearsal.Stage
	page  int
}

// run executes a command line, holds its exit status and what it prints on
// standard output to the next golden file, and returns what it printed.
func (s *story) run(code int, line string) string {
	s.t.Helper()
	args := strings.Fields(line)
	env := s.stage.Env()
	env.Report = nil // kept in files, as in life
	root := newRootCmd(func(context.Context) (deploy.Options, error) { return s.stage.Options(env), nil })
	var out, progress bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&progress)
	root.SetIn(strings.NewReader(""))
	root.SetArgs(append(args, "-C", s.stage.Dir()))
	err := root.ExecuteContext(s.t.Context())
	require.Equal(s.t, code, exitCode(err), "%s: %v\n%s%s", line, err, progress.String(), out.String())
	printed := fmt.Sprintf("$ pilotlight %s\n%s", line, out.String())
	if err != nil {
		printed += "pilotlight: " + err.Error() + "\n"
	}
	printed += fmt.Sprintf("exit status %d\n", code)
	s.page++
	golden := filepath.Join("testdata", "story", fmt.Sprintf("%02d-%s.golden", s.page, args[0]))
	told := s.told(printed)
	if *update {
		require.NoError(s.t, os.MkdirAll(filepath.Dir(golden), 0o755))
		require.NoError(s.t, os.WriteFile(golden, []byte(told), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(s.t, err)
	assert.Equal(s.t, string(want), told, "go test ./cmd/pilotlight -run Story -update writes it anew")
	return out.String()
}

var (
	random   = regexp.MustCompile(`-[0-9a-f]{7}\b|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	timeline = regexp.MustCompile(`(?s)    begin   took  \n.*?less than 10 s each\n`) // a look may fall a little later on a busy machine
	moment   = regexp.MustCompile(`(20\d\d-\d\d-\d\d )?\d\d:\d\d:\d\d UTC`)
	took     = regexp.MustCompile(`\d+:\d\d( \(\d+ s\))?|\b(\d+[hms])+\b`)
)

// told is what a command printed, without what differs from run to run.
func (s *story) told(printed string) string {
	printed = strings.ReplaceAll(printed, s.stage.Dir(), "DIR")
	printed = strings.ReplaceAll(printed, staged.EngineRoot, "ENGINE")
	for _, varies := range []struct {
		what *regexp.Regexp
		to   string
	}{{random, "-RANDOM"}, {timeline, "    TIMELINE\n"}, {moment, "MOMENT"}, {took, "TIME"}} {
		printed = varies.what.ReplaceAllString(printed, varies.to)
	}
	return printed
}

// TestStory tells of a site from its first deployment over a disaster and the way
// back to its end, in the operator's commands.
func TestStory(t *testing.T) {
	stage, err := rehearsal.Open(staged.Options())
	require.NoError(t, err)
	t.Cleanup(stage.Close)
	s := &story{t: t, stage: stage}
	later := func(d time.Duration) { stage.World.Clock().Advance(d) }

	s.run(2, "bootstrap")
	s.run(4, "bootstrap --region us-west-2")
	s.run(0, "bootstrap --region us-west-1")
	s.run(0, "bootstrap --region us-west-1")
	s.run(0, "status")
	s.run(0, "deploy")
	later(time.Hour)
	s.run(0, "status")
	s.run(0, "check")
	s.run(0, "plan")
	s.run(0, "plan -s prod --markdown")
	s.run(4, "failover")
	s.run(4, "failover --yes")
	assert.Contains(t, s.run(0, "status"), "dr       us-east-2        standby", "a refusal leaves everything as it was")

	stage.World.LoseRegion("us-west-2", awssim.Hang)
	later(15 * time.Minute)
	s.run(0, "failover --yes")
	s.run(0, "failover --yes")
	s.run(0, "report")
	s.run(0, "status")

	stage.World.ReturnRegion("us-west-2")
	later(5 * time.Minute)
	s.run(0, "failback --yes")
	later(time.Hour)
	s.run(0, "failback --yes")
	s.run(0, "check --for switchover --to prod")
	s.run(0, "switchover prod --yes")
	s.run(0, "switchover prod --yes")
	later(time.Hour)
	s.run(0, "status")
	s.run(0, "media sync --from prod --to dr")
	s.run(0, "retire prod 1 --yes")
	s.run(0, "retire prod 1 --yes")
	s.run(0, "history -n 3")
	s.run(0, "destroy --yes")
	s.run(0, "status")
}
