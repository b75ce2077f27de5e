// Package live holds that a rehearsal of a site as it stands tells what a failover would do there,
// and writes nothing.
package live

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/backend"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/setup"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

func TestMain(m *testing.M) { staged.Main(m) }

// open opens the site of a stage, which stands for AWS.
func open(t *testing.T, stage *scenario.Stage) *ops.Site {
	t.Helper()
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	return site
}

// rehearse holds the rehearsal of a stage's site as it stands, and that nothing of it is written.
func rehearse(t *testing.T, stage *scenario.Stage) *scenario.Report {
	t.Helper()
	before := contents(t, stage)
	survey, err := open(t, stage).Survey(t.Context())
	require.NoError(t, err)
	o := staged.Options()
	o.Survey = &survey
	report, err := scenario.Run(t.Context(), o)
	require.NoError(t, err)
	assert.Equal(t, before, contents(t, stage), "the rehearsal writes nothing")
	return report
}

// contents are what there is in AWS, and in the project's folder, its backend in it.
func contents(t *testing.T, stage *scenario.Stage) map[string]string {
	t.Helper()
	var world map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(stage.World.Snapshot(), &world))
	all := map[string]string{}
	for part, text := range world {
		if part != "calls" && part != "now" && part != "faults" { // reading is counted, takes time, and meets faults
			all["AWS: "+part] = string(text)
		}
	}
	require.NoError(t, filepath.WalkDir(stage.Dir(), func(path string, entry os.DirEntry, err error) error {
		name, _ := filepath.Rel(stage.Dir(), path)
		if err != nil || entry.IsDir() || strings.HasPrefix(name, "home") { // the engine's own, where it notes which stack was last selected
			return err
		}
		text, err := os.ReadFile(path)
		all[name] = string(text)
		return err
	}))
	return all
}

// failover does in a copy of the stage what the rehearsal rehearses.
func failover(t *testing.T, stage *scenario.Stage, lost string) (refused, seen string, took float64) {
	t.Helper()
	night, err := stage.Fork(staged.Options())
	require.NoError(t, err)
	t.Cleanup(night.Close)
	night.World.LoseRegion(lost, sim.Hang)
	night.World.Clock().Advance(15 * time.Minute)
	done, err := open(t, night).Failover(t.Context(), ops.Accepted{}, ops.Run{})
	if err != nil {
		refused = refusal.Announce(err).Error()
	}
	for _, r := range done.Reports {
		took = r.TimeToRecover
	}
	return refused, night.Visit(), took
}

// alike holds that the rehearsal tells what the failover would do, and returns what it tells.
func alike(t *testing.T, stage *scenario.Stage, lost string) *scenario.Report {
	t.Helper()
	report := rehearse(t, stage)
	refused, seen, took := failover(t, stage, lost)
	assert.Equal(t, refused, report.Refusal)
	assert.Equal(t, strings.HasPrefix(seen, "visitors are served"), report.Recovered, "%s; %s", seen, report.Serves)
	assert.InDelta(t, took, report.Run.TimeToRecover, time.Minute.Seconds())
	assert.Empty(t, report.Unread)
	return report
}

