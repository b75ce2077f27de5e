// Package drill is the program of a drill: a copy of a standby's application, in a
// network of its own, with a database restored from a snapshot of the standby's
// replica. It shows that the site can be brought up there, and how long that takes,
// and touches nothing of the pilot light.
//
// A copy holds the data of real users, so it is harmless to the world: no name
// leads to it, it runs none of the jobs that the site has scheduled, it can't send
// mail, and it says of itself when it is to end.
package drill

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/components"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/hooks"
	"github.com/pilotlight-dr/pilotlight/stacks"
)

// suffix ends the names of a drill's stack and of what it makes.
const suffix = "-drill"

// StackName is the name of the stack in which the drill of a stack is held.
func StackName(stack string) string { return stack + suffix }

// Name prefixes what a drill makes. It is the drilled stack's own with a suffix, cut
// so that the names of target groups still fit.
func Name(of stacks.Config) string {
	const longest = 20 // as of a stack
	name := of.Name()
	return name[:min(len(name), longest-len(suffix))] + suffix
}

// Copy is what a drill is of, and until when it may be there.
type Copy struct {
	Of       string            `json:"of"` // the stack that is drilled
	Snapshot failover.Snapshot `json:"snapshot"`
	// Expires is when the copy is to be ended, whatever became of it.
	Expires time.Time `json:"expires"`
	// Visitors are the only addresses that reach it; the zero value is everybody.
	Visitors netip.Prefix `json:"visitors,omitzero"`
}

// Args are what the program needs beside what the drilled stack remembers.
type Args struct {
	Config stacks.Config // of the drilled stack
	Copy   Copy
}

// Asked is what the report of a drill says that it was for.
const Asked = "drill"

// Program makes the copy, and is done when it was seen healthy in depth.
func Program(env failover.Env, args Args) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		if err := ctx.RequirePulumiVersion(stacks.Engine); err != nil {
			return err
		}
		memory, err := stacks.Remember(ctx, args.Config.Stack)
		if err != nil {
			return err
		}
		c := &copied{Context: ctx, Args: args, name: Name(args.Config), memory: memory}
		if err := c.record(&env); err != nil {
			return err
		}
		c.runtime = c.newRuntime(env)
		if _, err := c.keep(copyName, args.Copy); err != nil {
			return err
		}
		if err := c.newProvider(); err != nil {
			return err
		}
		err = c.compose()
		c.recorder.ends()
		return err
	}
}

// copied is a copy in the making.
type copied struct {
	*pulumi.Context
	Args
	name     string
	memory   stacks.Memory // of the drilled stack
	runtime  *failover.Runtime
	recorder *recorder

	alone   pulumi.ResourceOrInvokeOption // with the copy's own provider
	account string
}

// The resources in the state by which a copy is known.
const (
	copyName   = "copy"   // Copy
	servedName = "served" // is there once the copy was seen healthy
)

// keep writes a value into the state.
func (c *copied) keep(name string, value any, opts ...pulumi.ResourceOption) (*pulumi.Stash, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return pulumi.NewStash(c.Context, name, &pulumi.StashArgs{Input: pulumi.String(text)}, opts...)
}

// tags are on all that the copy is made of.
func (c *copied) tags() map[string]string {
	return map[string]string{"site": c.Config.Site, "stack": c.Stack(), "managed-by": "pilotlight", "drill": c.Config.Stack}
}

// expiring are the tags with the end of the copy. They are not in the launch
// template, whose change would replace the instances of a run that carries on.
func (c *copied) expiring() map[string]string {
	tags := c.tags()
	tags["expires"] = c.Copy.Expires.UTC().Format(time.RFC3339)
	return tags
}

func (c *copied) newProvider() error {
	args := &aws.ProviderArgs{
		Region:            pulumi.String(c.Config.Region),
		AllowedAccountIds: pulumi.ToStringArray(c.Config.Accounts),
		DefaultTags:       aws.ProviderDefaultTagsArgs{Tags: pulumi.ToStringMap(c.expiring())},
	}
	if c.Config.Profile != "" {
		args.Profile = pulumi.String(c.Config.Profile)
	}
	provider, err := aws.NewProvider(c.Context, "aws", args)
	if err != nil {
		return err
	}
	c.alone = pulumi.Provider(provider)
	caller, err := aws.GetCallerIdentity(c.Context, nil, c.alone)
	if err != nil {
		return fmt.Errorf("asking AWS in %s whose credentials these are: %w", c.Config.Region, err)
	}
	c.account = caller.AccountId
	return nil
}

