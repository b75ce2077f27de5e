package readiness

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestReplicaIsMadeAgain: a replica that a person deleted, since RDS could not recover it, is made again while production lives.
func TestReplicaIsMadeAgain(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	remove(stage, databaseType)
	ready, codes := check(t, stage)
	assert.Contains(t, codes, checks.ReplicaMissing)
	require.ErrorContains(t, ready.Err(), "while production lives, pilotlight deploy dr copies it again; if it is lost, docs/runbook.md has what is left")
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	_, err = site.DeployStack(t.Context(), scenario.Recovery, ops.Run{})
	require.NoError(t, err)
	ready, codes = check(t, stage)
	assert.Empty(t, codes, ready.Err())
	staged.NothingLeft(t, stage)
}

// TestNewSite: with production lost and no replica a site of another name takes the visitors, by the way of the runbook. It
// touches nothing of the old one, whose backups it is loaded from.
func TestNewSite(t *testing.T) {
	t.Parallel()
	stage := staged.Disaster(t, staged.Options())
	remove(stage, databaseType)
	old, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	_, err = old.Failover(t.Context(), ops.Accepted{}, ops.Run{})
	require.ErrorContains(t, err, "there is no database blog-dr-1 in us-east-2")

	o := stage.Options(stage.Env())
	o.Dir = t.TempDir()
	text := func(file string) string {
		text, err := os.ReadFile(filepath.Join(stage.Dir(), file))
		require.NoError(t, err)
		return salt.ReplaceAllString(string(text), "")
	}
	write := func(stack, text string, change ...string) {
		require.NoError(t, os.WriteFile(filepath.Join(o.Dir, stack), []byte(strings.NewReplacer(change...).Replace(text)), 0o600))
	}
	write("Pulumi.yaml", text("Pulumi.yaml"))
	// In the standby's region, with a network of its own, and beside it a standby in a region that lives.
	write(config.FileName("second"), text(config.FileName(scenario.Recovery)), "site: blog", "site: blog2", "role: standby", "role: active",
		"{stack: prod, region: us-west-2, cidr: 10.10.0.0/16}", "{stack: third, region: eu-west-1, cidr: 10.40.0.0/16}", "10.20.0.0/16", "10.30.0.0/16",
		"{zoneId: Z00000000000000000000}", "{zoneId: Z00000000000000000000, takeOver: true}")
	write(config.FileName("third"), text(config.FileName(scenario.Production)), "site: blog", "site: blog2", "role: active", "role: standby",
		"{stack: dr, region: us-east-2, cidr: 10.20.0.0/16}", "{stack: second, region: us-east-2, cidr: 10.30.0.0/16}", "10.10.0.0/16", "10.40.0.0/16", "us-west-2", "eu-west-1")
	site, err := ops.OpenSite(o)
	require.NoError(t, err)
	_, err = site.DeployStack(t.Context(), "second", ops.Run{})
	require.NoError(t, err)
	assert.Equal(t, "visitors are served from us-east-2", stage.Visit())
}

var salt = regexp.MustCompile(`(?m)^encryptionsalt: .*\n`)

// TestProductionWithoutDatabase: production's database is gone and its region answers: that is a failover, and reprotect makes a
// replica there.
func TestProductionWithoutDatabase(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	var database sim.Call
	stage.World.ByHand(func(o *sim.Object) bool {
		if o.Region == "us-west-2" && o.Type == databaseType {
			o.Props["deletionProtection"], o.Props["skipFinalSnapshot"] = false, true
			database = sim.Call{Region: o.Region, Type: o.Type, Name: o.Name, ID: o.ID}
		}
		return true
	})
	require.NoError(t, stage.World.Delete(t.Context(), database))
	stage.World.Clock().Advance(15 * time.Minute)
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	_, err = site.Failover(t.Context(), ops.Accepted{}, ops.Run{})
	require.ErrorContains(t, err, "database blog-dr-1 is no replica any more", "RDS promoted it as its source was deleted")
	_, err = site.Failover(t.Context(), ops.Accepted{DataLoss: 2}, ops.Run{})
	require.NoError(t, err)
	assert.Equal(t, "visitors are served from us-east-2", stage.Visit())
	_, err = site.Reprotect(t.Context(), ops.Run{})
	require.NoError(t, err)
	stage.World.Clock().Advance(time.Hour)
	status, err := site.Status(t.Context())
	require.NoError(t, err)
	assert.True(t, status.Protected, status.Verdict)
	assert.Equal(t, []string{"blog-prod-2"}, databasesOf(t, stage), "the former database is not made again, empty")
	staged.NothingLeft(t, stage)
}
