package failover

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	quotatypes "github.com/aws/aws-sdk-go-v2/service/servicequotas/types"
	"github.com/aws/smithy-go"

	"github.com/pilotlight-dr/pilotlight/awsclient"
	"github.com/pilotlight-dr/pilotlight/checks"
)

// codes are the quotas of what is counted as it is, in Service Quotas.
var codes = map[checks.Resource]struct{ service, code string }{
	checks.Addresses:    {"ec2", "L-0263D0A3"},
	checks.Gateways:     {"vpc", "L-FE5A380F"},
	checks.Balancers:    {"elasticloadbalancing", "L-53DA6B97"},
	checks.TargetGroups: {"elasticloadbalancing", "L-B22855CB"},
	checks.CacheNodes:   {"elasticache", "L-DFE45DF3"},
	checks.Databases:    {"rds", "L-7B6409FD"},
	checks.Storage:      {"rds", "L-7ADDB58A"},
	checks.Snapshots:    {"rds", "L-272F1212"},
}

// attributes are RDS's own names of its quotas, by their codes.
var attributes = map[string]string{"L-7B6409FD": "DBInstances", "L-7ADDB58A": "AllocatedStorage", "L-272F1212": "ManualSnapshots"}

// quotaReader reads quotas and what is in use of them. What it has counted for one, or failed to, it does not count again: a
// region that others flee to answers late, and each call is tried several times.
type quotaReader struct {
	cfg      aws.Config
	region   string
	gateways func(context.Context) (map[string]int, error)    // by zone
	accounts func(context.Context) (map[string][2]int, error) // used and most, by RDS's name
	silent   error                                            // that Service Quotas does not answer; it is asked once
}

func newQuotaReader(cfg aws.Config, region string) *quotaReader {
	q := &quotaReader{cfg: cfg, region: region}
	q.gateways, q.accounts = once(q.countGateways), once(q.readAccount)
	return q
}

// once is read, of which the first answer and the first error hold.
func once[T any](read func(context.Context) (T, error)) func(context.Context) (T, error) {
	var kept func() (T, error)
	return func(ctx context.Context) (T, error) {
		if kept == nil {
			value, err := read(ctx)
			kept = func() (T, error) { return value, err }
		}
		return kept()
	}
}

// answerLimit is as long as Service Quotas is waited for: a check has more to tell than quotas.
const answerLimit = 15 * time.Second

// Quotas are those of the account in the region, of which needs take some. What can't be read is said in them.
func (r *Runtime) Quotas(ctx context.Context, needs []checks.Need) (quotas []checks.Quota, err error) {
	if len(needs) == 0 {
		return nil, nil
	}
	bounded, cancel := context.WithTimeout(ctx, r.Site.Limits.Check)
	defer cancel()
	cfg, err := r.aws(bounded)
	if err != nil {
		return nil, err
	}
	read := newQuotaReader(cfg, r.Site.Region)
	for _, n := range needs {
		if n.Resource == checks.Instances {
			quotas = append(quotas, read.vcpus(bounded, n)...)
			continue
		}
		q := checks.Quota{Name: string(n.Resource), Service: codes[n.Resource].service, Code: codes[n.Resource].code, Zone: n.Zone, Needs: n.Count}
		if n.Zone != "" {
			q.Name += " of zone " + n.Zone
		}
		if q.Used, q.Limit, err = read.figures(bounded, q, n); err != nil {
			q.Unseen = unread(err)
		}
		quotas = append(quotas, q)
	}
	return quotas, context.Cause(ctx)
}

// unread is why something is not known, in a few words.
func unread(err error) string {
	operation, ofCall := errors.AsType[*smithy.OperationError](err)
	why := awsclient.Words(err)
	if refused, ok := errors.AsType[smithy.APIError](err); ok {
		why = refused.ErrorCode()
	}
	if ofCall && errors.Is(err, context.DeadlineExceeded) {
		why = "no answer"
	}
	if ofCall && why != "" {
		return fmt.Sprintf("%s %s: %s", operation.ServiceID, operation.OperationName, why)
	}
	return err.Error()
}

func (q *quotaReader) figures(ctx context.Context, of checks.Quota, n checks.Need) (used, limit int, err error) {
	if name := attributes[of.Code]; name != "" {
		return q.account(ctx, name)
	}
	if used, err = q.used(ctx, n); err == nil {
		limit, err = q.limit(ctx, of.Service, of.Code)
	}
	return used, limit, err
}