// newRuntime makes what the hooks work with: the site is asked for under its own
// name, at the copy's balancer.
func (c *copied) newRuntime(env failover.Env) *failover.Runtime {
	site := c.Config.SiteOf(c.memory.Claim, stacks.Facts{})
	site.Database, site.DeepToken = c.name, components.DeepToken(c.memory.Secrets())
	rt := failover.New(env, site)
	rt.Say = func(line string) { _ = c.Log.Info(line, nil) } // progress only: nothing to do when the engine is gone
	return rt
}

// parameters is the path below which the copy's instances find where things are.
func (c *copied) parameters() string { return fmt.Sprintf("/%s/%s", c.Config.Site, c.Stack()) }

func (c *copied) publish(key string, value pulumi.StringInput) (*components.Parameter, error) {
	return components.NewParameter(c.Context, c.name, components.ParameterArgs{Path: c.parameters(), Key: key, Value: value}, c.alone)
}

// compose registers the copy: what a failover finds, what it makes, and in place of
// the promotion a database from a snapshot.
func (c *copied) compose() error {
	network, err := components.NewNetwork(c.Context, c.name, components.NetworkArgs{
		Region: c.Config.Region, CIDR: netip.MustParsePrefix(c.Config.Network.CIDR).Masked(), Zones: c.Config.Network.Zones, Visitors: c.Copy.Visitors,
	}, c.alone)
	if err != nil {
		return err
	}
	launch, err := c.launch(network)
	if err != nil {
		return err
	}
	database, err := c.database(network)
	if err != nil {
		return err
	}
	if err := c.cache(network); err != nil {
		return err
	}
	return c.serve(network, launch, database)
}

// database is restored beside all else. Its key is the snapshot's.
func (c *copied) database(network *components.Network) (*components.Parameter, error) {
	settled, err := hooks.Settled(c.Context, c.name, c.runtime)
	if err != nil {
		return nil, err
	}
	database, err := components.NewDatabase(c.Context, c.name, components.DatabaseArgs{
		Identifier: c.name, Class: c.Config.Database.Class, EngineVersion: c.Config.Database.EngineVersion,
		SubnetGroup: network.DatabaseSubnetGroup, SecurityGroupID: network.DatabaseSecurityGroup,
		MultiAZ: pulumi.Bool(false), ReadOnly: pulumi.Bool(false), FinalSnapshot: pulumi.Bool(false), SnapshotSuffix: pulumi.String("none"),
		Snapshot: &components.SnapshotArgs{ID: c.Copy.Snapshot.ID, Encrypted: c.Copy.Snapshot.Encrypted},
		Hooks:    settled,
	}, c.alone)
	if err != nil {
		return nil, err
	}
	return c.publish("database", database.Address)
}

func (c *copied) cache(network *components.Network) error {
	cache, err := components.NewCache(c.Context, c.name, components.CacheArgs{
		NodeType: c.Config.Cache.NodeType, Nodes: c.Config.Cache.Nodes, EngineVersion: c.Config.Cache.EngineVersion,
		SubnetGroup: network.CacheSubnetGroup, SecurityGroupID: network.CacheSecurityGroup,
		AuthToken: pulumi.ToSecret(pulumi.String(c.memory.Secrets()[components.CacheToken])).(pulumi.StringOutput),
	}, c.alone)
	if err != nil {
		return err
	}
	_, err = c.publish("cache", cache.Address)
	return err
}

