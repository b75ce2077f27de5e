package failover_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
)

// TestThePolicyOfPreviewsAllowsTheChecks holds that who may do what
// docs/policies/preview.json lists can make the checks, and may do nothing else
// in the standby's region. What it lists of S3 and KMS is for the state, and
// of SSM for comparing that with AWS.
func TestThePolicyOfPreviewsAllowsTheChecks(t *testing.T) {
	t.Parallel()
	w, rt, _ := standby(t)
	rt.Site.InstanceTypes, rt.Site.Zones = []string{"t3.medium"}, []string{recovery + "a"}
	rt.Site.ZoneID, rt.Site.PeerRegion = "Z1", lost
	w.AddZone("Z1", "example.com")
	rt.Site.Certificate = "arn:aws:acm:" + recovery + ":123456789012:certificate/1"
	w.AddCertificate(sim.Certificate{ARN: rt.Site.Certificate, Status: "ISSUED", Names: []string{"www.example.com"}, Until: sim.Epoch.Add(48 * time.Hour)})
	before := map[string]int{}
	count := func(into map[string]int) {
		for _, step := range w.Journal() {
			into[step.Operation]++
		}
	}
	count(before)
	verdict, err := rt.Check(t.Context())
	require.NoError(t, err)
	require.Empty(t, verdict.Blockers)
	after := map[string]int{}
	count(after)
	var asked []string
	for operation, times := range after {
		if times > before[operation] {
			asked = append(asked, operation)
		}
	}
	slices.Sort(asked)

	text, err := os.ReadFile("../docs/policies/preview.json")
	require.NoError(t, err)
	var policy struct{ Statement []struct{ Action any } }
	require.NoError(t, json.Unmarshal(text, &policy))
	var allowed []string
	for _, s := range policy.Statement {
		actions, many := s.Action.([]any)
		if !many {
			actions = []any{s.Action}
		}
		for _, a := range actions {
			if name := a.(string); !strings.HasPrefix(name, "s3:") && !strings.HasPrefix(name, "kms:") && !strings.HasPrefix(name, "ssm:") {
				allowed = append(allowed, name)
			}
		}
	}
	slices.Sort(allowed)
	assert.Equal(t, allowed, asked)
}