// limit is the account's own value; some quotas have none but the default.
func (q *quotaReader) limit(ctx context.Context, service, code string) (int, error) {
	if q.silent != nil {
		return 0, q.silent
	}
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	client := servicequotas.NewFromConfig(q.cfg)
	var quota *quotatypes.ServiceQuota
	own, err := client.GetServiceQuota(ctx, &servicequotas.GetServiceQuotaInput{ServiceCode: &service, QuotaCode: &code})
	if _, none := errors.AsType[*quotatypes.NoSuchResourceException](err); none {
		standard, e := client.GetAWSDefaultServiceQuota(ctx, &servicequotas.GetAWSDefaultServiceQuotaInput{ServiceCode: &service, QuotaCode: &code})
		if _, none := errors.AsType[*quotatypes.NoSuchResourceException](e); none {
			return 0, fmt.Errorf("Service Quotas does not have quota %s of %s in %s", code, service, q.region) //nolint:staticcheck // a name
		}
		if err = e; err == nil {
			quota = standard.Quota
		}
	} else if err == nil {
		quota = own.Quota
	}
	switch {
	case ctx.Err() != nil:
		q.silent = fmt.Errorf("Service Quotas does not answer in %s", q.region) //nolint:staticcheck // a name
		return 0, q.silent
	case err != nil:
		return 0, err
	case quota != nil && quota.ErrorReason != nil: // it asks the service itself by the caller's rights, and answers all the same (API_ErrorReason)
		why := quota.ErrorReason
		return 0, fmt.Errorf("Service Quotas GetServiceQuota: %s: %s", why.ErrorCode, aws.ToString(why.ErrorMessage)) //nolint:staticcheck // a name
	case quota == nil || quota.Value == nil:
		return 0, fmt.Errorf("quota %s of %s has no value", code, service)
	}
	return int(*quota.Value), nil
}

func (q *quotaReader) used(ctx context.Context, n checks.Need) (int, error) {
	switch n.Resource {
	case checks.Addresses:
		out, err := ec2.NewFromConfig(q.cfg).DescribeAddresses(ctx, &ec2.DescribeAddressesInput{})
		if err != nil {
			return 0, err
		}
		return len(out.Addresses), nil
	case checks.Gateways:
		zones, err := q.gateways(ctx)
		return zones[n.Zone], err
	case checks.Balancers:
		return q.balancers(ctx)
	case checks.TargetGroups:
		return q.targetGroups(ctx)
	case checks.CacheNodes:
		return q.cacheNodes(ctx)
	case checks.Databases, checks.Storage, checks.Snapshots, checks.Instances: // read with their limits
	}
	return 0, fmt.Errorf("%s are not counted", n.Resource)
}

func (q *quotaReader) balancers(ctx context.Context) (count int, err error) {
	for page, err := range awsclient.Pages(ctx, elb.NewDescribeLoadBalancersPaginator(elb.NewFromConfig(q.cfg), &elb.DescribeLoadBalancersInput{})) {
		if err != nil {
			return 0, err
		}
		for _, b := range page.LoadBalancers {
			if b.Type == elbtypes.LoadBalancerTypeEnumApplication {
				count++
			}
		}
	}
	return count, nil
}

func (q *quotaReader) targetGroups(ctx context.Context) (count int, err error) {
	for page, err := range awsclient.Pages(ctx, elb.NewDescribeTargetGroupsPaginator(elb.NewFromConfig(q.cfg), &elb.DescribeTargetGroupsInput{})) {
		if err != nil {
			return 0, err
		}
		count += len(page.TargetGroups)
	}
	return count, nil
}

func (q *quotaReader) cacheNodes(ctx context.Context) (count int, err error) {
	pages := elasticache.NewDescribeCacheClustersPaginator(elasticache.NewFromConfig(q.cfg), &elasticache.DescribeCacheClustersInput{})
	for page, err := range awsclient.Pages(ctx, pages) {
		if err != nil {
			return 0, err
		}
		for _, c := range page.CacheClusters {
			count += int(aws.ToInt32(c.NumCacheNodes))
		}
	}
	return count, nil
}

// countGateways counts those that hold their place in a zone, by the zones of their subnets.
func (q *quotaReader) countGateways(ctx context.Context) (map[string]int, error) {
	client, in := ec2.NewFromConfig(q.cfg), map[string]int{} // by subnet
	for page, err := range awsclient.Pages(ctx, ec2.NewDescribeNatGatewaysPaginator(client, &ec2.DescribeNatGatewaysInput{})) {
		if err != nil {
			return nil, err
		}
		for _, g := range page.NatGateways {
			if g.State != ec2types.NatGatewayStateDeleted && g.State != ec2types.NatGatewayStateFailed && g.SubnetId != nil {
				in[*g.SubnetId]++
			}
		}
	}
	zones := map[string]int{}
	if len(in) > 0 {
		var ids []string
		for id := range in {
			ids = append(ids, id)
		}
		slices.Sort(ids)
		out, err := client.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{SubnetIds: ids})
		if err != nil {
			return nil, err
		}
		for _, subnet := range out.Subnets {
			zones[aws.ToString(subnet.AvailabilityZone)] += in[aws.ToString(subnet.SubnetId)]
		}
	}
	return zones, nil
}

