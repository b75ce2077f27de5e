// Package practice holds the test of a served world, beside which the rehearsals
// of other packages run.
package practice

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/awssim"
	"github.com/pilotlight-dr/pilotlight/deploy"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/practice"
	"github.com/pilotlight-dr/pilotlight/stacks"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

func TestMain(m *testing.M) { staged.Main(m) }

// TestPractice goes the way of a person who practises: a world is served, each
// command is a session of its own, and the next day the world is as it was.
func TestPractice(t *testing.T) {
	dir := t.TempDir()
	server := serve(t, dir)
	command(t, func(ctx context.Context, p *practice.Practice) error {
		_, err := open(t, p).Deploy(ctx, deploy.Run{})
		return err
	})
	assert.Equal(t, "visitors are served from us-west-2", status(t).Visitors)
	sleep(t, 30*time.Minute) // until the replica's lag has been measured

	command(t, func(ctx context.Context, p *practice.Practice) error { return p.Lose(ctx, "us-west-2", awssim.Hang) })
	lost := status(t).Lost["us-west-2"].At
	sleep(t, 15*time.Minute)
	report := failOver(t)
	assert.Equal(t, failover.Done, report.Outcome)
	assert.WithinDuration(t, lost.Add(15*time.Minute), report.Began, time.Minute, "no time passes but what a command waits for")
	// A rehearsal takes 787 s. A sleeper on a busy machine may be a look too late.
	assert.InDelta(t, 787, report.TimeToRecover, 30)
	inOrder(t, report)
	kept, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(stacks.Reports), "*-dr-epoch-2.json"))
	require.NoError(t, err)
	assert.Len(t, kept, 1, "what a command keeps is in the project's folder")

	before := status(t)
	assert.Equal(t, "visitors are served from us-east-2", before.Visitors)
	require.NoError(t, server.Close())
	server = serve(t, dir)
	assert.Equal(t, before, status(t), "the world goes on where it was")
	command(t, func(ctx context.Context, p *practice.Practice) error {
		again, err := open(t, p).Failover(ctx, deploy.Accepted{}, deploy.Run{})
		assert.NotEmpty(t, again.Nothing, "the failover is done")
		return err
	})
	require.NoError(t, server.Close())
}

// serve serves a world, and tells the environment of it.
func serve(t *testing.T, dir string) *practice.Server {
	t.Helper()
	server, err := practice.Serve(practice.Options{Dir: dir, Listen: "127.0.0.1:0"})
	require.NoError(t, err)
	t.Setenv(practice.Variable, server.URL())
	return server
}

// command does what a command does, in a session of its own.
func command(t *testing.T, do func(context.Context, *practice.Practice) error) {
	t.Helper()
	p, err := practice.FromEnvironment(t.Context())
	require.NoError(t, err)
	defer p.Close()
	require.NoError(t, do(t.Context(), p))
}

func status(t *testing.T) (s practice.Status) {
	t.Helper()
	command(t, func(ctx context.Context, p *practice.Practice) (err error) {
		s, err = p.Status(ctx)
		return err
	})
	return s
}

func sleep(t *testing.T, d time.Duration) {
	t.Helper()
	command(t, func(ctx context.Context, p *practice.Practice) error { return p.Sleep(ctx, d) })
}

func open(t *testing.T, p *practice.Practice) *deploy.Site {
	t.Helper()
	o := p.Options()
	o.EngineRoot = staged.EngineRoot
	site, err := deploy.OpenSite(o)
	require.NoError(t, err)
	return site
}

func failOver(t *testing.T) failover.Report {
	t.Helper()
	var outcome deploy.Outcome
	command(t, func(ctx context.Context, p *practice.Practice) (err error) {
		outcome, err = open(t, p).Failover(ctx, deploy.Accepted{}, deploy.Run{})
		return err
	})
	require.Len(t, outcome.Reports, 1)
	return outcome.Reports[0]
}

// inOrder holds that the milestones followed each other.
func inOrder(t *testing.T, report failover.Report) {
	t.Helper()
	last := report.Began
	for _, milestone := range failover.Milestones() {
		at, reached := report.Reached[milestone]
		assert.True(t, reached, "%s was not reached", milestone)
		assert.False(t, at.Before(last), "%s comes before what it follows", milestone)
		last = at
	}
}
