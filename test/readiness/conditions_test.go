package readiness

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pilotlight-dr/pilotlight/awsregion"
	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/state"
)

// condition is something that may be so on a day.
type condition struct {
	name string
	// finding is its number in the list of what a real site met (B5r: types that no zone has); empty for none.
	finding string
	// codes are those by which check may say it; none is what a failover survives.
	codes []string
	// of is what in AWS it changes: two conditions of the same never come together. Empty for what no other changes.
	of string
	// here are those of this machine: files, states and locks.
	here bool
	// backend is what is wrong with it; empty for nothing.
	backend string
	// silences is for what comes last: nobody can change anything on AWS after it.
	silences bool
	fits     func(config.Config) bool // nil fits every configuration of the standby
	spoil    func(*world) error       // before the check
	later    func(*world)             // after it, while production still lives
}

// faults are spoilt by faults of the simulator.
func faults(all ...string) func(*world) error {
	return func(w *world) error {
		for _, text := range all {
			fault, err := sim.ParseFault(text)
			if err != nil {
				return err
			}
			if err := w.sim.Inject(fault); err != nil {
				return err
			}
		}
		return nil
	}
}

// object changes what a region has of a type.
func object(typ string, own bool, change func(*sim.Object) bool) func(*world) error {
	return func(w *world) error {
		region, met := w.peer().Config.Region, 0
		if own {
			region = w.own().Config.Region
		}
		w.sim.ByHand(func(o *sim.Object) bool {
			if o.Type != typ || o.Region != region {
				return true
			}
			met++
			return change(o)
		})
		if met == 0 {
			return fmt.Errorf("%s has no %s", region, typ)
		}
		return nil
	}
}

// set changes a property.
func set(typ string, own bool, prop string, value any) func(*world) error {
	return object(typ, own, func(o *sim.Object) bool {
		o.Props[prop] = value
		return true
	})
}

func gone(*sim.Object) bool { return false }

const (
	databaseType  = "aws:rds/instance:Instance"
	groupType     = "aws:rds/parameterGroup:ParameterGroup"
	parameterType = "aws:ssm/parameter:Parameter"
	recordType    = "aws:route53/record:Record"
	bucketType    = "aws:s3/bucketV2:BucketV2"
)

// encrypted has a new key of the customer encrypt volumes in the standby's region.
func encrypted(w *world) (arn string, err error) {
	region := w.own().Config.Region
	key, err := w.sim.CreateKey(region, "volumes", nil)
	w.sim.EncryptVolumes(region, key.ARN)
	return key.ARN, err
}

// image changes the standby's image.
func image(change func(*sim.Image)) func(*world) error {
	return func(w *world) error {
		c := w.own().Config
		found, err := w.sim.ImagesNamed(c.Region, []string{c.App.Image})
		if err != nil {
			return err
		}
		change(&found[0])
		w.sim.PutImage(c.Region, found[0])
		return nil
	}
}

func certificate(change func(*world, *sim.Certificate)) func(*world) error {
	return func(w *world) error {
		c := w.own().Config
		found, err := w.sim.Certificate(c.Region, w.certificate())
		change(w, &found)
		w.sim.AddCertificate(found)
		return err
	}
}

// parameter adds a parameter to the group of a side's database.
func parameter(own bool, name, value string) func(*world) error {
	return object(groupType, own, func(o *sim.Object) bool {
		list, _ := o.Props["parameters"].([]any)
		o.Props["parameters"] = append(list, map[string]any{"name": name, "value": value, "applyMethod": "immediate"})
		return true
	})
}

// record makes a record at the site's name, in place of the one that is there or beside it.
func record(instead bool, props map[string]any) func(*world) error {
	return func(w *world) error {
		c := w.peer().Config
		inputs := map[string]any{"zoneId": c.DNS.ZoneID, "name": c.Domain, "ttl": 60.0}
		w.sim.ByHand(func(o *sim.Object) bool {
			if o.Type != recordType || o.Props["zoneId"] != c.DNS.ZoneID || strings.Contains(o.Name, "-validation-") {
				return true
			}
			if instead {
				for _, prop := range []string{"type", "aliases"} {
					inputs[prop] = o.Props[prop]
				}
			}
			return !instead
		})
		for prop, value := range props {
			inputs[prop] = value
		}
		if inputs["type"] == "CNAME" {
			delete(inputs, "aliases")
			inputs["records"] = []any{w.sim.Balancers(c.Region)[0].DNSName}
		}
		_, err := w.sim.Create(context.Background(), sim.Call{Region: c.Region, Type: recordType, Name: "by hand", Inputs: inputs})
		return err
	}
}

