// Package readiness holds that check says NO to a site that would not recover, and says why.
package readiness

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

func TestMain(m *testing.M) { staged.Main(m, removeKept) }

// check is what check finds of a stage, and the codes of what is wrong.
func check(t *testing.T, stage *scenario.Stage) (ready ops.Readiness, codes []string) {
	t.Helper()
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	ready, err = site.Check(t.Context(), ops.ForFailover, "", ops.Run{})
	require.NoError(t, err)
	for _, q := range ready.Requirements {
		if q.OK {
			continue
		}
		codes = append(codes, q.Code)
		assert.NotEmpty(t, q.Reason)
		assert.NotEmpty(t, q.Remedy, q.Reason)
	}
	return ready, codes
}

// spoilt are worlds in which a failover would not recover, and the code by which check says so.
var spoilt = map[string]struct {
	faults []string
	code   string
}{
	"a type that no zone has":   {[]string{"offer=us-east-2:m6i.large"}, checks.TypeNotOffered},
	"another processor":         {[]string{"image=arm64"}, checks.TypeArchitecture},
	"a zone that nobody asks":   {[]string{"zone=elsewhere"}, checks.NameDelegated},
	"a class in one zone alone": {[]string{"offer=us-east-2b:db.m6g.large"}, checks.ClassMultiAZ},
	"no addresses left":         {[]string{"quota=us-east-2:addresses:0"}, checks.QuotaShort},
	"no gateways left":          {[]string{"quota=us-east-2:gateways:0"}, checks.QuotaShort},
	"no balancers left":         {[]string{"quota=us-east-2:balancers:0"}, checks.QuotaShort},
	"Redis nodes for one":       {[]string{"quota=us-east-2:cache-nodes:1"}, checks.QuotaShort},
	"vCPUs for one instance":    {[]string{"quota=us-east-2:vcpus:3"}, checks.QuotaShort},
	"no vCPUs":                  {[]string{"launches=quota"}, checks.QuotaShort},
	"types can't be read":       {[]string{"error=ec2:DescribeInstanceTypes:UnauthorizedOperation"}, checks.TypesUnseen},
	"the zone can't be read":    {[]string{"error=route53:ListResourceRecordSets:AccessDenied"}, checks.NameUnseen},
}

func TestSpoilt(t *testing.T) {
	t.Parallel()
	for name, tc := range spoilt {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stage := staged.Steady(t, staged.Options())
			staged.Inject(t, stage, tc.faults...)
			ready, codes := check(t, stage)
			assert.Equal(t, []string{tc.code}, codes, ready.Err())
		})
	}
}

// TestAllAtOnce: check tells all that is wrong at once, so that one day mends it.
func TestAllAtOnce(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	staged.Rewrite(t, stage, scenario.Recovery, "cidr: 10.10.0.0/16", "cidr: 10.99.0.0/16")
	locks := filepath.Join(stage.Dir(), "state", ".pulumi", "locks", "organization", config.Project, scenario.Recovery)
	require.NoError(t, os.MkdirAll(locks, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(locks, "0a1b2c.json"), []byte(deadLock), 0o600))
	staged.Inject(t, stage, "image=old", "image=arm64", "lag=12m", "database=quantum-folding", "storage=low", "zone=elsewhere")
	_, err := stage.World.Create(t.Context(), sim.Call{Region: "us-east-2", Type: recordType, Name: "by hand", Inputs: map[string]any{
		"zoneId": "Z00000000000000000000", "name": "www.example.com", "type": "AAAA", "ttl": 60.0, "records": []any{"2001:db8::1"},
	}})
	require.NoError(t, err)
	stage.World.ByHand(func(o *sim.Object) bool {
		switch {
		case o.Region != "us-west-2":
		case o.Type == databaseType:
			o.Props["engineVersionActual"], o.Props["maxAllocatedStorage"] = "8.4.99", 800.0
		case o.Type == groupType:
			list, _ := o.Props["parameters"].([]any)
			o.Props["parameters"] = append(list, map[string]any{"name": "sql_mode", "value": "ANSI"})
		}
		return true
	})
	stage.World.Clock().Advance(30 * time.Minute)
	ready, codes := check(t, stage)
	assert.ElementsMatch(t, []string{
		refusal.CodeLocked, refusal.CodeMismatch, checks.ReplicaUnknown, checks.LagTooHigh, checks.ImageOld, checks.TypeArchitecture,
		checks.NameDelegated, checks.NameAAAA, checks.StorageLow, checks.StorageCeiling, checks.EngineOlder, checks.ParametersDiffer,
	}, codes, ready.Err())
}