// launch is as that of the standby, but for the jobs that are not run, and for a
// bucket of its own: what is written in a drill must not be among the site's media.
func (c *copied) launch(network *components.Network) (*components.Launch, error) {
	secrets, err := components.NewSecrets(c.Context, c.name, components.SecretsArgs{
		Values: pulumi.ToSecret(pulumi.ToStringMap(c.memory.Secrets())).(pulumi.StringMapOutput), Passing: true,
	}, c.alone)
	if err != nil {
		return nil, err
	}
	media, err := components.NewMedia(c.Context, c.name, components.MediaArgs{KeepVersionsDays: 1, Passing: true}, c.alone)
	if err != nil {
		return nil, err
	}
	image, err := components.NewImage(c.Context, c.name, components.ImageArgs{ParameterName: c.parameters() + "/image", ImageID: c.Config.App.Image}, c.alone)
	if err != nil {
		return nil, err
	}
	userData := components.UserDataArgs{Region: c.Config.Region, ParameterPath: c.parameters(), NoJobs: true}
	return components.NewLaunch(c.Context, c.name, components.LaunchArgs{
		Region: c.Config.Region, AccountID: c.account, InstanceType: c.Config.App.InstanceType, VolumeGiB: c.Config.App.DiskGiB,
		ImageParameter: image.ParameterName, SecurityGroupID: network.InstanceSecurityGroup, Tags: c.tags(),
		UserData:      components.UserDataOutput(userData, secrets.ARN, media.Bucket),
		ParameterPath: c.parameters(), SecretARN: secrets.ARN, BucketARN: media.ARN,
	}, c.alone)
}

// serve makes what serves the site, and waits until it does.
func (c *copied) serve(network *components.Network, launch *components.Launch, database *components.Parameter) error {
	for key, value := range map[string]string{"site": siteURL(c.Config), "epoch": strconv.Itoa(c.memory.Claim.Epoch)} {
		if _, err := c.publish(key, pulumi.String(value)); err != nil {
			return err
		}
	}
	way, err := hooks.MakeWay(c.Context, c.name, c.runtime)
	if err != nil {
		return err
	}
	var ready []pulumi.Resource
	if c.Config.Network.NAT != "none" {
		egress, err := components.NewEgress(c.Context, c.name, components.EgressArgs{
			PublicSubnetIDs: network.PublicSubnetIDs, PrivateRouteTableIDs: network.PrivateRouteTableIDs, Gateways: 1, Hooks: way,
		}, c.alone)
		if err != nil {
			return err
		}
		ready = egress.Routes
	}
	targets, err := components.NewTargets(c.Context, c.name, components.TargetsArgs{VPCID: network.VPCID}, c.alone)
	if err != nil {
		return err
	}
	balancer, err := components.NewBalancer(c.Context, c.name, components.BalancerArgs{
		SubnetIDs: network.PublicSubnetIDs, SecurityGroupID: network.BalancerSecurityGroup,
		TargetGroupARN: targets.ARN, CertificateARN: c.Config.App.Certificate, Hooks: way,
	}, c.alone)
	if err != nil {
		return err
	}
	instances, err := components.NewInstances(c.Context, c.name, components.InstancesArgs{
		Launch: launch, SubnetIDs: network.PrivateSubnetIDs, TargetGroupARN: targets.ARN,
		Min: c.Config.App.Min, Max: c.Config.App.Min, Tags: c.expiring(), After: ready,
	}, c.alone)
	if err != nil {
		return err
	}
	healthy, err := hooks.Serving(c.Context, c.name, c.runtime, theBalancer, func() error { return nil })
	if err != nil {
		return err
	}
	after := append([]pulumi.Resource{instances.Group, database.Resource}, balancer.Listeners...)
	_, err = pulumi.NewStash(c.Context, servedName, &pulumi.StashArgs{Input: balancer.DNSName}, pulumi.DependsOn(after), pulumi.ResourceHooks(healthy))
	return err
}

// theBalancer is the DNS name in the inputs of the resource that waits until the copy serves.
func theBalancer(args *pulumi.ResourceHookArgs) (string, error) {
	if name := args.NewInputs["input"]; name.IsString() {
		return name.StringValue(), nil
	}
	return "", fmt.Errorf("there is no balancer to verify in %s", args.Name)
}

// siteURL is the address of the site, under its own name.
func siteURL(c stacks.Config) string {
	if c.App.Certificate == "" {
		return "http://" + c.Domain
	}
	return "https://" + c.Domain
}
