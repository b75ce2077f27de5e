package test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestLargeInventory deploys a site with all that a file can ask for, and as many rules as 29 networks and 21 ports need. Its list of resources is too long for a standard
// parameter, and fits into an advanced one with room for the databases of many years.
func TestLargeInventory(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	numbered := func(count int, format string) string {
		all := make([]string, count)
		for i := range all {
			all[i] = fmt.Sprintf(format, i+1)
		}
		return "[" + strings.Join(all, ", ") + "]"
	}
	putFunction(t, stage)
	all := map[string]string{
		"app": `{"certificate": "request", "min": 2}`, "images": travels["images"], "keepWarm": `["nat", "balancer", "cache"]`,
		"names":    numbered(9, `"name-%d.example.com"`),
		"visitors": strings.Replace(numbered(28, `"198.51.%d.0/24"`), "]", `, "127.0.0.0/8"]`, 1),
		"alarms":   strings.Replace(`{"dashboard": true, "checkHours": 26, "email": all}`, "all", numbered(10, `"person-%d@example.com"`), 1),
	}
	ports := strings.Replace(numbered(20, "%d"), "]", ", 443]", 1)
	all["network"] = fmt.Sprintf(`{"cidr": "10.10.0.0/16", "zones": ["us-west-2a", "us-west-2b", "us-west-2c"], "nat": "zone", "egress": %s}`, ports)
	bake(stage.World, "us-west-2", "ami-0000000000000001")
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Production, all))
	text, found := stage.World.ParameterValue("us-west-2", "/blog/prod/inventory")
	require.True(t, found)
	assert.Less(t, 4096, len(text), "it shows nothing")
	assert.Less(t, len(text), 7000)
}
