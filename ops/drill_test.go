package ops

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/stacks/drill"
	"github.com/pilotlight-dr/pilotlight/state"
)

func TestDrillable(t *testing.T) {
	t.Parallel()
	gaveUp := claim(roles.Standby, 3, false)
	gaveUp.Aborted = true
	foreign := site(none, standBy)[:1]
	foreign[0].Config.Production = &config.Production{}
	for name, tc := range map[string]struct {
		sides []Side
		says  string // empty for a standby that can be drilled
	}{
		"steady":                 {site(leading, standBy), ""},
		"of a foreign one":       {foreign, ""},
		"the other way around":   {site(claim(roles.Standby, 2, false), claim(roles.Active, 2, true)), ""},
		"never deployed":         {site(none, none), "there is no standby"},
		"half deployed":          {site(leading, none), "there is no standby"},
		"failed over":            {site(leading, claim(roles.Active, 2, true)), "there is no standby"},
		"failing over":           {site(leading, claim(roles.Active, 2, false)), "the activation of us-east-2 (dr) is not finished"},
		"switching over":         {site(claim(roles.Frozen, 1, true), standBy), "us-west-2 (prod) is frozen"},
		"given up":               {site(leading, gaveUp), "us-east-2 (dr) aborted an activation"},
		"first activation stuck": {site(claim(roles.Active, 1, false), standBy), "the activation of us-west-2 (prod) is not finished"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			of, err := drillable(tc.sides)
			if tc.says == "" {
				require.NoError(t, err)
				assert.Equal(t, roles.Standby, of.State.Claim.Role)
				return
			}
			assert.ErrorContains(t, err, tc.says)
			assert.NotEmpty(t, refusal.CodeOf(err), "the exit status is that of a refusal")
		})
	}
}

func TestCarryOn(t *testing.T) {
	t.Parallel()
	begun := DrillCopy{Stack: "dr-drill", Copy: drill.Copy{Of: "dr", Snapshot: failover.Snapshot{ID: "rds:x"}, Expires: noon}}
	served := begun
	served.Balancer = "lb.example.com"
	other := DrillCopy{Stack: "prod-drill", Copy: drill.Copy{Of: "prod"}, Balancer: "lb.example.com"}

	of, err := resumeDrill([]DrillCopy{other}, "dr")
	require.NoError(t, err)
	assert.Zero(t, of)
	of, err = resumeDrill([]DrillCopy{other, begun}, "dr")
	require.NoError(t, err)
	assert.Equal(t, begun.Copy, of, "the snapshot stays, or the database would be replaced")
	_, err = resumeDrill([]DrillCopy{other, served}, "dr")
	assert.ErrorContains(t, err, "is still there, until 2026-03-01 12:00:00 UTC: end it first with pilotlight drill --end")

	assert.False(t, begun.expired(noon.Add(-time.Second)))
	assert.True(t, begun.expired(noon))
	assert.True(t, DrillCopy{}.expired(noon), "it was killed before it said until when")

	assert.False(t, begun.leaves(true, noon))
	assert.True(t, begun.leaves(true, noon.Add(-time.Second)))
	assert.False(t, begun.leaves(false, noon.Add(-time.Second)))
	assert.True(t, DrillCopy{}.leaves(true, noon), "a drill may be about to say until when")
	assert.False(t, DrillCopy{}.leaves(false, noon))
}

func TestDrillsOnTheStatus(t *testing.T) {
	t.Parallel()
	left := []DrillCopy{{Stack: "dr-drill", Copy: drill.Copy{Expires: noon}}}
	for name, tc := range map[string]struct {
		now  time.Time
		err  error
		left []DrillCopy
		says string
	}{
		"none":     {noon, nil, nil, ""},
		"kept":     {noon.Add(-time.Hour), nil, left, "the copy of a drill (stack dr-drill) is there, and may be there until 2026-03-01 12:00:00 UTC"},
		"expired":  {noon, nil, left, "should have ended, and costs: when it is no longer needed, pilotlight drill --end"},
		"not seen": {noon, errors.New("looking for drills: no"), nil, "looking for drills: no"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s Status
			s.addDrills(tc.left, tc.err, tc.now)
			if tc.says == "" {
				assert.Empty(t, s.Warnings)
				return
			}
			require.Len(t, s.Warnings, 1)
			assert.Contains(t, s.Warnings[0], tc.says)
		})
	}
}

// decode reads a state.
func decode(t *testing.T, text string) apitype.DeploymentV3 {
	t.Helper()
	held, err := state.Decode([]byte(text))
	require.NoError(t, err)
	return held
}

// TestDrillProject holds that a drill's project encrypts as the site's stacks do, and
// has nothing else of them.
func TestDrillProject(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"Pulumi.yaml":    "name: pilotlight\nruntime: go\nconfig:\n  site: {type: string}\n",
		"Pulumi.dr.yaml": "secretsprovider: awskms://alias/state?region=us-west-1\nencryptedkey: abc\nconfig:\n  pilotlight:role: standby\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	for range 2 {
		project, provider, err := drillProject(dir, "dr")
		require.NoError(t, err)
		assert.Equal(t, filepath.Join(dir, ".pilotlight", "drill"), project)
		assert.Equal(t, "awskms://alias/state?region=us-west-1", provider)
		text, err := os.ReadFile(filepath.Join(project, "Pulumi.dr-drill.yaml"))
		require.NoError(t, err)
		assert.Equal(t, "secretsprovider: awskms://alias/state?region=us-west-1\nencryptedkey: abc\n", string(text))
		text, err = os.ReadFile(filepath.Join(project, "Pulumi.yaml"))
		require.NoError(t, err)
		assert.Equal(t, "name: pilotlight\nruntime: go\n", string(text), "the drill's stack has none of the site's values")
	}
	_, _, err := drillProject(dir, "prod")
	assert.ErrorContains(t, err, "preparing the drill of stack prod")
}

func TestWithBackend(t *testing.T) {
	t.Setenv("PULUMI_BACKEND_URL", "")
	dir := t.TempDir()
	for url, want := range map[string]string{
		"":                             "",
		"s3://state?region=us-west-1":  "",
		"file:///var/state":            "",
		"file://~":                     "",
		"file://./state?metadata=skip": "file://" + dir + "/state?metadata=skip",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), []byte("name: pilotlight\nruntime: go\nbackend:\n  url: "+url+"\n"), 0o600))
		assert.Equal(t, want, withBackend(nil, dir)["PULUMI_BACKEND_URL"], url)
	}
	given := map[string]string{"PULUMI_BACKEND_URL": "file://state"}
	assert.Equal(t, "file://"+dir+"/state", withBackend(given, dir)["PULUMI_BACKEND_URL"])
	assert.Equal(t, "file://state", given["PULUMI_BACKEND_URL"], "the caller's is left as it is")
}

func TestReach(t *testing.T) {
	t.Parallel()
	of := config.Config{Domain: "www.example.com"}
	assert.Equal(t, "look at it: curl --connect-to www.example.com:80:lb:80 http://www.example.com/", reach(of, "lb"))
	of.App.Certificate = "arn:aws:acm:us-east-2:123456789012:certificate/1"
	assert.Equal(t, "look at it: curl --connect-to www.example.com:443:lb:443 https://www.example.com/", reach(of, "lb"))
}
