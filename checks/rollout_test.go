package checks

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestRollout(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	const remedy = ": those before serve on; if the new image is to blame, take it back and run pilotlight deploy; " +
		"what the group did: aws autoscaling describe-scaling-activities --region us-west-2 --auto-scaling-group-name blog-prod"
	for name, tc := range map[string]struct {
		status, reason string
		after          time.Duration
		over           bool
		want           string
	}{
		"none":           {"", "", 0, true, ""},
		"it runs":        {"InProgress", "", 20 * time.Minute, false, ""},
		"it hangs":       {"InProgress", "", 2 * time.Hour, false, "the instances of blog-prod: being replaced one by one since 2026-03-01 12:00:00 UTC, 50 % so far" + remedy},
		"it failed":      {"Failed", "no capacity", time.Minute, false, "the instances of blog-prod: their replacement, begun at 2026-03-01 12:00:00 UTC, failed at 50 % (no capacity)" + remedy},
		"it ended":       {"Successful", "", 2 * time.Hour, true, ""},
		"rolled back":    {"RollbackSuccessful", "", 2 * time.Hour, true, ""},
		"neither":        {"RollbackFailed", "", time.Minute, false, "the instances of blog-prod: their replacement, begun at 2026-03-01 12:00:00 UTC, failed at 50 %" + remedy},
		"somebody ended": {"Cancelled", "", 2 * time.Hour, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := Rollout{Region: "us-west-2", Group: "blog-prod", Status: tc.status, Reason: tc.reason, Began: began, Percent: 50}
			assert.Equal(t, tc.over, r.Over())
			assert.Equal(t, tc.want, r.Problem(began.Add(tc.after)))
		})
	}
}
