package stacks

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/components"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/state"
	"github.com/pilotlight-dr/pilotlight/wordpress"
)

// register registers the whole stack. What costs nothing exists in either role;
// what costs money, and what must not exist before a claim, is part of serve.
func (s *site) register() error {
	foundation, err := s.foundation()
	if err != nil {
		return err
	}
	served, err := s.serve(foundation)
	if err != nil {
		return err
	}
	database, err := s.databases(foundation, served)
	if err != nil {
		return err
	}
	if err := s.open(served, database); err != nil {
		return err
	}
	if err := s.alarms(foundation, served, database); err != nil {
		return err
	}
	if err := s.publishToPeer(foundation, served, database); err != nil {
		return err
	}
	if err := s.compareMedia(foundation); err != nil {
		return err
	}
	s.export(foundation, served)
	if err := s.writeInventory(); err != nil {
		return err
	}
	return s.destroyGuard()
}

// foundation is what a stack has in either role and that costs little or nothing.
type foundation struct {
	network *components.Network
	key     *components.Key
	media   *components.Media
	copies  pulumi.Resource // S3's rule to copy media to the other side; nil while that has no bucket
	targets *components.Targets
	launch  *components.Launch
	// certificate is the ARN of the balancer's; nil for none.
	certificate pulumi.StringInput
}

func (s *site) foundation() (*foundation, error) {
	name, alone := s.cfg.Name(), pulumi.Provider(s.provider)
	network, err := components.NewNetwork(s.Context, name, components.NetworkArgs{
		Region: s.cfg.Region, CIDR: netip.MustParsePrefix(s.cfg.Network.CIDR).Masked(), Zones: s.cfg.Network.Zones,
		Visitors: s.cfg.VisitorNetworks(), Egress: s.cfg.Network.Egress,
	}, alone)
	if err != nil {
		return nil, err
	}
	key, err := components.NewKey(s.Context, name, components.KeyArgs{Region: s.cfg.Region, AccountID: s.account}, alone)
	if err != nil {
		return nil, err
	}
	secrets, err := s.stashSecrets()
	if err != nil {
		return nil, err
	}
	media, copies, err := s.media()
	if err != nil {
		return nil, err
	}
	targets, err := components.NewTargets(s.Context, name, components.TargetsArgs{VPCID: network.VPCID, SlowStartSeconds: slowStart}, alone)
	if err != nil {
		return nil, err
	}
	if _, err := s.publish("site", pulumi.String(s.cfg.URL()), alone); err != nil {
		return nil, err
	}
	launch, err := NewLaunch(s.Context, name, LaunchArgs{
		Config: s.sized(), Account: s.account, Path: s.parameters(s.cfg.Stack), Image: s.image.id, RootDevice: s.image.rootDevice,
		Network: network, Secrets: secrets, Media: media, Tags: tags(s.cfg),
	}, alone)
	if err != nil {
		return nil, err
	}
	if err := s.syncImages(); err != nil {
		return nil, err
	}
	certificate, err := s.certificate()
	return &foundation{network: network, key: key, media: media, copies: copies, targets: targets, launch: launch, certificate: certificate}, err
}

// slowStart is for how many seconds an instance that joins others gets a growing share of the requests. The first
// instances of a failover get theirs at once: a target enters slow start only beside a healthy one that is not in it
// ("Slow start mode" in the user guide of Application Load Balancers). They have primed their pages by then.
const slowStart = 60

// stashSecrets holds the application's secrets in the state and puts them where
// the instances read them. All that uses a secret takes it from there, so that
// none is in use before it is saved.
func (s *site) stashSecrets() (*components.Secrets, error) {
	ended, err := s.hooks.WaitRotated(s.endsRotation)
	if err != nil {
		return nil, err
	}
	kept, err := state.Stash(s.Context, state.SecretsStash, pulumi.ToSecret(state.JSON(s.secrets)).(pulumi.StringOutput), pulumi.ResourceHooks(ended))
	if err != nil {
		return nil, err
	}
	s.saved.secrets = kept.Input.ApplyT(func(value any) (map[string]string, error) {
		var secrets map[string]string
		err := state.Unstash(value, &secrets)
		return secrets, err
	}).(pulumi.StringMapOutput)
	secrets, err := components.NewSecrets(s.Context, s.cfg.Name(), components.SecretsArgs{Values: s.saved.secrets}, pulumi.Provider(s.provider))
	if err != nil {
		return nil, err
	}
	_, err = s.publish("secret", secrets.Version, pulumi.Provider(s.provider)) // which has the instances read it
	return secrets, err
}

func (s *site) secret(key string) pulumi.StringOutput {
	return s.saved.secrets.MapIndex(pulumi.String(key))
}

// publish puts a value where the instances look at boot and every minute.
func (s *site) publish(key string, value pulumi.StringInput, opts ...pulumi.ResourceOption) (*components.Parameter, error) {
	return components.NewParameter(s.Context, s.cfg.Name(), components.ParameterArgs{
		Path: s.parameters(s.cfg.Stack), Key: key, Value: value,
	}, opts...)
}

