package components

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// ApplicationArgs describe what serves a site, beside what costs nothing and is there already.
type ApplicationArgs struct {
	Network *Network
	Targets *Targets
	Launch  *Launch

	// Gateways is the number of NAT gateways; 0 makes none.
	Gateways int
	// Cache describes the cache without its network, which is filled in; nil makes none.
	Cache *CacheArgs
	// Balancer reports that there is one.
	Balancer bool
	// CertificateARN is the balancer's; nil serves plain HTTP.
	CertificateARN pulumi.StringInput
	// Types are the EC2 types of the instances, in order of preference; with none or one it is the
	// launch template's.
	Types []string
	// Min and Max are the fewest and most instances.
	Min, Max int
	// Tags are those of the instances.
	Tags map[string]string
	// Triggers are tags of their group alone: all instances are replaced, one by one, when the value of one changes.
	Triggers map[string]string
	// GroupHooks run before the group of instances changes; nil for none.
	GroupHooks *pulumi.ResourceHookBinding
	// Hooks run before a gateway, its routes, the balancer and its listeners are created.
	Hooks *pulumi.ResourceHookBinding
}

// Application is what serves a site: its way to the internet, cache, balancer and instances.
type Application struct {
	Cache     *Cache    // nil without one
	Balancer  *Balancer // nil without one
	Instances *Instances
}

// NewApplication makes what serves a site. The names of parts that it does not make are
// reserved, so that making them later moves nothing. Instances wait for the gateways alone.
func NewApplication(ctx *pulumi.Context, name string, args ApplicationArgs, opts ...pulumi.ResourceOption) (*Application, error) {
	a := &Application{}
	ready, err := newEgress(ctx, name, args, opts...)
	if err != nil {
		return nil, err
	}
	if args.Cache != nil {
		cache := *args.Cache
		cache.SubnetGroup, cache.SecurityGroupID = args.Network.CacheSubnetGroup, args.Network.CacheSecurityGroup
		a.Cache, err = NewCache(ctx, name, cache, opts...)
	} else {
		err = Reserve(ctx, CacheType, name, opts...)
	}
	if err != nil {
		return nil, err
	}
	if args.Balancer {
		a.Balancer, err = NewBalancer(ctx, name, BalancerArgs{
			SubnetIDs: args.Network.PublicSubnetIDs, SecurityGroupID: args.Network.BalancerSecurityGroup,
			TargetGroupARN: args.Targets.ARN, CertificateARN: args.CertificateARN, Hooks: args.Hooks,
		}, opts...)
	} else {
		err = Reserve(ctx, BalancerType, name, opts...)
	}
	if err != nil {
		return nil, err
	}
	a.Instances, err = NewInstances(ctx, name, InstancesArgs{
		Launch: args.Launch, SubnetIDs: args.Network.PrivateSubnetIDs, TargetGroupARN: args.Targets.ARN,
		Types: args.Types, Min: args.Min, Max: args.Max, Tags: args.Tags, Triggers: args.Triggers, After: ready, Hooks: args.GroupHooks,
	}, opts...)
	return a, err
}

func newEgress(ctx *pulumi.Context, name string, args ApplicationArgs, opts ...pulumi.ResourceOption) (routes []pulumi.Resource, err error) {
	if args.Gateways == 0 {
		return nil, Reserve(ctx, EgressType, name, opts...)
	}
	egress, err := NewEgress(ctx, name, EgressArgs{
		PublicSubnetIDs: args.Network.PublicSubnetIDs, PrivateRouteTableIDs: args.Network.PrivateRouteTableIDs,
		Gateways: args.Gateways, Hooks: args.Hooks,
	}, opts...)
	if err != nil {
		return nil, err
	}
	return egress.Routes, nil
}
