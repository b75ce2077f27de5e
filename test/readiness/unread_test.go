package readiness

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestUnreadIsAccepted: what AWS refuses to tell of the standby is said by check and status, which call no region lost for it. It
// refuses a failover, and by consent stands in the way of none.
func TestUnreadIsAccepted(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	staged.Inject(t, stage, "error=ec2:DescribeImages:UnauthorizedOperation:999", "error=rds:DescribeDBParameters:AccessDenied:999")
	_, codes := check(t, stage)
	assert.Subset(t, codes, []string{checks.ImageUnseen, checks.ParametersUnseen})
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	status, err := site.Status(t.Context())
	require.NoError(t, err)
	assert.False(t, status.Protected)
	assert.True(t, strings.HasPrefix(status.Verdict, "unknown: whether parameter group blog-dr-1-parameters"), status.Verdict)
	assert.Contains(t, strings.Join(status.Warnings, "\n"), "stack prod: the image could not be read: EC2 DescribeImages: UnauthorizedOperation")
	require.NoError(t, stage.Lose())
	before := staged.Changes(stage.World)
	_, err = site.Failover(t.Context(), ops.Accepted{}, ops.Run{})
	require.ErrorContains(t, err, "set acceptStandby to 2")
	assert.Equal(t, before, staged.Changes(stage.World), "nothing was changed")
	_, err = site.Failover(t.Context(), ops.Accepted{Standby: 2}, ops.Run{})
	require.NoError(t, err)
	assert.Contains(t, stage.Visit(), "visitors are served from us-east-2")
	staged.NothingLeft(t, stage)
}