// zone lets another zone of the same name be the one that visitors ask.
func zone(other func(*world, string)) func(*world) error {
	return func(w *world) error {
		c := w.peer().Config
		held, err := w.sim.Zone(c.DNS.ZoneID)
		if err != nil {
			return err
		}
		w.sim.AddZone("ZPUBLIC", held.Name)
		w.sim.SetRecord(c.Region, "ZPUBLIC", c.Domain, w.sim.Balancers(c.Region)[0].DNSName)
		other(w, c.DNS.ZoneID)
		return nil
	}
}

func routed(c config.Config) bool { return c.DNS.ZoneID != "" }
func secure(c config.Config) bool { return c.App.HTTPS() }

// lonely reports whether AWS could make no role of its own in a failover.
func lonely(part config.WarmPart) func(config.Config) bool {
	return func(c config.Config) bool {
		return !c.Warm(part) && c.PeerRegion() == awsregion.ControlPlane("iam", c.Region)
	}
}

// roleless has an account that never had a role of AWS's own.
func roleless(role string) func(*world) error {
	return func(w *world) error {
		w.sim.LackServiceRole(role)
		return nil
	}
}

func requests(c config.Config) bool { return c.App.RequestsCertificate() }

// probed reports whether the site is asked whether production lives.
func probed(c config.Config) bool { return c.Failover.Probe }

// preNitro reports whether no type of the configuration knows UEFI.
func preNitro(c config.Config) bool {
	return !slices.ContainsFunc(c.App.Types(), func(t string) bool { return !strings.HasPrefix(t, "m4.") })
}

