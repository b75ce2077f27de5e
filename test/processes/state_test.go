package processes

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim/server"
)

// TestAnOlderState restores a state from before a failover under a site that serves. No
// command touches what visitors use, and each says what is wrong.
func TestAnOlderState(t *testing.T) {
	t.Parallel()
	at := newTerminal(t)
	_, restore := keep(t, at.stateFile("dr"))
	file, restoreFile := keep(t, filepath.Join(at.dir, "Pulumi.dr.yaml"))
	at.lose(t)
	at.run(t, 0, "failover --yes")
	require.Equal(t, "visitors are served from us-east-2", at.serving(t))
	newer, bringBack := keep(t, at.stateFile("dr"))

	restore()
	restoreFile()
	for _, line := range []string{"failover --yes", "failover --yes --ignore-production 2 --accept-data-loss 2"} {
		said := at.run(t, 4, line)
		assert.Contains(t, said, "this state is older than AWS: was it restored?", line)
		assert.Contains(t, said, "pilotlight state restore dr", line)
		assert.Equal(t, "visitors are served from us-east-2", at.serving(t), line)
	}
	assert.Contains(t, at.run(t, 3, "check"), "NO  record       stack dr: this state is older than AWS")
	assert.Contains(t, at.run(t, 0, "status"), "verdict    unknown: stack dr: this state is older than AWS")
	now, err := os.ReadFile(filepath.Join(at.dir, "Pulumi.dr.yaml"))
	require.NoError(t, err)
	assert.Equal(t, string(file), string(now), "a refusal leaves the file as it was")

	list := at.run(t, 0, "state list dr")
	assert.Contains(t, list, "current  standby at epoch 1 with database generation 1")
	assert.Contains(t, list, ": older than AWS")
	assert.Contains(t, list, "active at epoch 2 with database generation 1")
	assert.Contains(t, at.run(t, 0, "state restore dr --yes"), "restored   stack dr from copy")
	assert.Regexp(t, "  replaced-[0-9]+  standby at epoch 1", at.run(t, 0, "state list dr"), "what it replaced can be had back")
	assert.Contains(t, at.run(t, 0, "status"), "unprotected until us-west-2 (prod) is a standby again")
	assert.Contains(t, at.run(t, 0, "failover --yes"), "nothing to do")
	assert.Equal(t, "visitors are served from us-east-2", at.serving(t))

	bringBack()
	assert.NotEmpty(t, newer)
	at.giveBack(t)
	at.run(t, 0, "reprotect --yes")
	require.NoError(t, at.world(func(ctx context.Context, p *server.Client) error { return p.Sleep(ctx, time.Hour) }))
	assert.Contains(t, at.run(t, 0, "status"), "verdict    protected")
}

// TestALostState takes away the state of the side that serves, and every copy of it. What
// AWS holds is enough to make it anew, and then the site is moved home as ever.
func TestALostState(t *testing.T) {
	t.Parallel()
	at := newTerminal(t)
	at.lose(t)
	at.run(t, 0, "failover --yes")
	require.NoError(t, os.RemoveAll(filepath.Join(at.dir, "state", ".pulumi", "stacks", "pilotlight", "dr.json")))
	require.NoError(t, os.RemoveAll(filepath.Join(at.dir, "state", ".pulumi", "stacks", "pilotlight", "dr.json.bak")))
	for _, folder := range []string{"history", "backups"} {
		require.NoError(t, os.RemoveAll(filepath.Join(at.dir, "state", ".pulumi", folder, "pilotlight", "dr")))
	}
	assert.Contains(t, at.run(t, 0, "status"), "the state is empty, and AWS holds the stack (active at epoch 2")
	assert.Contains(t, at.run(t, 0, "state list dr"), "stack dr has no state in this backend")
	assert.Contains(t, at.run(t, 4, "state restore dr --yes"), "pilotlight adopt dr")

	// An adoption that is cut off leaves a state that nothing else touches.
	cut := at.command("adopt", "dr", "--yes")
	cut.when("resources found in AWS", func() { assert.NoError(t, cut.cmd.Process.Signal(syscall.SIGINT)) })
	said, code, err := cut.output()
	require.NoError(t, err)
	require.Equal(t, 130, code, said)
	assert.Contains(t, at.run(t, 0, "status"), "verdict    unknown: stack dr: this state is taken from AWS in part")
	assert.Contains(t, at.run(t, 4, "deploy"), "finish it with pilotlight adopt dr")

	said = at.run(t, 0, "adopt dr --yes")
	assert.Contains(t, said, "adopt LoadBalancer blog-dr-lb")
	assert.NotContains(t, said, "left       replace")
	assert.NotContains(t, said, "left       delete")
	assert.Equal(t, "visitors are served from us-east-2", at.serving(t))
	assert.Contains(t, at.run(t, 0, "status"), "unprotected until us-west-2 (prod) is a standby again")
	assert.Contains(t, at.run(t, 4, "adopt dr --yes"), "there is nothing to adopt")

	at.giveBack(t)
	at.run(t, 0, "reprotect --yes")
	require.NoError(t, at.world(func(ctx context.Context, p *server.Client) error { return p.Sleep(ctx, time.Hour) }))
	assert.Contains(t, at.run(t, 0, "status"), "verdict    protected")
	assert.Contains(t, at.run(t, 0, "switchover prod --yes --verbose"), "[DEBUG]")
	assert.Equal(t, "visitors are served from us-west-2", at.serving(t))
}
