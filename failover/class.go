package failover

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/pilotlight-dr/pilotlight/checks"
)

// LookAtClass is what RDS offers of an instance class in the region.
func (r *Runtime) LookAtClass(ctx context.Context, name string) (*checks.DatabaseClass, error) {
	ctx, cancel := context.WithTimeout(ctx, r.Site.Limits.Check)
	defer cancel()
	cfg, err := r.aws(ctx)
	if err != nil {
		return nil, err
	}
	class := &checks.DatabaseClass{Name: name}
	pages := rds.NewDescribeOrderableDBInstanceOptionsPaginator(rds.NewFromConfig(cfg), &rds.DescribeOrderableDBInstanceOptionsInput{
		Engine: aws.String("mysql"), DBInstanceClass: &name, Vpc: aws.Bool(true),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
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
	return class, nil
}
