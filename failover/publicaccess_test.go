package failover_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/sim"
)

// TestBlockedNetwork holds that a network which lets no visitor in is told before anything is promoted, unless an exclusion lets them in.
func TestBlockedNetwork(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		mode, excluded, fault string
		subnet                bool // is what is excluded
		want                  bool
		doubt                 string
	}{
		"open":                       {},
		"blocked":                    {mode: "block-bidirectional", want: true},
		"for visitors":               {mode: "block-ingress", want: true},
		"excluded":                   {mode: "block-bidirectional", excluded: "allow-bidirectional"},
		"excluded for its own calls": {mode: "block-bidirectional", excluded: "allow-egress", want: true},
		"a subnet excluded":          {mode: "block-ingress", excluded: "allow-bidirectional", subnet: true, doubt: "an exclusion lets them into subnet subnet-"},
		"exclusions unread":          {mode: "block-ingress", excluded: "allow-bidirectional", fault: "error=ec2:DescribeVpcBlockPublicAccessExclusions:UnauthorizedOperation:99", doubt: "exclusions could not be read: EC2 DescribeVpcBlockPublicAccessExclusions: UnauthorizedOperation"},
		"network unread":             {mode: "block-ingress", fault: "error=ec2:DescribeVpcs:UnauthorizedOperation:99"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var faults []string
			if tc.fault != "" {
				faults = append(faults, tc.fault)
			}
			w, rt, _ := standby(t, faults...)
			n := newNetwork(t, w)
			if tc.mode != "" {
				w.BlockPublicAccess(recovery, tc.mode)
			}
			if tc.excluded != "" {
				id := n.vpc
				if tc.subnet {
					id = n.subnets[0].(string)
				}
				w.ExcludeNetwork(recovery, id, tc.excluded)
			}
			within := "arn:aws:ec2:" + recovery + ":" + sim.Account + ":"
			rt.Site.ResourceIDs = []string{within + "vpc/" + n.vpc, within + "subnet/" + n.subnets[0].(string)}
			seen, err := rt.Survey(t.Context())
			require.NoError(t, err)
			said := ""
			for _, b := range seen.Shortfalls {
				if b.Code == checks.NetworkDoubted {
					said = b.Reason
				}
			}
			assert.Equal(t, tc.doubt != "", said != "")
			assert.Contains(t, said, tc.doubt)
			if !tc.want {
				assert.Nil(t, seen.Blocked)
				return
			}
			assert.Equal(t, &checks.BlockedNetwork{VPC: n.vpc, Mode: tc.mode}, seen.Blocked)
		})
	}
}
