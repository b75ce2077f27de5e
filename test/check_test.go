package test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// look is what check and status say of a site, while production lives.
func look(t *testing.T, stage *scenario.Stage) (codes []string, ready ops.Readiness, status ops.Status) {
	t.Helper()
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	ready, err = site.Check(t.Context(), ops.ForFailover, "", ops.Run{})
	require.NoError(t, err)
	for _, q := range ready.Requirements {
		if !q.OK {
			assert.NotEmpty(t, q.Remedy, q.Subject)
			codes = append(codes, q.Code)
		}
	}
	status, err = site.Status(t.Context())
	require.NoError(t, err)
	return codes, ready, status
}

// TestStatusAgreesWithCheck holds that status calls a site protected exactly when check finds
// nothing that a failover would stumble over.
func TestStatusAgreesWithCheck(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		faults []string
		codes  []string
		says   string
	}{
		"nothing is the matter":       {nil, nil, "protected: a failover would lose some"},
		"an old image":                {[]string{"image=old"}, []string{checks.ImageOld}, "unprotected: image"},
		"no image":                    {[]string{"image=missing"}, []string{checks.ImageMissing}, "unprotected: there is no image"},
		"storage that runs out":       {[]string{"storage=low"}, []string{checks.StorageLow}, "unprotected: database blog-dr-1 has"},
		"storage that ran out":        {[]string{"database=storage-full"}, []string{checks.ReplicaState, checks.LagTooHigh}, "unprotected"},
		"a state of tomorrow":         {[]string{"database=quantum-folding"}, []string{checks.ReplicaUnknown}, "unprotected: database blog-dr-1 is quantum-folding"},
		"a replica that is far back":  {[]string{"lag=12m"}, []string{checks.LagTooHigh}, "unprotected: blog-dr-1 is 12m0s behind"},
		"a binary log that is gone":   {[]string{"replication=purged"}, []string{checks.LagTooHigh}, "unprotected"},
		"a volume that is still read": {[]string{"database=storage-initialization"}, nil, "protected: a failover would lose some"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stage := staged.Steady(t, staged.Options())
			staged.Inject(t, stage, tc.faults...)
			stage.World.Clock().Advance(30 * time.Minute)
			codes, _, status := look(t, stage)
			assert.Equal(t, tc.codes, codes)
			assert.Equal(t, tc.codes == nil, status.Protected, status.Verdict)
			assert.Contains(t, status.Verdict, tc.says)
			assert.Equal(t, tc.codes == nil, len(status.LastCheck.Missing) == 0)
		})
	}
}

// TestStorageGrowsOnBothSides holds that a replica's ceiling follows its source's, and that check
// sees it until it does.
func TestStorageGrowsOnBothSides(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	ceiling := func(region, id string) int {
		found, err := stage.World.Databases(region, id)
		require.NoError(t, err)
		return found[0].CeilingGiB
	}
	assert.Equal(t, 400, ceiling("us-west-2", "blog-prod-1"))
	assert.Equal(t, 400, ceiling("us-east-2", "blog-dr-1"), "by default it is the same on both sides")
	staged.Rewrite(t, stage, scenario.Production, "storageGiB: ", "maxStorageGiB: 800, storageGiB: ")
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Production, nil))
	codes, ready, status := look(t, stage)
	assert.Equal(t, []string{checks.StorageCeiling}, codes)
	assert.ErrorContains(t, ready.Err(), "set database.maxStorageGiB to 800 in both files, then pilotlight deploy")
	assert.False(t, status.Protected)
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, nil))
	assert.Equal(t, 800, ceiling("us-east-2", "blog-dr-1"))
	codes, _, status = look(t, stage)
	assert.Empty(t, codes)
	assert.True(t, status.Protected, status.Verdict)
}

// TestReprotectAfterGrowth holds that a replica of a database that has grown to its ceiling is refused before anything is made,
// and by check: RDS would copy it for hours, and then refuse its ceiling.
func TestReprotectAfterGrowth(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	require.NoError(t, stage.Lose())
	require.True(t, staged.FailOver(t, stage).Recovered)
	stage.World.ReturnRegion("us-west-2")
	stage.World.Grow("us-east-2", "blog-dr-1", 395)
	stage.World.Clock().Advance(time.Hour)
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	const says = "database blog-dr-1 has 400 GiB by now, which storage never goes below, and RDS takes no ceiling of 400: set database.maxStorageGiB to 504 or more in both files"
	ready, err := site.Check(t.Context(), ops.ForReprotect, scenario.Production, ops.Run{})
	require.NoError(t, err)
	assert.ErrorContains(t, ready.Err(), says)
	_, err = site.Reprotect(t.Context(), ops.Run{})
	assert.ErrorContains(t, err, says)
	_, err = stage.World.Databases("us-west-2", "blog-prod-2")
	assert.Error(t, err, "nothing was made")

	for _, stack := range []string{scenario.Production, scenario.Recovery} {
		staged.Rewrite(t, stage, stack, "storageGiB: ", "maxStorageGiB: 504, storageGiB: ")
	}
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, nil))
	_, err = site.Reprotect(t.Context(), ops.Run{})
	require.NoError(t, err)
	found, err := stage.World.Databases("us-west-2", "blog-prod-2")
	require.NoError(t, err)
	assert.Equal(t, 504, found[0].CeilingGiB)
}