// databases makes the current database, and keeps the former ones as they were
// until their end was asked for and allowed.
func (s *site) databases(f *foundation, served *application) (*components.Database, error) {
	settled, err := s.hooks.WaitModifiable()
	if err != nil {
		return nil, err
	}
	for _, former := range s.plan.Claim.Former {
		if _, err := s.former(f, former, settled); err != nil {
			return nil, err
		}
	}
	if s.plan.Do == roles.End {
		former := s.own.Claim.FormerGeneration()
		former.Engine = s.own.Published.EngineVersion
		database, err := s.former(f, former, settled)
		if err != nil {
			return nil, err
		}
		_, err = s.publish("database", database.Address, pulumi.Provider(s.provider))
		return database, err
	}
	current := s.plan.Claim.Generation
	args := s.databaseArgs(f, current)
	args.Hooks, args.KeepsClass = settled, s.keepsClass()
	if has := s.own.Published.Class; args.KeepsClass && has != "" && has != args.Class {
		s.inform("the database stays a " + has + " for now, although database.class is " + args.Class + ": pilotlight deploy changes that at a quiet moment, and takes the database away for minutes")
	}
	switch {
	case current.Origin == roles.OriginEmpty:
		args.MultiAZ, args.FinalSnapshot = pulumi.Bool(s.cfg.Database.MultiAZ), pulumi.Bool(true)
	case s.plan.Claim.Leads():
		// What only an active one gets comes after the switch, off its path.
		if args.MultiAZ, err = s.secondZone(served); err != nil {
			return nil, err
		}
		args.FinalSnapshot = served.after(true)
		if args.Replica.Password != nil {
			args.Replica.Password = pulumi.All(served.switched.URN(), args.Replica.Password).ApplyT(func(done []any) string { return done[1].(string) }).(pulumi.StringOutput)
		}
	}
	readOnly, err := s.readOnly(served)
	if err != nil {
		return nil, err
	}
	args.ReadOnly = readOnly
	database, err := components.NewDatabase(s.Context, s.cfg.DatabaseID(current.Number), args, pulumi.Provider(s.provider))
	if err != nil {
		return nil, err
	}
	_, err = s.publish("database", database.Address, pulumi.Provider(s.provider))
	return database, err
}

// former keeps a database that was current once as it is, until its end is asked for.
func (s *site) former(f *foundation, born roles.Generation, settled *pulumi.ResourceHookBinding) (*components.Database, error) {
	args := s.databaseArgs(f, born)
	args.Hooks = settled
	args.DeletionProtection, args.FinalSnapshot = !born.DeleteRequested && !s.tearingDown(), pulumi.Bool(!born.SkipFinalSnapshot || s.formers.promoted[born.Number])
	args.ReadOnly = pulumi.Bool(true)
	args.Unchanged = s.activating || s.formers.stuck[born.Number] != "" // an activation does not look at it, and waits for no change of it
	return components.NewDatabase(s.Context, s.cfg.DatabaseID(born.Number), args, pulumi.Provider(s.provider))
}

// secondZone is whether a promoted database has one: once it has served for a while.
func (s *site) secondZone(served *application) (pulumi.BoolInput, error) {
	if !s.cfg.Database.MultiAZ {
		return pulumi.Bool(false), nil
	}
	hook, err := s.hooks.WaitSecondZone()
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("%s-second-zone-%d", s.cfg.Name(), s.plan.Claim.Epoch)
	due, err := state.Stash(s.Context, name, pulumi.String(s.cfg.DatabaseID(s.plan.Claim.Generation.Number)),
		served.below, pulumi.DependsOn([]pulumi.Resource{served.switched}), pulumi.ResourceHooks(hook))
	if err != nil {
		return nil, err
	}
	return once(due, true), nil
}

// databaseArgs are those of a database by its birth, never by the stack's role.
func (s *site) databaseArgs(f *foundation, born roles.Generation) components.DatabaseArgs {
	d := s.cfg.Database
	args := components.DatabaseArgs{
		Identifier: s.cfg.DatabaseID(born.Number), Class: d.Class, EngineVersion: cmp.Or(born.Engine, d.EngineVersion), BackupDays: d.BackupDays,
		MaxStorageGiB: storageCeiling(d, born.Origin, s.peer.MaxStorageGiB), Parameters: d.Parameters, LogDays: s.cfg.LogDays,
		SubnetGroup: f.network.DatabaseSubnetGroup, SecurityGroupID: f.network.DatabaseSecurityGroup, KeyARN: f.key.ARN,
		SnapshotSuffix: keySuffix(f.key), // a key is not made twice, so neither is the name of the final snapshot
		MultiAZ:        pulumi.Bool(false), FinalSnapshot: pulumi.Bool(false), ReadOnly: pulumi.Bool(false), DeletionProtection: !s.tearingDown(),
	}
	args.BackupWindow, args.MaintenanceWindow = s.cfg.Windows()
	if born.Origin == roles.OriginEmpty {
		args.Primary = &components.PrimaryArgs{
			Username: s.secrets[wordpress.MasterUser], DatabaseName: s.secrets[wordpress.DatabaseName],
			Password: s.secret(wordpress.MasterPassword), StorageGiB: d.StorageGiB,
		}
	} else {
		args.Replica = &components.ReplicaArgs{
			SourceARN: s.peer.Database, Encrypted: !s.unencryptedSource(), Password: s.ownPassword(born),
		}
	}
	return args
}