// conditions are the days that worlds are made of.
var conditions = []condition{
	{name: "image missing", codes: []string{checks.ImageMissing}, spoil: faults("image=missing")},
	{name: "image old", finding: "B14r", codes: []string{checks.ImageOld}, spoil: oldImage},
	{name: "image for arm64", finding: "B5r", codes: []string{checks.TypeArchitecture}, spoil: faults("image=arm64")},
	{name: "image that boots by UEFI alone", codes: []string{checks.TypeBootMode}, fits: preNitro, spoil: faults("image=uefi")},
	{name: "image that boots by UEFI, and types that do", fits: func(c config.Config) bool { return !preNitro(c) }, spoil: faults("image=uefi")},
	{name: "image pending", codes: []string{checks.ImageState}, spoil: image(func(i *sim.Image) { i.State = "pending" })},
	{name: "image larger than the disk", codes: []string{checks.ImageTooLarge}, spoil: image(func(i *sim.Image) { i.RootGiB = 200 })},

	{name: "public access blocked", of: "network", codes: []string{checks.NetworkBlocked}, spoil: func(w *world) error {
		w.sim.BlockPublicAccess(w.own().Config.Region, "block-ingress")
		return nil
	}},
	{name: "volumes under a customer's key", of: "volumes", codes: []string{checks.VolumeKeyUnusable}, spoil: func(w *world) error {
		_, err := encrypted(w)
		return err
	}},
	{name: "volumes under a customer's key, with a grant", of: "volumes", spoil: func(w *world) error {
		key, err := encrypted(w)
		w.sim.Grant(key, checks.LaunchRole(awsregion.Partition(w.own().Config.Region), w.sim.Account()))
		return err
	}},

	{name: "types in no zone", finding: "B5r", codes: []string{checks.TypeNotOffered}, spoil: func(w *world) error {
		return each(w, func(t string) string { return "offer=" + w.own().Config.Region + ":" + t })
	}},
	{name: "first of several types in no zone", fits: func(c config.Config) bool { return len(c.App.Types()) > 1 }, spoil: func(w *world) error {
		return faults("offer=" + w.own().Config.Region + ":" + w.own().Config.App.InstanceType)(w)
	}},
	{name: "types in one zone", spoil: func(w *world) error {
		return each(w, func(t string) string { return "offer=" + w.own().Config.Network.Zones[0] + ":" + t })
	}},
	{name: "types unseen", codes: []string{checks.TypesUnseen}, spoil: faults("error=ec2:DescribeInstanceTypes:UnauthorizedOperation:99")},
	{name: "types unseen, and in no zone", codes: []string{checks.TypesUnseen}, spoil: func(w *world) error {
		if err := faults("error=ec2:DescribeInstanceTypeOfferings:UnauthorizedOperation:99")(w); err != nil {
			return err
		}
		return each(w, func(t string) string { return "offer=" + w.own().Config.Region + ":" + t })
	}},

	{name: "zone that nobody asks", codes: []string{checks.NameDelegated}, fits: routed, spoil: faults("zone=elsewhere")},
	{name: "CNAME at the name", of: "record", finding: "B10r", codes: []string{checks.NameCNAME}, fits: routed, spoil: record(true, map[string]any{"type": "CNAME"})},
	{name: "AAAA at the name", of: "record", finding: "B10r", codes: []string{checks.NameAAAA}, fits: routed, spoil: record(false, map[string]any{"type": "AAAA", "records": []any{"2001:db8::1"}})},
	{name: "weighted records at the name", of: "record", finding: "B10r", codes: []string{checks.NameRouted}, fits: routed, spoil: record(true, map[string]any{"setIdentifier": "blue", "weight": 10.0})},
	{name: "private zone", codes: []string{checks.NamePrivate, checks.NameDelegated}, fits: routed, spoil: zone(func(w *world, id string) { w.sim.MakePrivate(id) })},
	{name: "zone of another name", codes: []string{checks.NameZone}, fits: routed, spoil: zone(func(w *world, id string) { w.sim.AddZone(id, "example.org") })},
	{name: "zone unseen", codes: []string{checks.NameUnseen}, fits: routed, spoil: faults("error=route53:ListResourceRecordSets:AccessDenied:99")},
	{name: "zone unseen, with a CNAME", of: "record", codes: []string{checks.NameUnseen}, fits: routed, spoil: func(w *world) error {
		if err := record(true, map[string]any{"type": "CNAME"})(w); err != nil {
			return err
		}
		return faults("error=route53:ListResourceRecordSets:AccessDenied:99")(w)
	}},

	{name: "certificate missing", codes: []string{checks.CertificateMissing}, fits: secure, spoil: func(w *world) error {
		w.sim.RemoveCertificate(w.certificate())
		return nil
	}},
	{name: "certificate pending", codes: []string{checks.CertificateState}, fits: secure, spoil: certificate(func(_ *world, c *sim.Certificate) { c.Status = "PENDING_VALIDATION" })},
	{name: "certificate of another name", codes: []string{checks.CertificateName}, fits: secure, spoil: certificate(func(_ *world, c *sim.Certificate) { c.Names = []string{"shop.example.com"} })},
	{name: "certificate that ends", codes: []string{checks.CertificateExpires}, fits: secure, spoil: certificate(func(w *world, c *sim.Certificate) { c.Until = w.sim.Clock().Now().Add(45 * time.Minute) })},

	{name: "certificate that ACM does not renew", codes: []string{checks.CertificateUnused}, fits: requests, spoil: certificate(func(w *world, c *sim.Certificate) { c.Until = w.sim.Clock().Now().AddDate(0, 0, 50) })},
	{name: "record of the certificate deleted", codes: []string{checks.CertificateRecord}, fits: requests, spoil: func(w *world) error {
		w.sim.ByHand(func(o *sim.Object) bool { return !strings.Contains(o.Name, "-validation-") })
		return nil
	}},

	{name: "no replica", codes: []string{checks.ReplicaMissing}, spoil: object(databaseType, true, gone)},
	{name: "replica of another database", codes: []string{checks.ReplicaWrongSource}, spoil: object(databaseType, true, func(o *sim.Object) bool {
		o.Props["replicateSourceDb"] = strings.Replace(o.Props["replicateSourceDb"].(string), ":db:", ":db:old-", 1)
		o.Rows = nil
		return true
	})},
	{name: "replica that stays read-only", codes: []string{checks.ReplicaReadOnly}, spoil: parameter(true, "read_only", "1")},
	{name: "applier stopped", codes: []string{checks.ReplicaApplier, checks.LagUnknown}, spoil: faults("replication=broken")},
	{name: "binary log gone", finding: "B12", codes: []string{checks.LagTooHigh, checks.LagUnknown}, spoil: faults("replication=purged")},
	{name: "lag of 12 minutes", codes: []string{checks.LagTooHigh}, spoil: faults("lag=12m")},
	{name: "lag of 2 minutes", spoil: faults("lag=2m")},
	{name: "lag that grows", codes: []string{checks.LagTooHigh}, spoil: faults("lag=growing")},
	{name: "lag unmeasured", codes: []string{checks.LagUnknown}, spoil: faults("lag=unmeasured")},
	{name: "engine raised in the file alone", here: true, finding: "B3r", codes: []string{checks.ReplicaEngine}, spoil: func(w *world) error {
		w.own().Config.Database.EngineVersion += ".99"
		return nil
	}},

	{name: "ceiling below the source's", finding: "A4", codes: []string{checks.StorageCeiling}, spoil: set(databaseType, true, "maxAllocatedStorage", 0.0),
		later: func(w *world) { w.sim.Grow(w.peer().Config.Region, w.peer().Config.DatabaseID(1), 300) }},
	{name: "storage nearly full", codes: []string{checks.StorageLow}, spoil: faults("storage=low"),
		later: func(w *world) { w.sim.Grow(w.peer().Config.Region, w.peer().Config.DatabaseID(1), 60) }},
	{name: "storage that grows", later: func(w *world) { w.sim.Grow(w.peer().Config.Region, w.peer().Config.DatabaseID(1), 300) }},
	{name: "replica older than its source", codes: []string{checks.EngineOlder}, spoil: set(databaseType, false, "engineVersionActual", "8.4.99"), later: large(1)},
	{name: "smaller packets", of: "settings", finding: "B15", codes: []string{checks.ParametersDiffer}, spoil: parameter(false, "max_allowed_packet", "1073741824"), later: large(200 << 20)},
	{name: "larger packets", of: "settings", spoil: parameter(true, "max_allowed_packet", "1073741824"), later: large(200 << 20)},
	{name: "packets that wait for a reboot", of: "settings", codes: []string{checks.ParametersPending}, later: large(200 << 20), spoil: func(w *world) error {
		const name, value = "max_allowed_packet", "1073741824"
		return errors.Join(parameter(false, name, value)(w), parameter(true, name, value)(w), newGroup(w))
	}},
	{name: "a group that waits for a reboot", of: "settings", spoil: newGroup, later: large(1)},
	{name: "another sql_mode", of: "settings", codes: []string{checks.ParametersDiffer}, spoil: parameter(false, "sql_mode", "ANSI")},

	{name: "secrets unlike", here: true, finding: "B4", codes: []string{ops.SecretsDiffer}, spoil: func(w *world) error {
		w.peer().State.Published.Secrets, w.password = "another hash", "another password"
		return nil
	}},
	{name: "lock held", here: true, backend: locked, finding: "B8r", codes: []string{refusal.CodeLocked}},
	{name: standbySpoilt, here: true, backend: standbySpoilt, codes: []string{refusal.CodeState}},
	{name: productionSpoilt, here: true, backend: productionSpoilt, codes: []string{refusal.CodeState}},
	{name: anotherPassphrase, here: true, backend: anotherPassphrase, codes: []string{refusal.CodeKeys}},
	{name: "key of the standby's state in production's region", here: true, codes: []string{ops.KeysInRegion}, spoil: keyIn(true)},
	{name: "key of production's state in production's region", here: true, codes: []string{ops.KeysInRegion}, spoil: keyIn(false)},
	{name: "key of the states in the standby's region", here: true, spoil: func(w *world) error {
		w.own().State.SecretsProvider.Address = "awskms://alias/state?region=" + w.own().Config.Region
		return nil
	}},
	{name: "files disagree", here: true, codes: []string{refusal.CodeMismatch}, spoil: func(w *world) error {
		peer := *w.own().Config.Peer
		peer.CIDR = "10.99.0.0/16"
		w.own().Config.Peer = &peer
		return nil
	}},
	{name: "state older than AWS", of: "parameters", codes: []string{refusal.CodeDiverged}, spoil: claimed(func(c roles.Claim) roles.Claim {
		c.Serial += 5
		return c
	})},
	{name: "state of the standby lost", here: true, codes: []string{refusal.CodeDiverged, refusal.CodeClaims}, spoil: func(w *world) error {
		w.own().State = state.State{}
		return nil
	}},
	{name: "state of production lost", here: true, codes: []string{refusal.CodeDiverged, refusal.CodeClaims}, spoil: func(w *world) error {
		w.peer().State = state.State{}
		return nil
	}},
	{name: "both sides lead", of: "parameters", here: true, codes: []string{refusal.CodeClaims}, spoil: func(w *world) error {
		w.own().State.Claim.Role, w.own().State.Claim.Epoch = roles.Active, w.peer().State.Claim.Epoch
		return claimed(func(roles.Claim) roles.Claim { return w.own().State.Claim })(w)
	}},
	{name: "activated by another backend", codes: []string{checks.Diverged}, fits: probed, spoil: object(parameterType, false, func(o *sim.Object) bool {
		if strings.HasSuffix(o.Name, "-epoch") {
			o.Props["value"], o.Props["insecureValue"] = "5", "5"
		}
		return true
	})},
	{name: "credentials refused", codes: []string{ops.CredentialsUnusable, "checks"}, spoil: faults("error=sts:GetCallerIdentity:AccessDenied:99")},
	{name: "credentials of another account", here: true, codes: []string{ops.CredentialsUnusable}, spoil: func(w *world) error {
		w.own().Config.Accounts = []string{"999999999999"}
		return nil
	}},
	{name: "recovery region silent", silences: true, codes: []string{refusal.CodeSilent, ops.CredentialsUnusable}, spoil: func(w *world) error {
		w.sim.LoseRegion(w.own().Config.Region, sim.Hang)
		return nil
	}},

	{name: "no room in one zone", finding: "B6r", later: night("capacity=ZONE")},
	{name: "promotion refused at first", later: night("promotion=refused")},
	{name: "throttled", later: night("throttle=rds:PromoteReadReplica:3", "throttle=ec2:CreateNatGateway:3", "throttle=elasticloadbalancing:DescribeTargetHealth:3")},
	{name: "no balancer before", codes: []string{checks.ServiceRoleMissing}, fits: lonely(config.WarmBalancer), spoil: roleless("AWSServiceRoleForElasticLoadBalancing")},
	{name: "no Redis before", codes: []string{checks.ServiceRoleMissing}, fits: lonely(config.WarmCache), spoil: roleless("AWSServiceRoleForElastiCache")},
	{name: "Redis without room", later: night("error=elasticache:CreateReplicationGroup:InsufficientCacheClusterCapacity")},
	{name: "busy visitors", later: night("load=high")},
}

