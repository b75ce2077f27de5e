package failover

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/stretchr/testify/assert"
)

func TestLastRefresh(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	refresh := func(status types.InstanceRefreshStatus, ago time.Duration) types.InstanceRefresh {
		began := now.Add(-ago)
		return types.InstanceRefresh{Status: status, StartTime: &began}
	}
	failed, runs := refresh(types.InstanceRefreshStatusFailed, time.Hour), refresh(types.InstanceRefreshStatusInProgress, time.Minute)
	pending := types.InstanceRefresh{Status: types.InstanceRefreshStatusPending}
	for name, tc := range map[string]struct {
		all   []types.InstanceRefresh
		since time.Time
		want  string
	}{
		"none":                 {nil, time.Time{}, ""},
		"the newest in front":  {[]types.InstanceRefresh{runs, failed}, time.Time{}, "InProgress"},
		"the newest behind":    {[]types.InstanceRefresh{failed, runs}, time.Time{}, "InProgress"},
		"one that is pending":  {[]types.InstanceRefresh{runs, pending, failed}, time.Time{}, "Pending"},
		"one of a time before": {[]types.InstanceRefresh{failed}, now.Add(-time.Minute), ""},
		"one that began since": {[]types.InstanceRefresh{failed}, now.Add(-2 * time.Hour), "Failed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tc.want, lastRefresh(tc.all, tc.since, now).Status)
		})
	}
}