// TestSound: what a failover survives is no reason for a NO.
func TestSound(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	staged.Inject(t, stage, "offer=us-east-2a:m6i.large")
	ready, codes := check(t, stage)
	assert.Empty(t, codes, ready.Err())
}

// TestDeployedByAnother: what check says of a failover that would change the template of the instances, and only of that.
func TestDeployedByAnother(t *testing.T) {
	t.Parallel()
	const says = "a failover would change how instances start"
	stage := staged.Steady(t, staged.Options())
	ready, codes := check(t, stage)
	assert.Empty(t, codes, ready.Err())
	assert.NotContains(t, fmt.Sprint(ready.Requirements), says)

	staged.Rewrite(t, stage, scenario.Recovery, "instanceType: m6i.large", "instanceType: m6i.xlarge")
	ready, codes = check(t, stage)
	assert.Empty(t, codes, "who may deploy may do it: %v", ready.Err())
	assert.Contains(t, fmt.Sprint(ready.Requirements), says)
}

// TestZones: subnets stay where they are. Another order or another zone is refused, and one more is deployed before a failover.
func TestZones(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	const zones = "zones: [us-east-2a, us-east-2b]"
	for _, other := range []string{"zones: [us-east-2b, us-east-2a]", "zones: [us-east-2a, us-east-2c]"} {
		staged.Rewrite(t, stage, scenario.Recovery, zones, other)
		ready, codes := check(t, stage)
		assert.Equal(t, []string{refusal.CodeMismatch}, codes, ready.Err())
		before := staged.Changes(stage.World)
		require.ErrorContains(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, nil),
			"set it to [us-east-2a, us-east-2b]; the subnets of a deployed stack stay in their zones")
		assert.Equal(t, before, staged.Changes(stage.World))
		staged.Rewrite(t, stage, scenario.Recovery, other, zones)
	}
	staged.Rewrite(t, stage, scenario.Recovery, zones, "zones: [us-east-2a, us-east-2b, us-east-2c]")
	ready, codes := check(t, stage)
	assert.Equal(t, []string{ops.NetworkUndeployed}, codes, ready.Err())
	assert.ErrorContains(t, ready.Err(), "create Subnet blog-dr-private-3")
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, nil))
	ready, codes = check(t, stage)
	assert.Empty(t, codes, ready.Err())
	require.NoError(t, stage.Lose())
	report := staged.FailOver(t, stage)
	require.Empty(t, report.Refusal)
	assert.True(t, report.Recovered, report.Serves)
}

// TestClassIsOffered: the pilot light is to become larger, and RDS does not have that class there. No update can make it so; a
// failover serves from the class that there is.
func TestClassIsOffered(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	staged.Rewrite(t, stage, scenario.Recovery, "class: db.m6g.large", "class: db.m6g.xlarge")
	staged.Inject(t, stage, "offer=us-east-2:db.m6g.xlarge")
	ready, codes := check(t, stage)
	assert.Equal(t, []string{checks.ClassNotOffered}, codes, ready.Err())
	assert.ErrorContains(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, nil),
		"RDS does not support creating a DB instance with the following combination: DBInstanceClass=db.m6g.xlarge", "the simulator agrees")
	require.NoError(t, stage.Lose())
	assert.Empty(t, staged.FailOver(t, stage).Refusal)

	stage = staged.Steady(t, staged.Options())
	staged.Inject(t, stage, "error=rds:DescribeOrderableDBInstanceOptions:AccessDenied")
	ready, codes = check(t, stage)
	assert.Empty(t, codes, ready.Err())
	for _, q := range ready.Requirements {
		if q.Subject == "class" {
			assert.Contains(t, q.Reason, "whether RDS has the class is not known")
			return
		}
	}
	t.Fatal("nothing is said of the class")
}

// TestQuotasUnseen: who may not read quotas is told what is not known, and no more.
func TestQuotasUnseen(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	staged.Inject(t, stage, "error=servicequotas:GetServiceQuota:AccessDeniedException:99", "error=ec2:DescribeInstances:UnauthorizedOperation")
	ready, codes := check(t, stage)
	assert.Empty(t, codes, ready.Err())
	seen := quotasSeen(ready)
	assert.Contains(t, seen, "not known is vCPUs of standard instances (EC2 DescribeInstances: UnauthorizedOperation)")
	assert.Contains(t, seen, "Elastic IP addresses, NAT gateways of zone us-east-2a, Application Load Balancers and ElastiCache nodes (Service Quotas GetServiceQuota: AccessDeniedException)")
}

func quotasSeen(ready ops.Readiness) (seen string) {
	for _, q := range ready.Requirements {
		if q.Subject == "quotas" {
			seen += q.Reason + "\n"
		}
	}
	return seen
}