// keyIn has a key of production's region encrypt a side's state.
func keyIn(own bool) func(*world) error {
	return func(w *world) error {
		side := w.peer()
		if own {
			side = w.own()
		}
		side.State.SecretsProvider.Address = "awskms://alias/state?region=" + w.peer().Config.Region
		return nil
	}
}

// oldImage: all images are a year older; production's was published before.
var oldImage = image(func(i *sim.Image) { i.Created = i.Created.AddDate(-1, 0, 0) })

// night lets faults loose that no check could foresee, and that a failover survives.
func night(all ...string) func(*world) {
	return func(w *world) {
		for _, text := range all {
			if err := faults(strings.ReplaceAll(text, "ZONE", w.own().Config.Network.Zones[0]))(w); err != nil {
				panic(err)
			}
		}
	}
}

// newGroup has the standby's database as an upgrade to another series leaves it: it has a parameter group that is not in force.
func newGroup(w *world) error {
	region, now := w.own().Config.Region, w.sim.Clock().Now()
	w.sim.ByHand(func(o *sim.Object) bool {
		if o.Type == databaseType && o.Region == region { // none on a day without a replica
			o.Times["associated"] = now
		}
		return true
	})
	return nil
}

func large(bytes int) func(*world) {
	return func(w *world) {
		w.sim.WriteLarge(w.peer().Config.Region, w.peer().Config.DatabaseID(1), "large", bytes)
	}
}