// unencryptedSource reports whether the database that a replica is made of is not encrypted: AWS makes none that differs.
func (s *site) unencryptedSource() bool {
	if s.cfg.Production != nil {
		return s.cfg.Production.Unencrypted
	}
	return s.peer.Unencrypted
}

// keySuffix is the part of a key's id that tells it from others.
func keySuffix(key *components.Key) pulumi.StringOutput {
	return key.ARN.ApplyT(func(arn string) string { return arn[max(0, len(arn)-8):] }).(pulumi.StringOutput)
}

// publishToPeer keeps in the state what the peer needs of this stack, and what this stack knows of the peer.
func (s *site) publishToPeer(f *foundation, served *application, database *components.Database) error {
	serving := s.serving()
	facts := pulumi.All(database.ARN, f.media.ARN, database.StorageGiB, database.Encrypted, database.Class).ApplyT(func(made []any) string {
		published := publishes(s.cfg, s.account)
		published.Database, published.Bucket, published.AllocatedGiB = made[0].(string), made[1].(string), made[2].(int)
		encrypted, _ := made[3].(*bool)
		published.Unencrypted = encrypted != nil && !*encrypted
		published.Image, published.ImageCreatedAt, published.RootDevice = s.image.id, s.image.made, s.image.rootDevice
		published.MaxStorageGiB = storageCeiling(s.cfg.Database, s.plan.Claim.Generation.Origin, s.peer.MaxStorageGiB)
		published.Class, published.WantedClass = made[4].(string), s.cfg.Database.Class
		published.StorageGiB = givenStorage(s.cfg.Database, s.plan.Claim.Generation.Origin)
		published.Home, published.Secrets, published.Instances = s.home(), state.HashSecrets(wordpress.Settle(s.secrets)), serving
		s.rotates(&published)
		return string(state.JSON(published))
	}).(pulumi.StringOutput)
	var after []pulumi.Resource
	if s.rollsOut() { // or the image would count as rolled out although that has failed
		after = append(after, served.group)
	}
	if _, err := state.Stash(s.Context, state.PublishedStash, facts, pulumi.DependsOn(after)); err != nil {
		return err
	}
	_, err := state.Stash(s.Context, state.PeerStash, state.JSON(s.peer))
	return err
}

// export tells what an operator needs. Role and epoch come from the claim as it
// was saved, so that a refused update keeps what was exported before.
func (s *site) export(f *foundation, served *application) {
	if who := reachedBy(s.cfg.Visitors, s.plan.Claim, s.activating); who != "" {
		s.inform(who)
	}
	saved := func(pick func(roles.Claim) pulumi.Input) pulumi.Output {
		return s.saved.claim.Input.ApplyT(func(value any) (any, error) {
			var c roles.Claim
			err := state.Unstash(value, &c)
			return pick(c), err
		})
	}
	s.Export(OutputRole, saved(func(c roles.Claim) pulumi.Input { return pulumi.String(c.Role) }))
	s.Export(OutputEpoch, saved(func(c roles.Claim) pulumi.Input { return pulumi.Int(c.Epoch) }))
	s.Export(OutputGeneration, saved(func(c roles.Claim) pulumi.Input { return pulumi.Int(c.Generation.Number) }))
	s.Export(OutputURL, pulumi.String(s.cfg.URL()))
	s.Export(OutputBalancer, served.balancer)
	s.Export(OutputDatabase, pulumi.String(s.cfg.DatabaseID(s.plan.Claim.Generation.Number)))
	s.Export(OutputSource, pulumi.String(s.plan.Claim.Generation.Source))
	s.Export(OutputMedia, f.media.Bucket)
	s.Export(OutputAccepted, pulumi.ToStringArray(s.plan.Claim.Accepted))
	s.Export(OutputRegion, pulumi.String(s.cfg.Region))
}

// reachedBy says who may reach a site: where that is not everybody, and of a new one, whose
// installer is for the first who comes. A failover says nothing more: visitors come last.
func reachedBy(visitors []string, claim roles.Claim, activating bool) string {
	switch {
	case len(visitors) > 0:
		return fmt.Sprintf("only %s may reach the site: remove visitors from the configuration to open it", strings.Join(visitors, ", "))
	case activating && claim.Role == roles.Active && claim.Epoch <= 1 && claim.Generation.Origin == roles.OriginEmpty:
		return "everybody may reach the site, and with it WordPress's installer until it is completed: complete it as soon as it is there, " +
			"or set visitors to your own networks and run the same command again to close the site meanwhile"
	}
	return ""
}
