package rehearsal

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/awssim"
	"github.com/pilotlight-dr/pilotlight/failover"
)

var update = flag.Bool("update", false, "write the golden files anew")

// night is a failover whose promotion is the longest path.
func night() *Report {
	declared := awssim.Epoch.Add(time.Hour)
	at := func(seconds int) time.Time { return declared.Add(time.Duration(seconds) * time.Second) }
	journal := func(operation, typ, name string, begin, end int) awssim.Step {
		return awssim.Step{Kind: "provider", Operation: operation, Type: typ, Name: name, Begin: at(begin), End: at(end)}
	}
	steps := timeline(declared, []awssim.Step{
		journal("create", "aws:lb/loadBalancer:LoadBalancer", "blog-dr-lb", -900, -700), // before: not of this failover
		journal("read", "aws:lb/loadBalancer:LoadBalancer", "blog-dr-lb", 0, 60),
		journal("create", "aws:lb/loadBalancer:LoadBalancer", "blog-dr-lb", 1, 181),
		journal("create", "aws:ssm/parameter:Parameter", "blog-dr-cache", 2, 5),
		journal("update", "aws:autoscaling/group:Group", "blog-dr-instances", 100, 300),
		journal("create", "aws:route53/record:Record", "blog-dr-switch-2", 610, 640),
		journal("update", "aws:rds/instance:Instance", "blog-dr-instance", 640, 1200),
	}, []failover.Step{
		{Name: "check the standby", Begin: at(0), End: at(0)},
		{Name: "wait for the promotion of blog-dr-1", Begin: at(0), End: at(600)},
		{Name: "verify the site in depth", Begin: at(600), End: at(610)},
	})
	return &Report{
		Site: domain, ProdRegion: "us-west-2", DRRegion: "us-east-2", Seed: 1, Outage: awssim.Hang,
		Lost: declared.Add(-decision), Declared: declared, Steps: steps, Recovered: true, Serves: "visitors are served from us-east-2",
		TimeToRecover: 640, Floor: Floor{Seconds: 620, Path: "promotion of the database"}, DataLoss: 3, Loss: "a failover loses what was written after 03:44:57 UTC",
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	refused := night()
	refused.Recovered, refused.Steps, refused.Serves = false, refused.Steps[:1], "visitors cannot reach the site"
	refused.Refusal = "refused, nothing was changed:\n  there is no image ami-1 in us-east-2: set app.image to an AMI that is in this region"
	refused.Faults = []awssim.Fault{{Name: "image", Value: "missing"}}
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

func TestLongestPath(t *testing.T) {
	t.Parallel()
	var longest []string
	for _, step := range night().Steps {
		if step.Longest {
			longest = append(longest, step.Name)
		}
	}
	assert.Equal(t, []string{"wait for the promotion of blog-dr-1", "verify the site in depth", "create Record blog-dr-switch-2"}, longest)
}

func TestTimelineKeepsErrors(t *testing.T) {
	t.Parallel()
	begin := awssim.Epoch
	steps := timeline(begin, nil, []failover.Step{{Name: "start the promotion", Begin: begin, End: begin, Err: errors.New("denied")}})
	assert.Equal(t, "denied", steps[0].Err)
}

func TestCheckRegions(t *testing.T) {
	t.Parallel()
	assert.NoError(t, CheckRegions("cn-north-1", "cn-northwest-1"))
	assert.ErrorContains(t, CheckRegions("us-west-2", "us-west-2"), "name two")
	assert.ErrorContains(t, CheckRegions("us-west-2", "cn-north-1"), "different partitions")
}
