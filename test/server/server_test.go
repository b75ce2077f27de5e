// Package server holds the test of a served world, beside which the rehearsals
// of other packages run.
package server

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/server"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

func TestMain(m *testing.M) { staged.Main(m) }

// TestSimulatedWorld goes the way of a person who practises: a world is served, each
// command is a session of its own, and the next day the world is as it was.
func TestSimulatedWorld(t *testing.T) {
	dir := t.TempDir()
	srv := serve(t, dir)
	command(t, func(ctx context.Context, p *server.Client) error {
		_, err := open(t, p).Deploy(ctx, ops.Run{})
		return err
	})
	assert.Equal(t, "visitors are served from us-west-2", status(t).Visitors)
	sleep(t, 30*time.Minute) // until the replica's lag has been measured

	command(t, func(ctx context.Context, p *server.Client) error { return p.Lose(ctx, "us-west-2", sim.Hang) })
	lost := status(t).Lost["us-west-2"].At
	sleep(t, 15*time.Minute)
	reported := failOver(t)
	assert.Equal(t, report.Done, reported.Outcome)
	assert.WithinDuration(t, lost.Add(15*time.Minute), reported.StartedAt, time.Minute, "no time passes but what a command waits for")
	// A rehearsal takes 787 s. A sleeper on a busy machine may be a look too late.
	assert.InDelta(t, 787, reported.TimeToRecover, 30)
	inOrder(t, reported)
	kept, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(report.Reports), "*-dr-epoch-2.json"))
	require.NoError(t, err)
	assert.Len(t, kept, 1, "what a command keeps is in the project's folder")

	before := status(t)
	assert.Equal(t, "visitors are served from us-east-2", before.Visitors)
	require.NoError(t, srv.Close())
	srv = serve(t, dir)
	assert.Equal(t, before, status(t), "the world goes on where it was")
	command(t, func(ctx context.Context, p *server.Client) error {
		again, err := open(t, p).Failover(ctx, ops.Accepted{}, ops.Run{})
		assert.NotEmpty(t, again.NothingToDo, "the failover is done")
		return err
	})
	require.NoError(t, srv.Close())
}

// serve serves a world, and tells the environment of it.
func serve(t *testing.T, dir string) *server.Server {
	t.Helper()
	srv, err := server.Serve(server.Options{Dir: dir, Listen: "127.0.0.1:0"})
	require.NoError(t, err)
	t.Setenv(server.Variable, srv.URL())
	return srv
}

// command does what a command does, in a session of its own.
func command(t *testing.T, do func(context.Context, *server.Client) error) {
	t.Helper()
	p, err := server.FromEnvironment(t.Context())
	require.NoError(t, err)
	defer p.Close()
	require.NoError(t, do(t.Context(), p))
}

func status(t *testing.T) (s server.Status) {
	t.Helper()
	command(t, func(ctx context.Context, p *server.Client) (err error) {
		s, err = p.Status(ctx)
		return err
	})
	return s
}

func sleep(t *testing.T, d time.Duration) {
	t.Helper()
	command(t, func(ctx context.Context, p *server.Client) error { return p.Sleep(ctx, d) })
}

func open(t *testing.T, p *server.Client) *ops.Site {
	t.Helper()
	o := p.Options()
	root, err := staged.Server.EngineRoot(t.Context())
	require.NoError(t, err)
	o.EngineRoot = root
	site, err := ops.OpenSite(o)
	require.NoError(t, err)
	return site
}

func failOver(t *testing.T) report.Report {
	t.Helper()
	var outcome ops.Outcome
	command(t, func(ctx context.Context, p *server.Client) (err error) {
		outcome, err = open(t, p).Failover(ctx, ops.Accepted{}, ops.Run{})
		return err
	})
	require.Len(t, outcome.Reports, 1)
	return outcome.Reports[0]
}

// inOrder holds that the milestones followed each other.
func inOrder(t *testing.T, reported report.Report) {
	t.Helper()
	last := reported.StartedAt
	for _, milestone := range report.Milestones() {
		at, reached := reported.Reached[milestone]
		assert.True(t, reached, "%s was not reached", milestone)
		assert.False(t, at.Before(last), "%s comes before what it follows", milestone)
		last = at
	}
}
