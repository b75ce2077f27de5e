package components

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/elasticache"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// CacheArgs describes a Redis replication group.
type CacheArgs struct {
	NodeType      string
	Nodes         int // with two or more it fails over between zones
	EngineVersion string

	SubnetGroup     pulumi.StringInput
	SecurityGroupID pulumi.StringInput
	AuthToken       pulumi.StringInput
	// Rotating lets clients in by the token that was before, too. Redis takes two at most.
	Rotating bool
}

// Cache is a Redis replication group, encrypted at rest and on the way, that asks
// for a token. What it holds can be made again, so it has no backups.
type Cache struct {
	pulumi.ResourceState

	// Address is where writes go.
	Address pulumi.StringOutput
}

// NewCache makes a cache.
func NewCache(ctx *pulumi.Context, name string, args CacheArgs, opts ...pulumi.ResourceOption) (*Cache, error) {
	if args.Nodes < 1 {
		return nil, fmt.Errorf("cache %s has %d nodes: use 1 or more", name, args.Nodes)
	}
	c := &Cache{}
	if err := ctx.RegisterComponentResource(CacheType, name, c, opts...); err != nil {
		return nil, err
	}
	// ElastiCache sets no token that it was not given by ROTATE before. One that was rotated meanwhile, as on the other side
	// during an outage, is had by another cache: what this one holds can be made again.
	strategy, changes := "SET", []string{"authToken"}
	if args.Rotating {
		strategy, changes = "ROTATE", nil
	}
	group, err := elasticache.NewReplicationGroup(ctx, name+"-cache", &elasticache.ReplicationGroupArgs{
		Description:      pulumi.String("Cache of " + name),
		Engine:           pulumi.String("redis"),
		EngineVersion:    pulumi.String(args.EngineVersion),
		NodeType:         pulumi.String(args.NodeType),
		NumCacheClusters: pulumi.Int(args.Nodes),
		Port:             pulumi.Int(redisPort),

		SubnetGroupName:  args.SubnetGroup.ToStringOutput().ToStringPtrOutput(),
		SecurityGroupIds: pulumi.StringArray{args.SecurityGroupID},

		AutomaticFailoverEnabled: pulumi.Bool(args.Nodes > 1),
		MultiAzEnabled:           pulumi.Bool(args.Nodes > 1),
		AtRestEncryptionEnabled:  pulumi.Bool(true),
		TransitEncryptionEnabled: pulumi.Bool(true),
		AuthToken:                args.AuthToken.ToStringOutput().ToStringPtrOutput(),
		AuthTokenUpdateStrategy:  pulumi.String(strategy),
		// AWS takes part in its upgrade campaigns unless it is told not to (API reference, CreateReplicationGroup), and raises
		// 7.0 to 7.1. A refresh would bring that into the state, and the provider makes another group for an older version.
		AutoMinorVersionUpgrade: pulumi.Bool(false),
		ApplyImmediately:        pulumi.Bool(true),
		Tags:                    named(name + "-cache"),
	}, pulumi.Parent(c), pulumi.ReplaceOnChanges(changes), pulumi.IgnoreChanges([]string{"autoMinorVersionUpgrade"})) // what stands for AWS may not keep it
	if err != nil {
		return nil, err
	}
	c.Address = group.PrimaryEndpointAddress
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"address": c.Address})
}
