package sim_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
)

func TestParseFault(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{
		"promotion=refused": true, "promotion=refused:2": true, "promotion=fails": true, "lag=12m": true, "lag=growing": true,
		"lag=unmeasured": true, "replication=broken": true, "replication=purged": true, "freeze=ignored": true, "storage=low": true, "storage=high": false, "database=storage-full": true, "database=Full": false, "image=missing": true, "throttle=rds:PromoteReadReplica": true,
		"throttle=rds:PromoteReadReplica:9": true, "error=elasticache:CreateReplicationGroup:InsufficientCacheClusterCapacity": true,
		"error=rds:DescribeDBInstances:InternalFailure:2": true,
		"capacity=us-east-2a":                             true, "capacity=us-east-2a:t3.medium": true, "capacity=us-east-2": true, "capacity=everywhere": false, "capacity=us-east-2a:": false,
		"quota=us-east-2:addresses:0": true, "quota=addresses:0": false, "quota=us-east-2:patience:0": false, "quota=us-east-2:addresses:-1": false, "quota=us-east-2:addresses": false,
		"offer=us-east-2:db.m6g.large": true, "capacity=us-east-2:db.m6g.large": false,
		"launches=quota": true, "launches=key": true, "launches=": false, "load=high": true, "load=": false,
		"fails=ec2:CreateNatGateway": true, "fails=ec2:CreateNatGateway:2": true, "fails=ec2": false,
		"hang=rds:DescribeDBInstances": true, "hang=rds:DescribeDBInstances:3": true, "hang=rds:DescribeDBInstances:0": false, "hang=rds": false,
		"stuck=rds:CreateDBInstance": true, "stuck=rds": false, "stuck=rds:": false, "stuck=rds:CreateDBInstance:2": false,
		"answer=ssm:PutParameter": true, "answer=ssm:PutParameter:2": true, "answer=ssm:PutParameter:0": false, "answer=ssm": false,
		"": false, "promotion": false, "promotion=refused:0": false, "promotion=refused:many": false, "lag=": false, "lag=-1s": false,
		"image=there": false, "throttle=rds": false, "error=rds:DescribeDBInstances": false, "weather=bad": false,
	} {
		f, err := sim.ParseFault(text)
		if !ok {
			require.Error(t, err, text)
			for _, help := range sim.Faults() {
				assert.ErrorContains(t, err, help.Name+"="+help.Values)
			}
			continue
		}
		require.NoError(t, err, text)
		assert.Equal(t, text, f.Name+"="+f.Value)
	}
	assert.Error(t, sim.New(1).Inject(sim.Fault{Name: "weather"}), "whatever made it")
}

// TestCallsThatNothingMakes holds that a fault which could never strike is refused.
func TestCallsThatNothingMakes(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"error=rds:PromoteReadReplica:InvalidDBInstanceState":                         "",
		"error=rds:PromoteReadReplica:AccessDenied:2":                                 "",
		"error=ec2:CreateNatGateway:NatGatewayLimitExceeded":                          "",
		"error=iam:CreateRole:LimitExceeded":                                          "",
		"slow=autoscaling:Capacity:2":                                                 "",
		"error=rds:PromoteReadReplicas:AccessDenied":                                  "nothing here calls rds:PromoteReadReplicas: name one of CreateDBInstance,",
		"slow=rds:PromoteDBCluster:2":                                                 "nothing here calls rds:PromoteDBCluster",
		"fails=ec2:CreateVpc":                                                         "use one of ec2:CreateNatGateway, elasticache:CreateReplicationGroup,",
		"stuck=ec2:CreateFleet":                                                       "nothing here calls ec2:CreateFleet",
		"throttle=redis:CreateReplicationGroup":                                       "there is no service redis here: name one of acm, autoscaling",
		"error=elasticache:CreateReplicationGroup:InsufficientDBInstanceCapacity":     "elasticache has no error InsufficientDBInstanceCapacity: name one of",
		"error=ec2:DescribeImages:SlowDown":                                           "ec2 has no error SlowDown",
		"error=elasticloadbalancing:CreateLoadBalancer:TooManyLoadBalancersException": "elasticloadbalancing has no error TooManyLoadBalancersException",
	} {
		_, err := sim.ParseFault(text)
		if says == "" {
			assert.NoError(t, err)
			continue
		}
		assert.ErrorContains(t, err, "there is no fault "+text+": ")
		assert.ErrorContains(t, err, says)
	}
}