// TestSpoilt: of each world, the rehearsal tells what a failover does there.
func TestSpoilt(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil   func(t *testing.T, stage *scenario.Stage)
		refused string // empty recovers
	}{
		"nothing":            {nil, ""},
		"a lag":              {inject("lag=12m"), "12m"},
		"a stopped applier":  {inject("replication=broken"), "stopped applying"},
		"a stopped database": {inject("database=stopped"), "stopped"},
		"an old image":       {inject("image=old"), "image"},
		"another processor":  {inject("image=arm64"), "is for arm64"},
		"one zone without":   {inject("offer=us-east-2a:m6i.large"), ""},
		"no zone has it":     {inject("offer=us-east-2:m6i.large"), "m6i.large"},
		"no addresses left":  {inject("quota=us-east-2:addresses:0"), "AddressLimitExceeded"},
		"no gateways left":   {inject("quota=us-east-2:gateways:0"), "NatGatewayLimitExceeded"},
		"no balancers left":  {inject("quota=us-east-2:balancers:0"), "TooManyLoadBalancers"},
		"vCPUs for one":      {inject("quota=us-east-2:vcpus:3"), "vCPU"},
		"vCPUs for app.min":  {inject("quota=us-east-2:vcpus:4"), ""},
		"a CNAME": {func(t *testing.T, stage *scenario.Stage) {
			stage.World.SetRecord("us-west-2", "Z00000000000000000000", "www.example.com", "elsewhere.example.net")
		}, "CNAME"},
		"further names": {func(t *testing.T, stage *scenario.Stage) {
			for _, stack := range []string{scenario.Production, scenario.Recovery} {
				require.NoError(t, staged.Up(t, stage, stage.Env(), stack, map[string]string{"names": `["example.com"]`}))
			}
		}, ""},
		"promoted by hand":   {promote, "is no replica any more"},
		"a deleted template": {remove("aws:ec2/launchTemplate:LaunchTemplate"), ""},
		"a deleted bucket":   {remove("aws:s3/bucketV2:BucketV2"), "no longer has bucket"},
		"a lock":             {lock, "locked"},
		"files that disagree": {func(t *testing.T, stage *scenario.Stage) {
			staged.Rewrite(t, stage, scenario.Production, "domain: www.example.com", "domain: blog.example.com")
		}, "domain"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stage := staged.Steady(t, staged.Options())
			stage.World.Clock().Advance(time.Hour)
			if tc.spoil != nil {
				tc.spoil(t, stage)
			}
			report := alike(t, stage, "us-west-2")
			assert.Equal(t, tc.refused == "", report.Recovered, report.Refusal)
			assert.Contains(t, report.Refusal, tc.refused)
		})
	}
}

// TestWithoutCache: ElastiCache refuses the nodes. The site serves, the failover ends in an error, and check and the
// rehearsal both say so.
func TestWithoutCache(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	staged.Inject(t, stage, "quota=us-east-2:cache-nodes:1")
	report := alike(t, stage, "us-west-2")
	assert.True(t, report.Recovered)
	assert.True(t, report.Unfinished())
	assert.Contains(t, report.Refusal, "NodeQuotaForCustomerExceeded")
	assert.Contains(t, report.String(), "UNFINISHED")
	ready, err := open(t, stage).Check(t.Context(), ops.ForFailover, "", ops.Run{})
	require.NoError(t, err)
	assert.ErrorContains(t, ready.Err(), "ElastiCache nodes in us-east-2: it needs 2, and 0 of 1 are used; the failover would end in an error, and the site would serve without its cache")
}

// remove deletes what the standby has of a type, by hand.
func remove(typ string) func(*testing.T, *scenario.Stage) {
	return func(_ *testing.T, stage *scenario.Stage) {
		stage.World.ByHand(func(o *sim.Object) bool { return o.Type != typ || o.Region != "us-east-2" })
	}
}

func inject(fault string) func(*testing.T, *scenario.Stage) {
	return func(t *testing.T, stage *scenario.Stage) { staged.Inject(t, stage, fault) }
}

// lock leaves the lock of an update on another machine.
func lock(t *testing.T, stage *scenario.Stage) {
	store, err := backend.OpenStore(t.Context(), stage.EngineEnv()["PULUMI_BACKEND_URL"], stage.Dir(), nil)
	require.NoError(t, err)
	require.NoError(t, store.PutLock(t.Context(), config.Project, scenario.Recovery, backend.Lock{PID: 1, User: "ci", Host: "elsewhere", Since: time.Now()}))
}

// promote promotes the replica, and nobody else knows.
func promote(t *testing.T, stage *scenario.Stage) {
	cfg, err := stage.Env().AWS(t.Context(), "us-east-2", "")
	require.NoError(t, err)
	_, err = rds.NewFromConfig(cfg).PromoteReadReplica(t.Context(), &rds.PromoteReadReplicaInput{DBInstanceIdentifier: aws.String("blog-dr-1")})
	require.NoError(t, err)
	stage.World.Clock().Advance(time.Hour)
}

