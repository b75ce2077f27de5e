package roundtrip

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/stacks"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestReplaceLostStack loses production for good, and protects the site
// from a region that it never was in.
func TestReplaceLostStack(t *testing.T) {
	t.Parallel()
	stage := staged.Disaster(t, staged.Options())
	require.Empty(t, staged.FailOver(t, stage).Refusal)

	const third = "third"
	network := map[string]any{"cidr": "10.30.0.0/16", "zones": sim.Zones("us-west-1")[:2]}
	edit(t, stage, scenario.Production, third, func(config map[string]any) {
		config["aws:region"], config["pilotlight:network"], config["pilotlight:role"] = "us-west-1", network, "standby"
		config["pilotlight:app"] = map[string]any{"image": "ami-0ccccccccccccccc3"}
	})
	edit(t, stage, scenario.Recovery, scenario.Recovery, func(config map[string]any) {
		config["pilotlight:peer"] = map[string]any{"stack": third, "region": "us-west-1", "cidr": "10.30.0.0/16"}
	})
	stage.World.AddImage("us-west-1", "ami-0ccccccccccccccc3", stage.World.Clock().Now())
	bucket, ok := staged.Outputs(t, stage, scenario.Recovery)[stacks.OutputMedia].(string)
	require.True(t, ok)
	require.NoError(t, stage.World.Put(bucket, "old.jpg", 1000))
	stage.World.Clock().Advance(time.Minute)
	for _, stack := range []string{third, scenario.Recovery, third} {
		require.NoError(t, staged.Up(t, stage, stage.Env(), stack, nil), stack)
	}
	lacks := func() int {
		site, err := ops.OpenSite(stage.Options(stage.Env()))
		require.NoError(t, err)
		sides, err := site.Sides(t.Context())
		require.NoError(t, err)
		require.Equal(t, scenario.Recovery, sides[0].Config.Stack)
		assert.Equal(t, bucket, sides[0].State.Media.Bucket)
		return sides[0].State.Media.Missing
	}
	assert.Equal(t, 1, lacks(), "its bucket begins empty, and S3 copies nothing of before")
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	_, err = site.SyncMedia(t.Context(), scenario.Recovery, third, ops.Run{})
	require.NoError(t, err)
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, nil))
	assert.Zero(t, lacks())
	assert.Equal(t, "standby", staged.Outputs(t, stage, third)[stacks.OutputRole])
	staged.NothingLeft(t, stage)

	stage.World.Clock().Advance(time.Hour)
	v := &visitors{stage: stage}
	v.post()
	stage.World.Clock().Advance(time.Minute)
	stage.World.LoseRegion("us-east-2", sim.Hang)
	stage.World.Clock().Advance(15 * time.Minute)
	require.NoError(t, staged.Up(t, stage, stage.Env(), third, map[string]string{"role": "active"}))
	out := staged.Outputs(t, stage, third)
	assert.InDelta(t, 3, out[stacks.OutputEpoch], 0)
	assert.Equal(t, v.accepted, v.found("us-west-1", "blog-third-1"))
	target, _ := stage.World.Resolve("www.example.com")
	assert.Equal(t, out[stacks.OutputBalancer], target)

	stage.World.ReturnRegion("us-east-2")
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, map[string]string{"role": "standby"}))
	stage.World.ReturnRegion("us-west-2")
	stage.World.Clock().Advance(15 * time.Minute)
	lost, ok := staged.Outputs(t, stage, scenario.Production)[stacks.OutputBalancer].(string)
	require.True(t, ok)
	answer, err := stage.World.Visit(httptest.NewRequest(http.MethodGet, "http://"+lost+"/", http.NoBody))
	require.NoError(t, err)
	assert.Equal(t, http.StatusServiceUnavailable, answer.StatusCode, "the standby of the third fences who was lost first")
	require.ErrorContains(t, staged.Up(t, stage, stage.Env(), scenario.Production, nil), "the site moved on to epoch 3", "who was lost first stays out")
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Production, map[string]string{"teardown": "blog"}))
	kept, err := stage.World.Databases("us-west-2", "")
	require.NoError(t, err)
	require.Len(t, kept, 1, "and can be ended without a replica")
	assert.Equal(t, "blog-prod-1", kept[0].Identifier)
	assert.Zero(t, staged.Inventory(stage.World)["us-west-2 aws:lb/loadBalancer:LoadBalancer"], "it serves no more")
	stack, err := stage.Stack(t.Context(), scenario.Production, stage.Env())
	require.NoError(t, err)
	require.NoError(t, stack.Destroy(t.Context(), ops.Run{}))
	requireEnded(t, stage, "us-west-2")
	now, _ := stage.World.Resolve("www.example.com")
	assert.Equal(t, target, now)
}

// TestDestroyOvertaken ends a site between a failover and the reprotect: the side that was overtaken goes first. Left alone, it
// would lead again, with its stale database.
func TestDestroyOvertaken(t *testing.T) {
	t.Parallel()
	stage := staged.Disaster(t, staged.Options())
	require.Empty(t, staged.FailOver(t, stage).Refusal)
	stage.World.ReturnRegion("us-west-2")
	stage.World.Clock().Advance(15 * time.Minute)
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	out, err := site.Destroy(t.Context(), ops.Run{})
	require.NoError(t, err)
	require.Len(t, out.Done, 2)
	assert.Equal(t, scenario.Production, out.Done[0].Stack)
	requireEnded(t, stage, "us-west-2")
	requireEnded(t, stage, "us-east-2")
}

// requireEnded holds that a region has nothing of a stack but what outlives it, with a final snapshot.
func requireEnded(t *testing.T, stage *scenario.Stage, region string) {
	t.Helper()
	left := staged.Inventory(stage.World)
	assert.Zero(t, left[region+" aws:rds/instance:Instance"])
	assert.Zero(t, left[region+" aws:ec2/vpc:Vpc"])
	assert.Zero(t, left[region+" aws:lb/loadBalancer:LoadBalancer"])
	assert.Equal(t, 1, left[region+" aws:s3/bucketV2:BucketV2"])
	assert.Len(t, stage.World.Snapshots(region), 1, "its final snapshot stays")
}

// edit writes a stack's file after another's, with changes.
func edit(t *testing.T, stage *scenario.Stage, from, to string, change func(config map[string]any)) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(stage.Dir(), "Pulumi."+from+".yaml"))
	require.NoError(t, err)
	var file map[string]any
	require.NoError(t, yaml.Unmarshal(text, &file))
	config := file["config"].(map[string]any)
	if from != to {
		delete(file, "encryptionsalt") // each stack has its own
		config["pilotlight:peer"] = map[string]any{"stack": scenario.Recovery, "region": "us-east-2", "cidr": "10.20.0.0/16"}
	}
	change(config)
	text, err = yaml.Marshal(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(stage.Dir(), "Pulumi."+to+".yaml"), text, 0o600))
}
