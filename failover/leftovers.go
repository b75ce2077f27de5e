package failover

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/smithy-go"
)

// An update that was killed while AWS made something leaves it behind: nothing
// lived to write it down. What would be in the way of another is taken away
// first, just before that one is made; it belongs to parents that are ours, and
// no state knows of it.

// freeLimit is for a NAT gateway that is still being made when its deletion is
// asked for: two minutes for the one, and as long for the other, several times over.
const freeLimit = 10 * time.Minute

// FreeAddress makes an elastic IP address of ours ready for a new NAT gateway, by
// deleting the one that holds it.
func (r *Runtime) FreeAddress(ctx context.Context, allocation string) error {
	cfg, err := r.aws(ctx)
	if err != nil {
		return err
	}
	client := ec2.NewFromConfig(cfg)
	asked := map[string]bool{}
	return r.wait(ctx, "the address "+allocation, freeLimit, func(ctx context.Context) (bool, string, error) {
		holder, err := findGateway(ctx, client, allocation)
		if err != nil || holder == nil {
			return holder == nil, "", err
		}
		id := aws.ToString(holder.NatGatewayId)
		if !asked[id] {
			if _, err := client.DeleteNatGateway(ctx, &ec2.DeleteNatGatewayInput{NatGatewayId: &id}); err != nil {
				return false, "", fmt.Errorf("deleting NAT gateway %s, which a killed update left: %w", id, err)
			}
			asked[id] = true
		}
		return false, fmt.Sprintf("still held by NAT gateway %s, which a killed update left and which is being deleted", id), nil
	})
}

// findGateway finds the NAT gateway that holds an address; nil when it is free.
func findGateway(ctx context.Context, client *ec2.Client, allocation string) (*types.NatGateway, error) {
	pages := ec2.NewDescribeNatGatewaysPaginator(client, &ec2.DescribeNatGatewaysInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
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

// FreeRoute makes way for a new route, by deleting that to the same destination.
func (r *Runtime) FreeRoute(ctx context.Context, table, destination string) error {
	cfg, err := r.aws(ctx)
	if err != nil {
		return err
	}
	_, err = ec2.NewFromConfig(cfg).DeleteRoute(ctx, &ec2.DeleteRouteInput{RouteTableId: &table, DestinationCidrBlock: &destination})
	if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorCode() == "InvalidRoute.NotFound" {
		return nil // the usual case
	}
	if err != nil {
		return fmt.Errorf("deleting the route to %s in %s, which a killed update left: %w", destination, table, err)
	}
	return nil
}

// FreePort makes way for a new listener, by deleting the one on the same port.
func (r *Runtime) FreePort(ctx context.Context, balancer string, port int32) error {
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
		if _, err := client.DeleteListener(ctx, &elb.DeleteListenerInput{ListenerArn: listener.ListenerArn}); err != nil {
			return fmt.Errorf("deleting the listener on port %d of %s, which a killed update left: %w", port, balancer, err)
		}
	}
	return nil
}

// DropBalancers deletes the balancers that killed updates left: those that the
// engine named after name, of which the state knows none when it makes one.
func (r *Runtime) DropBalancers(ctx context.Context, name string) error {
	cfg, err := r.aws(ctx)
	if err != nil {
		return err
	}
	named := regexp.MustCompile("^" + regexp.QuoteMeta(name) + "-[0-9a-f]{7}$")
	client := elb.NewFromConfig(cfg)
	pages := elb.NewDescribeLoadBalancersPaginator(client, &elb.DescribeLoadBalancersInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("looking for balancers that a killed update left: %w", err)
		}
		for _, balancer := range page.LoadBalancers {
			if !named.MatchString(aws.ToString(balancer.LoadBalancerName)) {
				continue
			}
			r.Say(fmt.Sprintf("balancer %s was left by a killed update: deleting it", aws.ToString(balancer.LoadBalancerName)))
			if _, err := client.DeleteLoadBalancer(ctx, &elb.DeleteLoadBalancerInput{LoadBalancerArn: balancer.LoadBalancerArn}); err != nil {
				return fmt.Errorf("deleting balancer %s, which a killed update left: %w", aws.ToString(balancer.LoadBalancerName), err)
			}
		}
	}
	return nil
}
