package drill

import (
	"net/netip"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/components"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/stacks"
	"github.com/pilotlight-dr/pilotlight/wordpress"
)

// parameters is the path below which the copy's instances find where things are.
func (c *copied) parameters() string { return config.ParameterPath(c.Config.Site, c.Stack()) }

func (c *copied) publish(key string, value pulumi.StringInput) (*components.Parameter, error) {
	return components.NewParameter(c.Context, c.name, components.ParameterArgs{Path: c.parameters(), Key: key, Value: value}, c.alone)
}

// register registers the copy: what a failover finds, what it makes, and in place of
// the promotion a database from a snapshot.
func (c *copied) register() error {
	var visitors []netip.Prefix
	if c.Copy.Visitors.IsValid() {
		visitors = append(visitors, c.Copy.Visitors)
	}
	network, err := components.NewNetwork(c.Context, c.name, components.NetworkArgs{
		Region: c.Config.Region, CIDR: netip.MustParsePrefix(c.Config.Network.CIDR).Masked(), Zones: c.Config.Network.Zones, Visitors: visitors,
		Services: []string{"ssm", "secretsmanager", "logs"}, // all that instances call beside S3, which has the packages, too
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
	return c.serve(network, launch, database)
}

// database is restored beside all else. Its key is the snapshot's.
func (c *copied) database(network *components.Network) (*components.Parameter, error) {
	settled, err := c.hooks.WaitModifiable()
	if err != nil {
		return nil, err
	}
	database, err := components.NewDatabase(c.Context, c.name, components.DatabaseArgs{
		Identifier: c.name, Class: c.Config.Database.Class, EngineVersion: c.Config.Database.EngineVersion, Parameters: c.Config.Database.Parameters,
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

// launch is as that of the standby, but for the jobs that are not run, and for a
// bucket of its own: what is written in a drill must not be among the site's media.
func (c *copied) launch(network *components.Network) (*components.Launch, error) {
	secrets, err := components.NewSecrets(c.Context, c.name, components.SecretsArgs{
		Values: pulumi.ToSecret(pulumi.ToStringMap(c.state.Secrets)).(pulumi.StringMapOutput), Passing: true,
	}, c.alone)
	if err != nil {
		return nil, err
	}
	media, err := components.NewMedia(c.Context, c.name, components.MediaArgs{KeepVersionsDays: 1, Passing: true}, c.alone)
	if err != nil {
		return nil, err
	}
	id, rootDevice, err := c.image()
	if err != nil {
		return nil, err
	}
	return stacks.NewLaunch(c.Context, c.name, stacks.LaunchArgs{
		Config: c.Config, Account: c.account, Path: c.parameters(), Image: id, RootDevice: rootDevice, Copy: true,
		Network: network, Secrets: secrets, Media: media, Tags: c.tags(),
	}, c.alone)
}

// image is what instances start from: as the standby's would in a failover now.
func (c *copied) image() (id, rootDevice string, err error) {
	if configured := c.Config.App.Image; configured != "" {
		return configured, c.state.Published.RootDevice, nil
	}
	newest, err := c.runtime.Image(c.Context.Context())
	if err != nil {
		return "", "", err
	}
	return newest.ID, newest.RootDevice, nil
}

// serve makes what serves the site, and waits until it does.
func (c *copied) serve(network *components.Network, launch *components.Launch, database *components.Parameter) error {
	for key, value := range map[string]string{"site": c.Config.URL(), "epoch": strconv.Itoa(c.state.Claim.Epoch)} {
		if _, err := c.publish(key, pulumi.String(value)); err != nil {
			return err
		}
	}
	orphans, err := c.hooks.RemoveOrphans()
	if err != nil {
		return err
	}
	targets, err := components.NewTargets(c.Context, c.name, components.TargetsArgs{VPCID: network.VPCID}, c.alone)
	if err != nil {
		return err
	}
	made, err := components.NewApplication(c.Context, c.name, components.ApplicationArgs{
		Network: network, Targets: targets, Launch: launch, Gateways: c.gateways(), Balancer: true, CertificateARN: c.certificate(),
		Cache: &components.CacheArgs{
			NodeType: c.Config.Cache.NodeType, Nodes: c.Config.Cache.Nodes, EngineVersion: c.Config.Cache.EngineVersion,
			AuthToken: pulumi.ToSecret(pulumi.String(c.state.Secrets[wordpress.CacheToken])).(pulumi.StringOutput),
		},
		Types: c.Config.App.Types(), Min: c.Config.App.Min, Max: c.Config.App.Min, Tags: c.expiring(), Hooks: orphans,
	}, c.alone)
	if err != nil {
		return err
	}
	if _, err := c.publish("cache", made.Cache.Address); err != nil {
		return err
	}
	healthy, err := c.hooks.WaitHealthy(func() error { return nil })
	if err != nil {
		return err
	}
	begun, err := c.hooks.WaitInstances()
	if err != nil {
		return err
	}
	started, err := pulumi.NewStash(c.Context, startedName, &pulumi.StashArgs{Input: made.Instances.GroupName}, pulumi.DependsOn([]pulumi.Resource{made.Instances.Group}), pulumi.ResourceHooks(begun))
	if err != nil {
		return err
	}
	after := append([]pulumi.Resource{started, database.Resource}, made.Balancer.Listeners...)
	_, err = pulumi.NewStash(c.Context, servedName, &pulumi.StashArgs{Input: made.Balancer.DNSName}, pulumi.DependsOn(after), pulumi.ResourceHooks(healthy))
	return err
}

// certificate is that of the standby; nil for none.
func (c *copied) certificate() pulumi.StringInput {
	if arn := stacks.CertificateARN(c.Config, c.state); arn != "" {
		return pulumi.String(arn)
	}
	return nil
}

// gateways are as few as will do: a drill shows the way out, and not its second zone.
func (c *copied) gateways() int {
	if c.Config.Network.NAT == "none" {
		return 0
	}
	return 1
}