// TestQuotasAreRaised: what is short is asked for once, and once AWS has granted it the site is ready.
func TestQuotasAreRaised(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	staged.Inject(t, stage, "quota=us-east-2:addresses:0", "quota=us-east-2:vcpus:8")
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	ready, codes := check(t, stage)
	assert.Equal(t, []string{checks.QuotaShort}, codes)
	assert.Contains(t, quotasSeen(ready), "app.max would take 12 vCPUs of standard instances, and the quota is 8")
	for _, before := range []bool{false, true} {
		asked, err := site.RequestIncreases(t.Context(), ready)
		require.NoError(t, err)
		require.Len(t, asked, 2)
		assert.Equal(t, []any{"Elastic IP addresses", 1, "us-east-2", before}, []any{asked[0].Quota, asked[0].Desired, asked[0].Region, !asked[0].Before.IsZero()})
		assert.Equal(t, []any{"vCPUs of standard instances", 12, before}, []any{asked[1].Quota, asked[1].Desired, !asked[1].Before.IsZero()})
	}
	stage.World.Clock().Advance(24 * time.Hour)
	ready, codes = check(t, stage)
	assert.Empty(t, codes, ready.Err())
	assert.Contains(t, quotasSeen(ready), "us-east-2 has room for what it makes: vCPUs of standard instances 4 (0 of 12 used), Elastic IP addresses 1 (0 of 1 used)")
}

// TestNightIsTold: what check says NO to and no failover is refused for, the failover itself warns of.
func TestNightIsTold(t *testing.T) {
	t.Parallel()
	stage := staged.Disaster(t, staged.Options("zone=elsewhere"))
	stack, err := stage.Stack(t.Context(), scenario.Recovery, stage.Env())
	require.NoError(t, err)
	staged.SetRole(t, stage.Dir(), scenario.Recovery, roles.Active)
	var warned []string
	_, err = stack.Up(t.Context(), ops.Run{Event: func(e events.EngineEvent) {
		if said := e.DiagnosticEvent; said != nil && said.Severity == "warning" {
			warned = append(warned, said.Message)
		}
	}})
	require.NoError(t, err)
	assert.Contains(t, strings.Join(warned, "\n"), "zone Z00000000000000000000 is not the one that visitors ask")
}

// TestAnotherTypeIsTaken: the first choice has no room anywhere, and the second in one zone.
func TestAnotherTypeIsTaken(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options("capacity=us-east-2:m6i.large", "capacity=us-east-2a:m5.large"))
	staged.Rewrite(t, stage, scenario.Recovery, "instanceType: m6i.large", "instanceType: m6i.large\n    fallbackTypes: [m5.large]")
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, nil))
	require.NoError(t, stage.Lose())
	report := staged.FailOver(t, stage)
	require.Empty(t, report.Refusal)
	assert.True(t, report.Recovered)
	for _, m := range stage.World.ScalingGroups("us-east-2")[0].Machines {
		assert.Equal(t, "m5.large in us-east-2b", m.Type+" in "+m.Zone)
	}
	staged.NothingLeft(t, stage)
}

// TestProductionInUSEast1: AWS has the control planes there that the defaults need, and not what
// is kept warm.
func TestProductionInUSEast1(t *testing.T) {
	t.Parallel()
	o := staged.Options()
	o.ProdRegion = "us-east-1"
	stage, err := scenario.Open(o)
	require.NoError(t, err)
	t.Cleanup(stage.Close)
	require.NoError(t, stage.DeploySite(t.Context()))
	ready, codes := check(t, stage)
	assert.Equal(t, []string{checks.ControlPlaneLost}, codes, ready.Err())
	assert.ErrorContains(t, ready.Err(), "nothing can move the site's name", "init keeps the rest warm")

	staged.Rewrite(t, stage, scenario.Recovery, "pilotlight:keepWarm: [balancer, cache]", "pilotlight:keepWarm: []")
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, nil))
	ready, codes = check(t, stage)
	assert.Equal(t, []string{checks.ControlPlaneLost}, codes, ready.Err())
	assert.ErrorContains(t, ready.Err(), "nothing can make a balancer, make a Redis group or move the site's name")

	require.NoError(t, stage.Lose())
	report := staged.FailOver(t, stage)
	assert.Contains(t, report.Refusal, "region us-east-1: i/o timeout", "the simulator agrees")
}

