package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/estimate"
	"github.com/pilotlight-dr/pilotlight/ops"
)

// TestIncreasesAreTold: check ends with what it asked AWS for.
func TestIncreasesAreTold(t *testing.T) {
	t.Parallel()
	text := readyText(ops.Readiness{For: ops.ForFailover, Stack: "dr", Increases: []checks.Increase{
		{Quota: "Elastic IP addresses", Service: "ec2", Code: "L-0263D0A3", Region: "us-east-2", Desired: 6, Status: "PENDING"},
	}})
	assert.Contains(t, text, "\n\nasked for 6 Elastic IP addresses in us-east-2 (quota L-0263D0A3 of ec2): PENDING\n")
	assert.NotNil(t, newCheckCmd(nil, nil).Flags().Lookup("request-increases"))
}

// TestPublishedText: a published check is a line of status, and of history.
func TestPublishedText(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, time.November, 28, 3, 17, 4, 0, time.UTC)
	seconds := 3.0
	ready := ops.PublishedCheck{
		Checked: ops.Checked{At: at, Stack: "dr"}, Ready: true,
		Recover: &estimate.Range{Least: 11 * time.Minute, Most: 23 * time.Minute}, LossSeconds: &seconds,
	}
	assert.Equal(t, "2026-11-28 03:17:04 UTC: dr was ready for a failover, 11 to 23 min to recover, 3 s behind", publishedText(ready))
	unready := ops.PublishedCheck{Checked: ops.Checked{At: at, Missing: []string{"image", "lag"}}}
	assert.Equal(t, "2026-11-28 03:17:04 UTC: the site was not ready for a failover (image, lag)", publishedText(unready))
	assert.Equal(t, "2026-11-28 03:17:04 UTC: the site was not ready for a failover (image, lag)\n", publishedHistory([]ops.PublishedCheck{unready}))
	assert.Contains(t, publishedHistory(nil), "pilotlight check --publish")
	usage := &usageError{}
	unread := ops.Readiness{For: ops.ForFailover, Published: &ops.PublishedCheck{ServingUnread: "with how many instances us-west-2 (prod) serves could not be read"}}
	assert.Contains(t, readyText(unread), "\nPublished, but with how many instances us-west-2 (prod) serves could not be read.\n")
	assert.NotContains(t, readyText(ops.Readiness{Published: &ops.PublishedCheck{Serving: 2}}), "Published")

	o := checkOptions{purpose: "reprotect", publish: true}
	assert.ErrorAs(t, o.run(t.Context()), &usage)
}