// each spoils every type of the configuration.
func each(w *world, fault func(name string) string) error {
	for _, t := range w.own().Config.App.Types() {
		if err := faults(fault(t))(w); err != nil {
			return err
		}
	}
	return nil
}

// claimed changes the standby's claim as AWS holds it.
func claimed(change func(roles.Claim) roles.Claim) func(*world) error {
	return object(parameterType, true, func(o *sim.Object) bool {
		var claim roles.Claim
		text, _ := o.Props["value"].(string)
		if strings.HasSuffix(o.Name, "-claim") && json.Unmarshal([]byte(text), &claim) == nil {
			now, _ := json.Marshal(change(claim))
			o.Props["value"], o.Props["insecureValue"] = string(now), string(now)
		}
		return true
	})
}

// stateConditions are the states of a replica: those that need a person, and those that do not.
func stateConditions() (all []condition) {
	for _, state := range []string{
		"deleting", "failed", "inaccessible-encryption-credentials", "inaccessible-encryption-credentials-recoverable", "incompatible-network",
		"incompatible-option-group", "incompatible-parameters", "incompatible-restore", "insufficient-capacity", "restore-error", "stopped", "stopping", "creating",
	} {
		all = append(all, condition{name: "replica " + state, codes: []string{checks.ReplicaState}, spoil: faults("database=" + state)})
	}
	for _, state := range []string{"storage-initialization", "storage-optimization"} {
		all = append(all, condition{name: "replica " + state, finding: "B1r", spoil: faults("database=" + state)})
	}
	return append(all,
		condition{name: "replica storage-full", codes: []string{checks.ReplicaState, checks.LagTooHigh, checks.LagUnknown, checks.StorageLow}, spoil: faults("database=storage-full")},
		condition{name: "replica in a state of tomorrow", codes: []string{checks.ReplicaUnknown}, spoil: faults("database=quantum-folding")},
	)
}

