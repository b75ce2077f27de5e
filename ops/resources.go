package ops

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/pilotlight-dr/pilotlight/stacks/drill"
)

// Resource is something on AWS that a stack made, and that costs money.
type Resource struct {
	Stack  string `json:"stack"`
	Region string `json:"region"`
	Type   string `json:"type"` // such as aws:rds/instance:Instance
	Name   string `json:"name"` // in the program
	ID     string `json:"id"`   // on AWS
	// Billed is what AWS charges for.
	Billed string `json:"billed"`
}

// billed is what AWS charges for, by type. What is not among them is free: so are IAM, networks, security
// groups, launch templates, target groups, and records within a zone that is paid for.
var billed = map[string]string{
	"aws:rds/instance:Instance":                         "hours, storage, backups beyond its size",
	"aws:elasticache/replicationGroup:ReplicationGroup": "hours of its nodes",
	"aws:autoscaling/group:Group":                       "hours and disks of its instances; none in standby",
	"aws:lb/loadBalancer:LoadBalancer":                  "hours, its addresses, traffic",
	"aws:ec2/natGateway:NatGateway":                     "hours, traffic",
	"aws:ec2/eip:Eip":                                   "hours",
	"aws:ec2/vpcEndpoint:VpcEndpoint":                   "hours in each zone, traffic; none for S3's",
	"aws:s3/bucketV2:BucketV2":                          "storage, requests, copies to the other region",
	"aws:kms/key:Key":                                   "months, requests",
	"aws:secretsmanager/secret:Secret":                  "months, requests",
	"aws:cloudwatch/logGroup:LogGroup":                  "what is written, storage",
	"aws:cloudwatch/metricAlarm:MetricAlarm":            "months",
	"aws:cloudwatch/dashboard:Dashboard":                "months, beyond the three of an account that are free",
}

// Resources are what the stacks' states hold that costs money, drills included, by stack and type. What no
// state knows of is not among them.
func (s *Site) Resources(ctx context.Context) (_ []Resource, err error) {
	defer noteRead(ctx, &err)
	left, err := s.Drills(ctx)
	if err != nil {
		return nil, err
	}
	all := []Resource{}
	configs, err := s.configs()
	if err != nil {
		return nil, err
	}
	for _, of := range configs {
		for _, name := range []string{of.Stack, drill.StackName(of.Stack)} {
			if name != of.Stack && !slices.ContainsFunc(left, func(c DrillCopy) bool { return c.Stack == name }) {
				continue
			}
			stack, err := s.stackOrDrill(ctx, name)
			if errors.Is(err, ErrNoStack) {
				continue // it was never deployed
			}
			if err != nil {
				return nil, err
			}
			saved, err := stack.saved(ctx)
			if err != nil {
				return nil, err
			}
			for _, r := range billedIn(saved) {
				r.Stack, r.Region = name, of.Region
				all = append(all, r)
			}
		}
	}
	return all, nil
}

// billedIn is what a state holds that costs money.
func billedIn(saved apitype.DeploymentV3) (held []Resource) {
	for _, r := range saved.Resources {
		if what, costs := billed[string(r.Type)]; costs && !r.External {
			identifier, _ := r.Outputs["identifier"].(string) // of a database: RDS does not show its id
			held = append(held, Resource{Type: string(r.Type), Name: r.URN.Name(), ID: cmp.Or(identifier, string(r.ID)), Billed: what})
		}
	}
	slices.SortFunc(held, func(a, b Resource) int { return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Name, b.Name)) })
	return held
}
