// Package faults holds the matrix of what goes wrong in a failover.
package faults

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/stacks"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

var update = flag.Bool("update", false, "write docs/faults.md anew")

// How a failover that meets a fault ends.
type ending string

const (
	survives ending = "goes through"                           // nobody notices
	serves   ending = "serves; the same command does the rest" // without the part that could not be had
	stops    ending = "stops; the same command finishes it"    // after the claim
	refuses  ending = "is refused; nothing is changed"         // before the claim
)

// faults is the matrix: what each fault does to a failover, and what is said.
var faults = []struct {
	step, fault string
	ends        ending
	says        string
}{
	{"checks", "error=ec2:DescribeImages:InternalError:2", survives, ""},
	{"checks", "error=ec2:DescribeImages:UnauthorizedOperation", refuses, "the image in us-east-2 could not be read: EC2 DescribeImages: UnauthorizedOperation"},
	{"checks", "throttle=rds:DescribeDBInstances:3", survives, ""},
	{"checks", "throttle=ssm:GetParameter:7", survives, ""},
	{"checks", "throttle=cloudwatch:GetMetricData:2", survives, ""},
	{"checks", "error=cloudwatch:GetMetricData:AccessDenied:99", refuses, "could not be read (CloudWatch GetMetricData: AccessDenied), so the loss is unknown"},
	{"checks", "error=rds:DescribeDBInstances:RequestTimeout:2", survives, ""},
	{"checks", "error=rds:DescribeDBInstances:ServiceUnavailable:99", refuses, "database blog-dr-1 could not be read: RDS DescribeDBInstances: ServiceUnavailable"},
	{"checks", "image=missing", refuses, "there is no image"},
	{"checks", "image=old", refuses, "before production's, more than the 7d allowed"},
	{"checks", "image=arm64", refuses, "is for arm64, and m6i.large is x86_64"},
	{"checks", "offer=us-east-2:m6i.large", refuses, "EC2 does not offer m6i.large in us-east-2a or us-east-2b"},
	{"checks", "throttle=ec2:DescribeInstanceTypeOfferings:3", survives, ""},
	{"checks", "error=ec2:DescribeInstanceTypes:UnauthorizedOperation", survives, ""},
	{"checks", "hang=ec2:DescribeInstanceTypeOfferings", survives, ""},
	{"checks", "hang=rds:DescribeDBInstances", refuses, "nothing was changed: describing database blog-dr-1: "},
	{"checks", "error=rds:DescribeDBParameters:AccessDenied", refuses, "keeps database blog-dr-1 read-only could not be read: RDS DescribeDBParameters: AccessDenied"},
	{"checks", "lag=12m", refuses, "12m0s behind"},
	{"checks", "lag=growing", refuses, "more than the 5m0s allowed"},
	{"checks", "lag=unmeasured", refuses, "no replication lag"},
	{"checks", "replication=broken", refuses, "stopped applying changes"},
	{"checks", "database=storage-full", refuses, "aws rds modify-db-instance --db-instance-identifier blog-dr-1 --region us-east-2 --allocated-storage"},
	{"checks", "database=incompatible-parameters", refuses, "reset the parameter that it names"},
	{"checks", "database=quantum-folding", refuses, "set acceptStandby to 2"},
	{"promotion", "database=storage-initialization", survives, ""},
	{"promotion", "promotion=refused", survives, ""},
	{"promotion", "promotion=refused:3", survives, ""},
	{"promotion", "promotion=fails", survives, ""},
	{"promotion", "throttle=rds:PromoteReadReplica", survives, ""},
	{"promotion", "error=rds:PromoteReadReplica:InternalFailure:20", survives, ""},
	{"promotion", "error=rds:PromoteReadReplica:AccessDenied", stops, "AccessDenied"},
	{"promotion", "hang=rds:PromoteReadReplica", survives, ""},
	{"promotion", "slow=rds:PromoteReadReplica:3", survives, ""},
	{"promotion", "slow=rds:PromoteReadReplica:5", stops, "gave up waiting for the promotion of blog-dr-1 after 45m"},
	{"cache", "slow=elasticache:CreateReplicationGroup:5", survives, ""},
	{"cache", "throttle=elasticache:CreateReplicationGroup", survives, ""},
	{"cache", "error=elasticache:CreateReplicationGroup:InsufficientCacheClusterCapacity", serves, "InsufficientCacheClusterCapacity"},
	{"cache", "fails=elasticache:CreateReplicationGroup", serves, "unexpected state 'create-failed', wanted target 'available'"},
	{"cache", "quota=us-east-2:cache-nodes:1", serves, "NodeQuotaForCustomerExceeded"},
	{"NAT", "error=ec2:CreateNatGateway:NatGatewayLimitExceeded", stops, "NatGatewayLimitExceeded"},
	{"NAT", "fails=ec2:CreateNatGateway", stops, "unexpected state 'failed', wanted target 'available'"},
	{"NAT", "error=ec2:AllocateAddress:AddressLimitExceeded", stops, "AddressLimitExceeded"},
	{"NAT", "quota=us-east-2:addresses:0", stops, "AddressLimitExceeded: The maximum number of addresses has been reached"},
	{"NAT", "quota=us-east-2:gateways:0", stops, "NatGatewayLimitExceeded: Performing this operation would exceed the limit of 0"},
	{"NAT", "throttle=ec2:CreateNatGateway", survives, ""},
	{"NAT", "error=ec2:CreateRoute:InternalError:3", survives, ""},
	{"NAT", "slow=ec2:CreateNatGateway:4", survives, ""},
	{"balancer", "error=elasticloadbalancing:CreateLoadBalancer:TooManyLoadBalancers", stops, "TooManyLoadBalancers"},
	{"balancer", "fails=elasticloadbalancing:CreateLoadBalancer", stops, "timeout while waiting for state to become 'active' (last state: 'failed', timeout: 45m0s)"},
	{"balancer", "quota=us-east-2:balancers:0", stops, "TooManyLoadBalancers"},
	{"balancer", "throttle=elasticloadbalancing:CreateLoadBalancer", survives, ""},
	{"balancer", "error=elasticloadbalancing:CreateListener:ServiceUnavailable:2", survives, ""},
	{"balancer", "slow=elasticloadbalancing:CreateLoadBalancer:3", survives, ""},
	{"instances", "throttle=autoscaling:UpdateAutoScalingGroup", survives, ""},
	{"instances", "error=autoscaling:UpdateAutoScalingGroup:AccessDenied", stops, "AccessDenied"},
	{"instances", "slow=autoscaling:Capacity:2", survives, ""},
	{"instances", "capacity=us-east-2a", survives, ""},
	{"instances", "capacity=us-east-2", stops, "InsufficientInstanceCapacity"},
	{"instances", "offer=us-east-2a:m6i.large", survives, ""},
	{"instances", "quota=us-east-2:vcpus:3", stops, "ask for a higher quota of EC2 vCPUs in this region"},
	{"instances", "launches=quota", stops, "ask for a higher quota of EC2 vCPUs in this region"},
	{"instances", "launches=key", stops, "let the role AWSServiceRoleForAutoScaling use the key"},
	{"instances", "throttle=autoscaling:DescribeScalingActivities:9", survives, ""},
	{"instances", "error=autoscaling:DescribeAutoScalingGroups:AccessDenied:99", survives, ""},
	{"instances", "hang=autoscaling:DescribeAutoScalingGroups:3", survives, ""},
	{"verification", "instances=late", survives, ""},
	{"verification", "error=elasticloadbalancing:DescribeTargetGroups:LoadBalancerNotFound:3", survives, ""},
	{"verification", "throttle=elasticloadbalancing:DescribeTargetHealth:3", survives, ""},
	{"verification", "error=elasticloadbalancing:DescribeTargetHealth:AccessDenied:99", survives, ""},
	{"verification", "hang=elasticloadbalancing:DescribeTargetHealth:2", survives, ""},
	{"DNS", "error=route53:ChangeResourceRecordSets:PriorRequestNotComplete", stops, "PriorRequestNotComplete"},
	{"DNS", "throttle=route53:ChangeResourceRecordSets", survives, ""},
	{"DNS", "error=route53:ChangeResourceRecordSets:InternalError:2", survives, ""},
	{"DNS", "slow=route53:ChangeResourceRecordSets:5", survives, ""},
	{"second zone", "offer=us-east-2b:db.m6g.large", serves, "RDS does not support creating a DB instance with the following combination"},
	{"second zone", "error=rds:ModifyDBInstance:AccessDenied", serves, "AccessDenied"},
	{"alarms", "throttle=cloudwatch:PutMetricAlarm", survives, ""},
	{"alarms", "error=cloudwatch:PutMetricAlarm:LimitExceededFault", serves, "LimitExceeded"},
	{"alarms", "error=cloudwatch:DeleteAlarms:AccessDenied", serves, "AccessDenied"},
}