// TestAged: after a failover and the way back the sites stand otherwise, and have former databases.
func TestAged(t *testing.T) {
	t.Parallel()
	stage := staged.Disaster(t, staged.Options())
	site := open(t, stage)
	states, before := filepath.Join(stage.Dir(), "state", ".pulumi", "stacks", config.Project), t.TempDir()
	require.NoError(t, os.CopyFS(before, os.DirFS(states)))
	_, err := site.Failover(t.Context(), ops.Accepted{}, ops.Run{})
	require.NoError(t, err)
	_, err = site.Survey(t.Context())
	assert.ErrorContains(t, err, "no other side to fail over to: pilotlight reprotect")

	stage.World.ReturnRegion("us-west-2")
	_, err = site.Reprotect(t.Context(), ops.Run{})
	require.NoError(t, err)
	stage.World.Clock().Advance(time.Hour)
	report := alike(t, stage, "us-east-2")
	assert.True(t, report.Recovered)
	assert.Equal(t, []string{"prod", "us-west-2"}, []string{report.DRStack, report.DRRegion})

	_, err = site.Failback(t.Context(), ops.Accepted{}, ops.Run{})
	require.NoError(t, err)
	stage.World.Clock().Advance(time.Hour)
	report = alike(t, stage, "us-west-2")
	assert.True(t, report.Recovered)
	assert.Equal(t, 4, report.Run.Epoch)

	// AWS is ahead of states that were brought back from before.
	require.NoError(t, os.RemoveAll(states))
	require.NoError(t, os.CopyFS(states, os.DirFS(before)))
	assert.Contains(t, alike(t, stage, "us-west-2").Refusal, "AWS")
}

// TestAccount: ids of AWS are those of the site's account.
func TestAccount(t *testing.T) {
	t.Parallel()
	stage, err := scenario.Open(staged.Options())
	require.NoError(t, err)
	t.Cleanup(stage.Close)
	stage.World.Begin(sim.Epoch, "210987654321")
	_, err = open(t, stage).Survey(t.Context())
	require.ErrorContains(t, err, "pilotlight deploy", "it was never deployed")
	staged.Rewrite(t, stage, scenario.Recovery, "aws:region: us-east-2", "aws:region: us-east-2\n  aws:allowedAccountIds: ['210987654321']")
	require.NoError(t, stage.DeploySite(t.Context()))
	stage.World.Clock().Advance(time.Hour)
	survey, err := open(t, stage).Survey(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "210987654321", survey.Account)
	assert.True(t, alike(t, stage, "us-west-2").Recovered)
}

// TestExisting: a production that no stack made is lost, too.
func TestExisting(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	made := setup.Site{
		Name: "blog", Domain: "www.example.com", Zone: "Z00000000000000000000", Prod: setup.Side{Region: "us-west-2"}, DR: setup.Side{Region: "us-east-2", Image: scenario.RecoveryImage},
		Existing: &setup.Existing{CIDR: "10.10.0.0/16", Database: "arn:aws:rds:us-west-2:" + sim.Account + ":db:wordpress", Bucket: "arn:aws:s3:::media"},
	}
	_, err := made.Write(dir, false)
	require.NoError(t, err)
	o := staged.Options()
	o.Project = dir
	stage, err := scenario.Open(o)
	require.NoError(t, err)
	t.Cleanup(stage.Close)
	require.NoError(t, stage.DeploySite(t.Context()))
	stage.World.Clock().Advance(time.Hour)
	report := rehearse(t, stage)
	assert.True(t, report.Recovered, report.Refusal)
	assert.Empty(t, report.ProdStack)
}

// TestUnread: what could not be read is said, and the site is not ready, whatever the rehearsal shows.
func TestUnread(t *testing.T) {
	t.Parallel()
	for fault, says := range map[string]string{
		"error=ec2:DescribeInstanceTypes:UnauthorizedOperation":        "what EC2 offers",
		"error=route53:ListResourceRecordSets:AccessDenied":            "the site's name",
		"error=rds:DescribeDBInstances:AccessDenied":                   "what stands in us-east-2: RDS DescribeDBInstances: AccessDenied",
		"error=ssm:GetParameter:AccessDeniedException":                 "parameter",
		"error=servicequotas:GetServiceQuota:AccessDeniedException:99": "the quotas of us-east-2: not known is",
		"error=cloudwatch:GetMetricData:AccessDenied:99":               "with how many instances production served",
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			stage := staged.Steady(t, staged.Options())
			stage.World.Clock().Advance(time.Hour)
			staged.Inject(t, stage, fault)
			survey, err := open(t, stage).Survey(t.Context())
			require.NoError(t, err)
			assert.Contains(t, strings.Join(survey.Unread, "\n"), says)
		})
	}
	stage := staged.Steady(t, staged.Options())
	staged.Inject(t, stage, "error=rds:DescribeDBInstances:AccessDenied")
	report := rehearse(t, stage)
	assert.True(t, report.Recovered, "by the states alone")
	assert.Len(t, report.Unread, 1)
	assert.Contains(t, report.String(), "NOT READ: what stands in us-east-2")
}
