package ops

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/stacks/drill"
)

// TestFilesAreReadWhenAskedFor: who holds a site open for months sees what the files say now.
func TestFilesAreReadWhenAskedFor(t *testing.T) {
	t.Parallel()
	dir, asked := t.TempDir(), ""
	text := map[string]string{}
	for _, file := range []string{"Pulumi.yaml", config.FileName("prod"), config.FileName("dr")} {
		read, err := os.ReadFile(filepath.Join("..", file))
		require.NoError(t, err)
		text[file] = string(read)
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), read, 0o600))
	}
	site, err := OpenSite(Options{Dir: dir, Env: failover.Env{AWS: func(_ context.Context, region, _ string) (aws.Config, error) {
		asked = region
		return aws.Config{}, errors.New("no credentials")
	}}})
	require.NoError(t, err)
	regions := func() []string {
		place, err := site.backendIn("eu-west-1", "", nil)
		require.NoError(t, err)
		of, err := site.drilled(drill.StackName("dr"))
		require.NoError(t, err)
		require.Error(t, site.publishMetrics(t.Context(), failover.Readiness{}))
		return []string{place.Recovery, of.Region, asked}
	}
	assert.Equal(t, []string{"us-east-2", "us-east-2", "us-east-2"}, regions())
	for file, held := range text {
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), []byte(strings.ReplaceAll(held, "us-east-2", "ca-central-1")), 0o600))
	}
	assert.Equal(t, []string{"ca-central-1", "ca-central-1", "ca-central-1"}, regions())

	require.NoError(t, os.WriteFile(filepath.Join(dir, config.FileName("dr")), []byte("config: {pilotlight:role: leader}\n"), 0o600))
	_, err = site.backendIn("eu-west-1", "", nil)
	require.ErrorContains(t, err, "leader", "and it is told where they can't be read")
	_, err = site.drilled("elsewhere-drill")
	require.ErrorContains(t, err, "the site has no stack elsewhere-drill")
}

// TestFolderNamedLikeAPattern holds that the name of a project's folder is no pattern.
func TestFolderNamedLikeAPattern(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "blog [new] *")
	require.NoError(t, os.Mkdir(dir, 0o700))
	for _, file := range []string{"Pulumi.yaml", config.FileName("prod"), config.FileName("dr")} {
		text, err := os.ReadFile(filepath.Join("..", file))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), text, 0o600))
	}
	_, err := OpenSite(Options{Dir: dir})
	require.NoError(t, err)
	runs := filepath.Join(dir, filepath.FromSlash(runsFolder))
	require.NoError(t, os.MkdirAll(runs, 0o700))
	require.NoError(t, os.WriteFile(runFile(dir, "dr", 7), nil, 0o600))
	assert.Equal(t, []int{7}, engines(dir, "dr"))
	assert.Empty(t, engines(dir, "prod"))

	reports := filepath.Join(dir, filepath.FromSlash(report.Reports))
	require.NoError(t, os.MkdirAll(reports, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(reports, "1.json"), []byte("{}"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(reports, "2.json"), []byte("?"), 0o600))
	read, err := report.ReadReports(dir)
	assert.Len(t, read, 1)
	assert.ErrorContains(t, err, filepath.Join(reports, "2.json"))
}

// meetingEngine opens a stack once two ask for it.
type meetingEngine struct {
	silentEngine
	both *sync.WaitGroup
}

func (e meetingEngine) Run(context.Context, string, io.Reader, []io.Writer, []io.Writer, []string, ...string) (stdout, stderr string, code int, err error) {
	e.both.Done()
	e.both.Wait()
	return "", "", 0, nil
}

// TestOneStackForAll holds that goroutines which open a stack of a site at once have the same one: their operations take turns on it.
func TestOneStackForAll(t *testing.T) {
	t.Parallel()
	s, _ := aSite(t, nil)
	var both, all sync.WaitGroup
	both.Add(2)
	s.options.Command = meetingEngine{both: &both}
	var opened [2]*Stack
	for i := range opened {
		all.Go(func() {
			stack, err := s.Stack(t.Context(), "dr", false)
			assert.NoError(t, err)
			opened[i] = stack
		})
	}
	all.Wait()
	require.NotNil(t, opened[0])
	assert.Same(t, opened[0], opened[1])
}

// TestEngineInTime holds that who waits for an engine that another builds waits no longer than his context lasts.
func TestEngineInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &Site{finding: make(turn, 1), stacks: []string{"dr"}}
		s.finding <- struct{}{}
		bounded, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := s.Stack(bounded, "dr", false)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorContains(t, err, "which another operation of this process looks for or builds")
		<-s.finding
		s.root = "found"
		o, err := s.found(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "found", o.EngineRoot, "by that one")
	})
}
