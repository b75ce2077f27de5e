package test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestFileOfElsewhere holds that files whose site was renamed lead to no second, empty site beside the one that is deployed: neither an
// update, a preview nor the end of the site goes by them, even where AWS has another site of that name.
func TestFileOfElsewhere(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	for _, stack := range []string{scenario.Production, scenario.Recovery} {
		staged.Rewrite(t, stage, stack, "site: blog", "site: shop")
	}
	for region, stack := range map[string]string{"us-west-2": scenario.Production, "us-east-2": scenario.Recovery} {
		theirs := map[string]any{"site": "shop", "stack": stack, "managed-by": "pilotlight"}
		killedIn(t, stage.World, region, "aws:rds/instance:Instance", map[string]any{"identifier": "shop-" + stack + "-1", "tags": theirs, "tagsAll": theirs})
	}
	before := staged.Changes(stage.World)
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	opened, err := site.Stack(t.Context(), scenario.Recovery, false)
	require.NoError(t, err)

	_, byVerb := site.Deploy(t.Context(), ops.Run{})
	_, byPreview := opened.Preview(t.Context(), ops.Run{})
	_, byDestroy := site.Destroy(t.Context(), ops.Run{})
	for name, err := range map[string]error{
		"a verb": byVerb, "the program's preview": byPreview, "the program": staged.Up(t, stage, stage.Env(), scenario.Production, nil), "destroy": byDestroy,
	} {
		require.ErrorContains(t, err, `is "shop", and the deployed stack`, name)
		require.ErrorContains(t, err, "set it to blog", name)
		assert.Equal(t, refusal.CodeMismatch, refusal.CodeOf(err), name)
	}
	assert.Equal(t, before, staged.Changes(stage.World), "a refusal changes nothing")
}
