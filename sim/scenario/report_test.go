package scenario

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/sim"
)

var update = flag.Bool("update", false, "write the golden files anew")

// night is a failover whose promotion is the longest path.
func night() *Report {
	declared := sim.Epoch.Add(time.Hour)
	at := func(seconds int) time.Time { return declared.Add(time.Duration(seconds) * time.Second) }
	return &Report{
		Domain: "www.example.com", ProdStack: Production, DRStack: Recovery, ProdRegion: "us-west-2", DRRegion: "us-east-2", Seed: 1, Outage: sim.Hang, Lost: declared.Add(-decision),
		Run: report.Report{
			StartedAt: declared, TimeToRecover: 640, Verdict: &checks.Verdict{Loss: "a failover loses what was written after 03:44:57 UTC"},
			Steps: []report.Step{
				{Name: "check the standby", Begin: at(0), End: at(0)},
				{Name: "wait for the promotion of blog-dr-1", Begin: at(0), End: at(600), OnLongestPath: true},
				{Name: "create LoadBalancer blog-dr-lb", Begin: at(1), End: at(181)},
				{Name: "verify the site in depth", Begin: at(600), End: at(610), OnLongestPath: true},
				{Name: "create Record blog-dr-switch-2", Begin: at(610), End: at(640), OnLongestPath: true},
				{Name: "update Instance blog-dr-instance", Begin: at(640), End: at(1200)},
			},
		},
		Recovered: true, Serves: "visitors are served from us-east-2",
		Floor: Floor{Seconds: 620, Path: "promotion of the database"}, Original: Original{Seconds: 2100, Machine: 1500, Hands: 600}, DataLoss: 3,
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	refused := night()
	refused.Recovered, refused.Run.Steps, refused.Serves = false, refused.Run.Steps[:1], "visitors cannot reach the site"
	refused.Refusal = "refused, nothing was changed: stack dr: the checks do not allow it:\n  there is no image ami-1 in us-east-2: set app.image to an AMI that is in this region"
	refused.Faults = []sim.Fault{{Name: "image", Value: "missing"}}
	for name, report := range map[string]*Report{"recovered": night(), "refused": refused} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden := filepath.Join("testdata", name+".golden")
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(report.String()), 0o600))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			assert.Equal(t, string(want), report.String(), "go test ./rehearsal -update writes it anew")
		})
	}
}

// TestPage holds that the page tells what only a rehearsal knows. That it is a sound
// page is tested in package failover.
func TestPage(t *testing.T) {
	t.Parallel()
	text := func(r *Report) string {
		page, err := r.Page().HTML()
		require.NoError(t, err)
		return string(page)
	}
	recovered := night()
	page := text(recovered)
	for _, says := range []string{
		"Recovered: visitors are served from us-east-2", "03:45:00 UTC, its APIs hang", "10:40", "640 s", "3 s",
		"The least that AWS allows here", "10:20", "promotion of the database", "1.03 of the least", "0.30 of what it takes by hand",
		"35:00", "25:00", "10:00", "Calls to us-west-2", "reprotect: pulumi up -s prod -c role=standby",
	} {
		assert.Contains(t, page, says)
	}

	lost := night()
	lost.Recovered, lost.Serves, lost.Refusal = false, "visitors cannot reach the site", "the promotion failed <twice>"
	lost.Faults = []sim.Fault{{Name: "promotion", Value: "fails"}}
	page = text(lost)
	for _, says := range []string{"Not recovered", "visitors cannot reach the site", "the promotion failed &lt;twice&gt;", "promotion=fails", "Writes at stake"} {
		assert.Contains(t, page, says)
	}
	assert.NotContains(t, page, "The least that AWS allows here", "there is no time to compare")
	lost.Run.Outcome = report.Refused
	assert.NotContains(t, text(lost), "the promotion failed", "the checks say why, once")
}

func TestCheckRegions(t *testing.T) {
	t.Parallel()
	assert.NoError(t, CheckRegions("cn-north-1", "cn-northwest-1"))
	assert.ErrorContains(t, CheckRegions("us-west-2", "us-west-2"), "name two")
	assert.ErrorContains(t, CheckRegions("us-west-2", "cn-north-1"), "different partitions")
}
