package failover_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/refusal"
)

// TestBusyIsNoMissingRight holds that whatever a check can't read for AWS being busy or ill is told so, and that rights are named only
// where AWS denies them.
func TestBusyIsNoMissingRight(t *testing.T) {
	t.Parallel()
	for call, code := range map[string]string{
		"rds:DescribeDBInstances":           checks.ReplicaUnseen,
		"rds:DescribeDBParameters":          checks.ParametersUnseen,
		"cloudwatch:GetMetricData":          checks.LagUnknown,
		"ec2:DescribeImages":                checks.ImageUnseen,
		"ec2:DescribeInstanceTypeOfferings": checks.TypesUnseen,
		"ec2:DescribeSubnets":               checks.PartsUnseen,
		"acm:DescribeCertificate":           checks.CertificateUnseen,
		"route53:GetHostedZone":             checks.NameUnseen,
	} {
		for _, tc := range []struct{ error, says, hides string }{
			{"ServiceUnavailable", checks.Busy, "let these credentials"},
			{"AccessDenied", "let these credentials", checks.Busy},
		} {
			t.Run(call+" "+tc.error, func(t *testing.T) {
				t.Parallel()
				w, rt, _ := standby(t, "error="+call+":"+tc.error+":99")
				rt.Site.InstanceTypes, rt.Site.Zones = []string{"m6i.large"}, []string{"us-east-2a"}
				rt.Site.Certificate, rt.Site.ZoneID = "arn:aws:acm:us-east-2:123456789012:certificate/1", "Z1"
				rt.Site.ResourceIDs = []string{"arn:aws:ec2:us-east-2:123456789012:subnet/subnet-1"}
				verdict, err := rt.Check(t.Context())
				require.NoError(t, err)
				assert.Empty(t, w.Unmet())
				remedy := remedyOf(append(verdict.Blockers, verdict.Shortfalls...), code)
				assert.Contains(t, remedy, tc.says)
				assert.NotContains(t, remedy, tc.hides)
			})
		}
	}
}

// remedyOf is that of the blocker with a code, and what else is said of it.
func remedyOf(all []refusal.Blocker, code string) string {
	var said []string
	for _, b := range all {
		if b.Code == code {
			said = append(said, b.Remedy)
		}
	}
	return strings.Join(said, "\n")
}