// deleted are the types of the standby that somebody may delete by hand: AWS lets go of them.
var deleted = map[string]string{
	"launch template": "aws:ec2/launchTemplate:LaunchTemplate",
	"target group":    "aws:lb/targetGroup:TargetGroup",
	"group":           "aws:autoscaling/group:Group",
	"scaling policy":  "aws:autoscaling/policy:Policy",
	"profile":         "aws:iam/instanceProfile:InstanceProfile",
	"roles":           "aws:iam/role:Role",
	"secret":          "aws:secretsmanager/secret:Secret",
	"parameters":      parameterType,
	"log groups":      "aws:cloudwatch/logGroup:LogGroup",
	"bucket":          bucketType,
	"key":             "aws:kms/key:Key",
	"rules":           "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
	"endpoint":        "aws:ec2/vpcEndpoint:VpcEndpoint",
	"subnets":         "aws:ec2/subnet:Subnet",
	"cache subnets":   "aws:elasticache/subnetGroup:SubnetGroup",
	"gateway":         "aws:ec2/internetGateway:InternetGateway",
}

// deletedConditions are the parts of the standby that somebody deleted by hand.
func deletedConditions() (all []condition) {
	for _, name := range slices.Sorted(maps.Keys(deleted)) {
		typ, code := deleted[name], checks.PartsMissing
		if name == "key" {
			code = checks.KeyMissing // which no judgement accepts
		}
		all = append(all, condition{name: name + " deleted", of: name, codes: []string{code}, spoil: object(typ, true, gone), fits: func(c config.Config) bool {
			return !strings.HasPrefix(typ, "aws:iam/") || c.PeerRegion() != awsregion.ControlPlane("iam", c.Region) // which is not asked then
		}})
	}
	return all
}

func init() { conditions = slices.Concat(conditions, stateConditions(), deletedConditions()) }
