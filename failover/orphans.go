package failover

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/pilotlight-dr/pilotlight/awsclient"
	"github.com/pilotlight-dr/pilotlight/checks"
)

// An update that is killed while AWS makes a resource leaves an orphan, which no state
// knows. What would block the same resource is deleted just before that is made again,
// if it is an orphan of this stack by the rules of package checks. Anything else is left alone.

// orphanLimit is for a NAT gateway that is still being made when its deletion is asked for:
// two minutes for the one, and as long for the other, several times over.
const orphanLimit = 10 * time.Minute

// unknownToState ends an error about a resource that is in the way and in use.
func (r *Runtime) unknownToState() string {
	return fmt.Sprintf("the state does not know it: was the state restored, or is this another backend? Nothing was deleted; "+
		"bring the newer state back (pilotlight state restore %s), or take what AWS holds into this one (pilotlight adopt %[1]s)", r.Site.Stack)
}

func (r *Runtime) ours(groups ...string) checks.Owner {
	return checks.Owner{Tags: r.Site.Tags, Groups: groups, ResourceIDs: func(id string) bool { return slices.Contains(r.Site.ResourceIDs, id) }}
}

// DeleteOrphanGateway deletes the NAT gateway that a killed update left on an elastic IP
// address, and waits until the address is free. A gateway in use is an error.
func (r *Runtime) DeleteOrphanGateway(ctx context.Context, allocation string) error {
	cfg, err := r.aws(ctx)
	if err != nil {
		return err
	}
	client := ec2.NewFromConfig(cfg)
	asked := map[string]bool{}
	return r.wait(ctx, "the address "+allocation, orphanLimit, func(ctx context.Context) (bool, string, error) {
		holder, err := findGateway(ctx, client, allocation)
		if err != nil || holder == nil {
			return holder == nil, "", err
		}
		id := aws.ToString(holder.NatGatewayId)
		if !asked[id] && holder.State != types.NatGatewayStateDeleting {
			if err := r.deleteOrphanGateway(ctx, client, *holder); err != nil {
				return false, "", err
			}
		}
		asked[id] = true
		return false, fmt.Sprintf("still held by NAT gateway %s, which a killed update left and which is being deleted", id), nil
	})
}

func (r *Runtime) deleteOrphanGateway(ctx context.Context, client *ec2.Client, found types.NatGateway) error {
	id := aws.ToString(found.NatGatewayId)
	g := checks.Gateway{ID: id, Tags: tagMap(found.Tags, ec2Tag)}
	for _, address := range found.NatGatewayAddresses {
		g.Interface = aws.ToString(address.NetworkInterfaceId)
	}
	g, err := routed(ctx, client, g)
	if err != nil {
		return err
	}
	if orphan, because := checks.OrphanGateway(g, r.ours()); !orphan {
		return fmt.Errorf("NAT gateway %s holds the address that a new one needs (%s), and %s", id, because, r.unknownToState())
	}
	_, err = client.DeleteNatGateway(ctx, &ec2.DeleteNatGatewayInput{NatGatewayId: &id})
	if err = orGone(err); err != nil {
		return fmt.Errorf("deleting NAT gateway %s, which a killed update left: %w", id, err)
	}
	return nil
}

// routed counts the routes that lead to a gateway.
func routed(ctx context.Context, client *ec2.Client, g checks.Gateway) (checks.Gateway, error) {
	tables, err := client.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{Filters: []types.Filter{{Name: aws.String("route.nat-gateway-id"), Values: []string{g.ID}}}})
	if err != nil {
		return g, fmt.Errorf("looking for routes to NAT gateway %s: %w", g.ID, err)
	}
	g.Routes = len(tables.RouteTables)
	return g, nil
}

// findGateway finds the NAT gateway that holds an address; nil when it is free.
func findGateway(ctx context.Context, client *ec2.Client, allocation string) (*types.NatGateway, error) {
	for page, err := range awsclient.Pages(ctx, ec2.NewDescribeNatGatewaysPaginator(client, &ec2.DescribeNatGatewaysInput{})) {
		if err != nil {
			return nil, fmt.Errorf("looking for the NAT gateway on address %s: %w", allocation, err)
		}
		for i, gateway := range page.NatGateways {
			holds := slices.ContainsFunc(gateway.NatGatewayAddresses, func(a types.NatGatewayAddress) bool { return aws.ToString(a.AllocationId) == allocation })
			if holds && gateway.State != types.NatGatewayStateDeleted && gateway.State != types.NatGatewayStateFailed {
				return &page.NatGateways[i], nil
			}
		}
	}
	return nil, nil //nolint:nilnil // free is an answer, and the usual one
}

// DeleteOrphanRoute deletes the route that a killed update left in a route table, so that
// the same one is made again. A route that leads elsewhere is an error.
func (r *Runtime) DeleteOrphanRoute(ctx context.Context, table, destination, gateway string) error {
	cfg, err := r.aws(ctx)
	if err != nil {
		return err
	}
	client := ec2.NewFromConfig(cfg)
	out, err := client.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{RouteTableIds: []string{table}})
	if err != nil {
		return fmt.Errorf("reading route table %s: %w", table, err)
	}
	for _, t := range out.RouteTables {
		for _, route := range t.Routes {
			if aws.ToString(route.DestinationCidrBlock) != destination {
				continue
			}
			through := aws.ToString(route.NatGatewayId)
			if !checks.OrphanRoute(through, gateway, route.State == types.RouteStateBlackhole) {
				return fmt.Errorf("the route to %s in %s leads to NAT gateway %s, and %s", destination, table, through, r.unknownToState())
			}
			if err := deleteRoute(ctx, client, table, destination); err != nil {
				return err
			}
		}
	}
	return nil
}