// TestStartsAsManyAsServed: production had scaled out by its last update, and a failover starts as many. The
// next update leaves the number to scaling again.
func TestStartsAsManyAsServed(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	staged.Inject(t, stage, "load=high")
	stage.World.Clock().Advance(time.Hour)
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Production, nil))
	stage.World.Heal()
	ready, codes := check(t, stage)
	assert.Empty(t, codes, ready.Err())
	assert.Contains(t, quotasSeen(ready), "vCPUs of standard instances 12 (0 of 5000 used)", "what is started is what must fit")
	require.NoError(t, stage.Lose())
	report := staged.FailOver(t, stage)
	require.Empty(t, report.Refusal)
	group := stage.World.ScalingGroups("us-east-2")[0]
	assert.Equal(t, []int{6, 6, 6}, []int{group.Least, group.Most, group.Capacity})
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, nil))
	group = stage.World.ScalingGroups("us-east-2")[0]
	assert.Equal(t, []int{2, 6, 6}, []int{group.Least, group.Most, group.Capacity})
	staged.NothingLeft(t, stage)
}

// TestStartsAsManyAsServedLately: production scales out after its last update, a check publishes that, and scaling takes
// it back. A failover starts as many as the check saw, by plain pulumi up and by the operator's command.
func TestStartsAsManyAsServedLately(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	publish := func() int {
		ready, codes := check(t, stage)
		assert.Empty(t, codes, ready.Err())
		site, err := ops.OpenSite(stage.Options(stage.Env()))
		require.NoError(t, err)
		published, err := site.Publish(t.Context(), ready)
		require.NoError(t, err)
		return published.Serving
	}
	assert.Equal(t, 2, publish())
	staged.Inject(t, stage, "load=high")
	stage.World.Clock().Advance(24 * time.Hour)
	assert.Equal(t, 6, publish())
	stage.World.Heal()
	stage.World.Clock().Advance(24 * time.Hour)
	ready, codes := check(t, stage)
	assert.Empty(t, codes, ready.Err())
	assert.Contains(t, quotasSeen(ready), "vCPUs of standard instances 12 (0 of 5000 used)", "what is started is what must fit")

	for name, tc := range map[string]struct {
		after    time.Duration // the checks were published
		failOver func(*testing.T, *scenario.Stage)
		starts   int
	}{
		"plain":        {0, plainFailover, 6},
		"by a command": {0, commandedFailover, 6},
		"weeks later":  {14 * 24 * time.Hour, plainFailover, 2},
		"unreadable": {0, func(t *testing.T, stage *scenario.Stage) {
			staged.Inject(t, stage, "error=cloudwatch:GetMetricData:AccessDenied:99")
			require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, map[string]string{"role": "active", "acceptDataLoss": "2", "ignoreProduction": "2"}))
		}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			night, err := stage.Fork(staged.Options())
			require.NoError(t, err)
			t.Cleanup(night.Close)
			night.World.Clock().Advance(tc.after)
			require.NoError(t, night.Lose())
			tc.failOver(t, night)
			group := night.World.ScalingGroups("us-east-2")[0]
			assert.Equal(t, []int{tc.starts, 6, tc.starts}, []int{group.Least, group.Most, group.Capacity})
		})
	}
}

func plainFailover(t *testing.T, stage *scenario.Stage) {
	assert.Empty(t, staged.FailOver(t, stage).Refusal)
}

func commandedFailover(t *testing.T, stage *scenario.Stage) {
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	_, err = site.Failover(t.Context(), ops.Accepted{}, ops.Run{})
	require.NoError(t, err)
}

// TestAccountWithoutServiceRoles: IAM's control plane is in Beijing, and with it what makes AWS's own roles.
func TestAccountWithoutServiceRoles(t *testing.T) {
	t.Parallel()
	o := staged.Options()
	o.ProdRegion, o.DRRegion = "cn-north-1", "cn-northwest-1"
	stage, err := scenario.Open(o)
	require.NoError(t, err)
	t.Cleanup(stage.Close)
	require.NoError(t, stage.DeploySite(t.Context()))
	ready, codes := check(t, stage)
	assert.Empty(t, codes, ready.Err())

	stage.World.LackServiceRole("AWSServiceRoleForElasticLoadBalancing")
	ready, codes = check(t, stage)
	assert.Equal(t, []string{checks.ServiceRoleMissing}, codes, ready.Err())
	assert.ErrorContains(t, ready.Err(), "the account lacks AWSServiceRoleForElasticLoadBalancing")

	fault, err := sim.ParseFault("error=iam:GetRole:AccessDenied:99")
	require.NoError(t, err)
	require.NoError(t, stage.World.Inject(fault))
	ready, _ = check(t, stage)
	assert.ErrorContains(t, ready.Err(), "whether the account has AWS's own roles is not known: AccessDenied")
	stage.World.Heal()

	require.NoError(t, stage.Lose())
	report := staged.FailOver(t, stage)
	assert.Contains(t, report.Refusal, "region cn-north-1: i/o timeout", "the simulator agrees")
}