// TestFaults holds that each fault ends as the matrix says, with a message that
// names the cause, and that nothing is left half-done that the same command
// does not finish.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, row := range faults {
		if row.ends == survives {
			continue
		}
		t.Run(row.fault, func(t *testing.T) {
			t.Parallel()
			stage := staged.Disaster(t, staged.Options(row.fault))
			before := staged.Changes(stage.World)
			if row.ends == refuses { // something else in the file has changed too
				staged.Rewrite(t, stage, scenario.Recovery, "instanceType: ", "diskGiB: 40\n    instanceType: ")
			}
			report := staged.FailOver(t, stage)
			assert.Empty(t, stage.World.Unmet(), "no call is the one that the fault is about")
			require.NotEmpty(t, report.Refusal)
			assert.Contains(t, report.Refusal, row.says)
			assert.Equal(t, row.ends == serves, report.Recovered, report.Serves)
			assert.Zero(t, report.CallsToLost)
			if row.ends == refuses {
				assert.Equal(t, before, staged.Changes(stage.World), "a refusal changes nothing")
				assert.Equal(t, "standby", staged.Outputs(t, stage, scenario.Recovery)[stacks.OutputRole], "a refusal leaves the claim as it was")
				return
			}
			stage.World.Heal() // of what would last
			report = staged.FailOver(t, stage)
			require.Empty(t, report.Refusal)
			assert.True(t, report.Recovered, report.Serves)
			database, err := stage.World.Databases("us-east-2", "blog-dr-1")
			require.NoError(t, err)
			assert.True(t, database[0].MultiAZ, "what failed is done, and not only in the state")
			for _, g := range stage.World.Gateways("us-east-2") {
				assert.Equal(t, "available", g.State, "one that EC2 failed to make is replaced")
			}
			for _, b := range stage.World.Balancers("us-east-2") {
				assert.Equal(t, "active", b.State)
			}
			staged.NothingLeft(t, stage)
		})
	}
}