func deleteRoute(ctx context.Context, client *ec2.Client, table, destination string) error {
	_, err := client.DeleteRoute(ctx, &ec2.DeleteRouteInput{RouteTableId: &table, DestinationCidrBlock: &destination})
	if err = orGone(err); err != nil {
		return fmt.Errorf("deleting the route to %s in %s, which a killed update left: %w", destination, table, err)
	}
	return nil
}

// DeleteOrphanListener deletes the listener that a killed update left on a port of a balancer
// that the state knows. One of a balancer to which the site's name leads is left alone.
func (r *Runtime) DeleteOrphanListener(ctx context.Context, balancer string, port int32) error {
	cfg, err := r.aws(ctx)
	if err != nil {
		return err
	}
	client := elb.NewFromConfig(cfg)
	out, err := client.DescribeListeners(ctx, &elb.DescribeListenersInput{LoadBalancerArn: &balancer})
	if err != nil {
		return fmt.Errorf("looking for a listener on port %d of %s: %w", port, balancer, err)
	}
	for _, listener := range out.Listeners {
		if aws.ToInt32(listener.Port) != port {
			continue
		}
		named, err := r.named(ctx, client, balancer)
		if err != nil {
			return fmt.Errorf("finding out whether balancer %s is in use: %w", balancer, err)
		}
		if named { // in use: AWS takes the same settings for the same listener, and refuses others
			r.Say(fmt.Sprintf("listener %s, which the state does not know, is left alone: DNS points to its balancer", aws.ToString(listener.ListenerArn)))
			return nil
		}
		_, err = client.DeleteListener(ctx, &elb.DeleteListenerInput{ListenerArn: listener.ListenerArn})
		if err = orGone(err); err != nil {
			return fmt.Errorf("deleting the listener on port %d of %s, which a killed update left: %w", port, balancer, err)
		}
	}
	return nil
}

// DeleteOrphanBalancers deletes the balancers that killed updates left, of those that the
// engine named after name. groups are the security groups of the one to be made. A
// balancer in use is left alone, since another is made beside it, and reported.
func (r *Runtime) DeleteOrphanBalancers(ctx context.Context, name string, groups []string) error {
	cfg, err := r.aws(ctx)
	if err != nil {
		return err
	}
	named := regexp.MustCompile("^" + regexp.QuoteMeta(name) + "-[0-9a-f]{7}$")
	client := elb.NewFromConfig(cfg)
	for page, err := range awsclient.Pages(ctx, elb.NewDescribeLoadBalancersPaginator(client, &elb.DescribeLoadBalancersInput{})) {
		if err != nil {
			return fmt.Errorf("looking for balancers that a killed update left: %w", err)
		}
		for _, balancer := range page.LoadBalancers {
			if !named.MatchString(aws.ToString(balancer.LoadBalancerName)) {
				continue
			}
			if err := r.deleteOrphanBalancer(ctx, client, balancer, groups); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *Runtime) deleteOrphanBalancer(ctx context.Context, client *elb.Client, found elbtypes.LoadBalancer, groups []string) error {
	name := aws.ToString(found.LoadBalancerName)
	b, err := r.describeBalancer(ctx, client, found)
	if err != nil {
		return fmt.Errorf("finding out whether balancer %s is in use: %w", name, err)
	}
	if orphan, because := checks.OrphanBalancer(b, r.ours(groups...)); !orphan {
		r.Say(fmt.Sprintf("balancer %s is left alone: %s", name, because))
		return nil
	}
	r.Say(fmt.Sprintf("deleting balancer %s, which a killed update left", name))
	_, err = client.DeleteLoadBalancer(ctx, &elb.DeleteLoadBalancerInput{LoadBalancerArn: found.LoadBalancerArn})
	if err = orGone(err); err != nil {
		return fmt.Errorf("deleting balancer %s, which a killed update left: %w", name, err)
	}
	return nil
}

func (r *Runtime) describeBalancer(ctx context.Context, client *elb.Client, found elbtypes.LoadBalancer) (checks.Balancer, error) {
	b := checks.Balancer{ARN: aws.ToString(found.LoadBalancerArn), Groups: found.SecurityGroups, Tags: map[string]string{}}
	listeners, err := client.DescribeListeners(ctx, &elb.DescribeListenersInput{LoadBalancerArn: found.LoadBalancerArn})
	if err != nil {
		return b, err
	}
	b.Listeners = len(listeners.Listeners)
	tags, err := client.DescribeTags(ctx, &elb.DescribeTagsInput{ResourceArns: []string{b.ARN}})
	if err != nil {
		return b, err
	}
	for _, of := range tags.TagDescriptions {
		b.Tags = tagMap(of.Tags, balancerTag)
	}
	b.Named = r.resolvesTo(ctx, aws.ToString(found.DNSName))
	return b, nil
}

// named reports whether DNS points to a balancer.
func (r *Runtime) named(ctx context.Context, client *elb.Client, arn string) (bool, error) {
	out, err := client.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{LoadBalancerArns: []string{arn}})
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(out.LoadBalancers, func(b elbtypes.LoadBalancer) bool { return r.resolvesTo(ctx, aws.ToString(b.DNSName)) }), nil
}

// resolvesTo reports whether the site's name and a host have an address in common.
func (r *Runtime) resolvesTo(ctx context.Context, host string) bool {
	leads := r.lookup(ctx, r.Site.domain())
	return slices.ContainsFunc(r.lookup(ctx, host), func(address string) bool { return slices.Contains(leads, address) })
}
