package failover

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/pilotlight-dr/pilotlight/awsclient"
	"github.com/pilotlight-dr/pilotlight/checks"
)

// errNoClasses is an answer that can't be right, and says nothing about a class.
var errNoClasses = errors.New("RDS shows no class for MySQL in this region")

// LookAtClass is what RDS offers of an instance class in the region. Where RDS shows no class at all, as what stands for AWS
// in a test may, it is an error: nothing is known then.
func (r *Runtime) LookAtClass(ctx context.Context, name string) (*checks.DatabaseClass, error) {
	ctx, cancel := context.WithTimeout(ctx, r.Site.Limits.Check)
	defer cancel()
	cfg, err := r.aws(ctx)
	if err != nil {
		return nil, err
	}
	client, class := rds.NewFromConfig(cfg), &checks.DatabaseClass{Name: name}
	pages := rds.NewDescribeOrderableDBInstanceOptionsPaginator(client, &rds.DescribeOrderableDBInstanceOptionsInput{
		Engine: aws.String("mysql"), DBInstanceClass: &name, Vpc: aws.Bool(true),
	})
	for page, err := range awsclient.Pages(ctx, pages) {
		if err != nil {
			return nil, fmt.Errorf("asking what RDS offers of %s: %w", name, err)
		}
		for _, o := range page.OrderableDBInstanceOptions {
			option := checks.ClassOption{Version: aws.ToString(o.EngineVersion), MultiAZ: aws.ToBool(o.MultiAZCapable)}
			for _, zone := range o.AvailabilityZones {
				option.Zones = append(option.Zones, aws.ToString(zone.Name))
			}
			class.Options = append(class.Options, option)
		}
	}
	if len(class.Options) > 0 {
		return class, nil
	}
	all, err := client.DescribeOrderableDBInstanceOptions(ctx, &rds.DescribeOrderableDBInstanceOptionsInput{
		Engine: aws.String("mysql"), Vpc: aws.Bool(true), MaxRecords: aws.Int32(leastRecords),
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("asking what RDS offers at all: %w", err)
	case len(all.OrderableDBInstanceOptions) == 0:
		return nil, errNoClasses
	}
	return class, nil
}

// leastRecords is the least that RDS takes for MaxRecords (RDS API Reference, DescribeOrderableDBInstanceOptions).
const leastRecords = 20