// TestSurvived lets the faults that nobody notices loose, each night one of every step.
func TestSurvived(t *testing.T) {
	t.Parallel()
	for night, faults := range nights() {
		t.Run(fmt.Sprint(night), func(t *testing.T) {
			t.Parallel()
			t.Logf("faults: %q", faults)
			stage := staged.Disaster(t, staged.Options(faults...))
			report := staged.FailOver(t, stage)
			require.Empty(t, report.Refusal)
			assert.True(t, report.Recovered, report.Serves)
			assert.Zero(t, report.CallsToLost)
			assert.Empty(t, stage.World.Unmet(), "no call is the one that the fault is about")
			staged.NothingLeft(t, stage)
		})
	}
}

// nights deals the faults that are survived out to as few failovers as hold no two
// of the same step.
func nights() (nights [][]string) {
	of := map[string]int{}
	for _, row := range faults {
		if row.ends != survives {
			continue
		}
		night := of[row.step]
		of[row.step]++
		if night == len(nights) {
			nights = append(nights, nil)
		}
		nights[night] = append(nights[night], row.fault)
	}
	return nights
}

// TestFaultsDocument holds docs/faults.md to the matrix.
func TestFaultsDocument(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	text.WriteString("# What goes wrong, and what comes of it\n\n" +
		"Each row is tested: a failover under the real Pulumi engine meets the fault on simulated AWS. Try one with\n" +
		"`go run ./cmd/pilotlight rehearse --fault …`. `go test ./test/faults -run Document -update` writes this page.\n\n" +
		"| step | fault | the failover | it says |\n|---|---|---|---|\n")
	for _, row := range faults {
		fmt.Fprintf(&text, "| %s | `%s` | %s | %s |\n", row.step, row.fault, row.ends, row.says)
	}
	const path = "../../docs/faults.md"
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(text.String()), 0o644))
	}
	written, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, text.String(), string(written))
}