// TestUnmet holds that a fault counts as met once it has struck, and not before.
func TestUnmet(t *testing.T) {
	t.Parallel()
	look := func(w *sim.World) { _, _ = w.ImagesNamed(home, []string{"ami-1"}) }
	for text, strike := range map[string]func(*sim.World){
		"image=old":            look,
		"image=missing":        look,
		"slow=ec2:CreateVpc:5": func(w *sim.World) { w.Duration(home, "ec2:CreateVpc", "site") },
		"throttle=ec2:CreateVpc": func(w *sim.World) {
			create(t, w, home, "aws:ec2/vpc:Vpc", "site", props{"cidrBlock": "10.0.0.0/16"})
		},
		"launches=key":                nil,
		"slow=rds:CreateDBInstance:2": nil,
	} {
		w := newWorld(t)
		inject(t, w, text)
		require.Len(t, w.Unmet(), 1, text)
		if strike != nil {
			strike(w)
		}
		assert.Equal(t, strike == nil, len(w.Unmet()) == 1, text)
	}
}

func TestAnInjectedErrorMeetsSoManyCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	inject(t, w, "error=elasticache:CreateReplicationGroup:InsufficientCacheClusterCapacity:2")
	inputs := props{"replicationGroupId": "c"}
	const cache = "aws:elasticache/replicationGroup:ReplicationGroup"
	for range 2 {
		assert.Equal(t, "InsufficientCacheClusterCapacity", refused(t, w, home, cache, inputs))
	}
	create(t, w, home, cache, "third", inputs)
}

func TestTheProviderRetriesThrottling(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	inject(t, w, "throttle=ec2:CreateVpc")
	create(t, w, home, "aws:ec2/vpc:Vpc", "site", props{"cidrBlock": "10.0.0.0/16"})
	assert.Equal(t, sim.Epoch.Add(6e9+w.Waited(home, "aws:ec2/vpc:Vpc", "create", "site")), w.Clock().Now(), "three pauses of two seconds")
}

func TestInstancesNeedTheirImage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := newNetwork(t, w, home, "site")
	inject(t, w, "image=missing")
	o, err := w.Create(t.Context(), sim.Call{Region: home, Type: "aws:autoscaling/group:Group", Name: "site", Inputs: props{
		"name": "site", "minSize": 1, "maxSize": 1, "vpcZoneIdentifiers": n.subnets, "launchTemplate": props{"id": n.template, "version": "1"},
	}})
	assert.Equal(t, "site", o.ID, "the group itself is there")
	assert.ErrorContains(t, err, "The image id '[ami-1]' does not exist")
	_, err = w.ImagesNamed(home, []string{"ami-1"})
	assert.Equal(t, "InvalidAMIID.NotFound", codeOf(err))
}

func TestFaultsAreTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	inject(t, w, "error=ec2:CreateVpc:VpcLimitExceeded")
	inject(t, w, "slow=ec2:CreateVpc:5")
	inject(t, w, "promotion=fails")
	inputs := props{"cidrBlock": "10.0.0.0/16"}
	assert.Equal(t, "VpcLimitExceeded", refused(t, w, home, "aws:ec2/vpc:Vpc", inputs))
	assert.Equal(t, []sim.Fault{{Name: "slow", Value: "ec2:CreateVpc:5"}, {Name: "promotion", Value: "fails"}}, w.Injected(), "the first has struck")
	slow := w.Duration(home, "ec2:CreateVpc", "site")
	w.Heal()
	assert.Empty(t, w.Injected())
	assert.Equal(t, slow, 5*w.Duration(home, "ec2:CreateVpc", "site"))
}
