package failover_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/wire"
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
			w := sim.New(1)
			w.Clock().SetQuiet(time.Millisecond)
			face := wire.NewFace(w)
			t.Cleanup(func() { face.Close(); w.Close() })
			w.AddImage(recovery, "ami-1", sim.Epoch)
			made, err := w.Create(t.Context(), sim.Call{Region: recovery, Type: "aws:ec2/vpc:Vpc", Name: "blog", Inputs: map[string]any{"cidrBlock": "10.0.0.0/16"}})
			require.NoError(t, err)
			subnet, err := w.Create(t.Context(), sim.Call{Region: recovery, Type: "aws:ec2/subnet:Subnet", Name: "blog", Inputs: map[string]any{
				"vpcId": made.ID, "cidrBlock": "10.0.0.0/24", "availabilityZone": sim.Zones(recovery)[0],
			}})
			require.NoError(t, err)
			if tc.mode != "" {
				w.BlockPublicAccess(recovery, tc.mode)
			}
			if tc.excluded != "" {
				id := made.ID
				if tc.subnet {
					id = subnet.ID
				}
				w.ExcludeNetwork(recovery, id, tc.excluded)
			}
			if tc.fault != "" {
				fault, err := sim.ParseFault(tc.fault)
				require.NoError(t, err)
				require.NoError(t, w.Inject(fault))
			}
			rt := failover.New(failover.Env{
				AWS: func(_ context.Context, region, _ string) (aws.Config, error) { return face.Config(region), nil }, Now: w.Clock().Now,
			}, failover.Site{
				Policy: checks.Policy{Region: recovery, Image: "ami-1", DiskGiB: 20}, Limits: failover.Limits{Check: time.Minute},
				ResourceIDs: []string{"arn:aws:ec2:" + recovery + ":" + sim.Account + ":vpc/" + made.ID, "arn:aws:ec2:" + recovery + ":" + sim.Account + ":subnet/" + subnet.ID},
			})
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
			assert.Equal(t, &checks.BlockedNetwork{VPC: made.ID, Mode: tc.mode}, seen.Blocked)
		})
	}
}
