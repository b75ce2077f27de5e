package sim_test

import (
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
)

type props = map[string]any

const (
	home  = "eu-west-1"
	other = "eu-central-1"
)

// create makes a resource that must be accepted.
func create(t *testing.T, w *sim.World, region, typ, name string, inputs props) sim.Object {
	t.Helper()
	o, err := w.Create(t.Context(), sim.Call{Region: region, Type: typ, Name: name, Inputs: inputs, Limit: 12 * time.Hour})
	require.NoError(t, err)
	return o
}

// refused creates a resource that must not be accepted and returns the code.
func refused(t *testing.T, w *sim.World, region, typ string, inputs props) string {
	t.Helper()
	_, err := w.Create(t.Context(), sim.Call{Region: region, Type: typ, Name: "spoilt", Inputs: inputs})
	require.Error(t, err)
	return codeOf(err)
}

// network is the ground that everything else stands on.
type network struct {
	vpc, group, key, template, targets, role string
	subnets                                  []any
}

func newNetwork(t *testing.T, w *sim.World, region, name string) network {
	t.Helper()
	n := network{}
	n.vpc = create(t, w, region, "aws:ec2/vpc:Vpc", name, props{"cidrBlock": "10.0.0.0/16"}).ID
	create(t, w, region, "aws:ec2/internetGateway:InternetGateway", name, props{"vpcId": n.vpc})
	for i, block := range []string{"10.0.0.0/24", "10.0.1.0/24"} {
		n.subnets = append(n.subnets, create(t, w, region, "aws:ec2/subnet:Subnet", name+block,
			props{"vpcId": n.vpc, "cidrBlock": block, "availabilityZone": sim.Zones(region)[i]}).ID)
	}
	n.group = create(t, w, region, "aws:ec2/securityGroup:SecurityGroup", name, props{"vpcId": n.vpc, "name": name}).ID
	n.key = create(t, w, region, "aws:kms/key:Key", name, props{}).Props["arn"].(string)
	n.template = create(t, w, region, "aws:ec2/launchTemplate:LaunchTemplate", name, props{"name": name, "imageId": "ami-1"}).ID
	n.targets = create(t, w, region, "aws:lb/targetGroup:TargetGroup", name, props{"name": name, "vpcId": n.vpc, "port": 80, "protocol": "HTTP"}).ID
	n.role = create(t, w, region, "aws:iam/role:Role", region+name, props{"name": region + name, "assumeRolePolicy": "{}"}).Props["arn"].(string)
	w.AddImage(region, "ami-1", sim.Epoch)
	return n
}

func primary() props {
	return props{
		"identifier": "site", "engine": "mysql", "engineVersion": "8.0", "instanceClass": "db.t4g.medium", "username": "root",
		"password": "correct horse", "allocatedStorage": 20, "backupRetentionPeriod": 7, "storageEncrypted": true, "skipFinalSnapshot": true,
	}
}

const databaseType = "aws:rds/instance:Instance"

// pair is a primary at home and its replica in the other region.
func pair(t *testing.T, w *sim.World) (source, replica sim.Object) {
	t.Helper()
	key := create(t, w, other, "aws:kms/key:Key", "key", props{}).Props["arn"]
	source = create(t, w, home, databaseType, "primary", primary())
	replica = create(t, w, other, databaseType, "replica", props{
		"identifier": "site-dr", "instanceClass": "db.t4g.medium", "replicateSourceDb": source.Props["arn"], "kmsKeyId": key,
		"backupRetentionPeriod": 7, "skipFinalSnapshot": true,
	})
	return source, replica
}

// with is inputs with some of them changed.
func with(inputs, change props) props {
	maps.Copy(inputs, change)
	return inputs
}