// account is what RDS says of one of its quotas: it gives both figures.
func (q *quotaReader) account(ctx context.Context, name string) (used, most int, err error) {
	all, err := q.accounts(ctx)
	if err != nil {
		return 0, 0, err
	}
	figures, known := all[name]
	if !known {
		return 0, 0, fmt.Errorf("RDS does not say how many %s an account may have in %s", name, q.region)
	}
	return figures[0], figures[1], nil
}

// readAccount is what RDS says of its quotas, of all databases at once.
func (q *quotaReader) readAccount(ctx context.Context) (map[string][2]int, error) {
	out, err := rds.NewFromConfig(q.cfg).DescribeAccountAttributes(ctx, &rds.DescribeAccountAttributesInput{})
	if err != nil {
		return nil, err
	}
	all := map[string][2]int{}
	for _, a := range out.AccountQuotas {
		all[aws.ToString(a.AccountQuotaName)] = [2]int{int(aws.ToInt64(a.Used)), int(aws.ToInt64(a.Max))}
	}
	return all, nil
}

// vcpus are the quotas of the families of instance types that are wanted, in order of preference.
func (q *quotaReader) vcpus(ctx context.Context, n checks.Need) (quotas []checks.Quota) {
	client := ec2.NewFromConfig(q.cfg)
	running, err := runningTypes(ctx, client)
	var vcpus map[string]int
	if err == nil {
		vcpus, err = vcpusOf(ctx, client, running, n.Types)
	}
	for _, kind := range n.Types {
		code, family := checks.Family(kind)
		if slices.ContainsFunc(quotas, func(q checks.Quota) bool { return q.Code == code }) {
			continue
		}
		quota := checks.Quota{Name: "vCPUs of " + family + " instances", Service: "ec2", Code: code, Needs: n.Count * vcpus[kind], Growth: n.Growth * vcpus[kind]}
		for other, count := range running {
			if its, _ := checks.Family(other); its == code {
				quota.Used += count * vcpus[other]
			}
		}
		failed := err
		switch {
		case failed == nil && vcpus[kind] == 0:
			failed = fmt.Errorf("EC2 has no %s in %s", kind, q.region)
		case failed == nil:
			quota.Limit, failed = q.limit(ctx, quota.Service, quota.Code)
		}
		if failed != nil {
			quota.Unseen = unread(failed)
		}
		quotas = append(quotas, quota)
	}
	for i := range quotas {
		quotas[i].Alternative = len(quotas) > 1
	}
	return quotas
}

// runningTypes counts the instances that run or start, by type. Those on the spot market have quotas of their own.
func runningTypes(ctx context.Context, client *ec2.Client) (map[string]int, error) {
	count := map[string]int{}
	pages := ec2.NewDescribeInstancesPaginator(client, &ec2.DescribeInstancesInput{
		Filters: []ec2types.Filter{{Name: aws.String("instance-state-name"), Values: []string{"pending", "running"}}},
	})
	for page, err := range awsclient.Pages(ctx, pages) {
		if err != nil {
			return nil, err
		}
		for _, reservation := range page.Reservations {
			for _, i := range reservation.Instances {
				if i.InstanceLifecycle != ec2types.InstanceLifecycleTypeSpot {
					count[string(i.InstanceType)]++
				}
			}
		}
	}
	return count, nil
}

// vcpusOf finds how many vCPUs instances of each type have.
func vcpusOf(ctx context.Context, client *ec2.Client, running map[string]int, wanted []string) (map[string]int, error) {
	names := slices.Clone(wanted)
	for kind := range running {
		names = append(names, kind)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	vcpus := map[string]int{}
	for some := range slices.Chunk(names, filterValues) {
		pages := ec2.NewDescribeInstanceTypesPaginator(client, &ec2.DescribeInstanceTypesInput{Filters: []ec2types.Filter{{Name: aws.String("instance-type"), Values: some}}})
		for page, err := range awsclient.Pages(ctx, pages) {
			if err != nil {
				return nil, err
			}
			for _, d := range page.InstanceTypes {
				var t checks.InstanceType
				describe(&t, d)
				vcpus[string(d.InstanceType)] = t.VCPUs
			}
		}
	}
	return vcpus, nil
}
