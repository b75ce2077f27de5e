package readiness

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/stacks"
	"github.com/pilotlight-dr/pilotlight/state"
)

// siteConditions are about files, states, locks and credentials.
var siteConditions = []condition{
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
	{name: "zones in another order", here: true, codes: []string{refusal.CodeMismatch}, spoil: func(w *world) error {
		zones := slices.Clone(w.own().Config.Network.Zones)
		slices.Reverse(zones)
		w.own().Config.Network.Zones = zones
		return nil
	}},
	{name: "one more zone in the file", here: true, codes: []string{ops.NetworkUndeployed}, spoil: func(w *world) error {
		c := &w.own().Config
		c.Network.Zones = append(slices.Clone(c.Network.Zones), c.Region+"c")
		w.planned = append(w.planned, ops.Planned{Op: "create", Type: deleted["subnets"], Name: c.Name() + "-private-3"})
		return nil
	}},
	{name: "a plan that deletes the bucket", here: true, codes: []string{ops.PlanRisky}, spoil: func(w *world) error {
		w.planned = append(w.planned, ops.Planned{Op: "delete", Type: bucketType, Name: w.own().Config.Name() + "-media"})
		return nil
	}},
	{name: "program that refuses for a reason of its own", here: true, codes: []string{ops.PlanRefused}, spoil: func(w *world) error {
		w.refusal = refusal.New(refusal.CodeUnfinished, "the peer holds no secrets yet")
		return nil
	}},
	{name: "upgrade of production, with a former replica", of: "parameters", here: true, codes: []string{refusal.CodeMismatch}, spoil: func(w *world) error {
		w.peer().Config.Database.EngineVersion += ".99"
		w.own().State.Claim.Former = []roles.Generation{{Number: 7, Origin: roles.OriginReplica, SkipFinalSnapshot: true}}
		return claimed(func(roles.Claim) roles.Claim { return w.own().State.Claim })(w)
	}},
	{name: "an update that did not end", here: true, codes: []string{ops.Undone}, spoil: func(w *world) error {
		w.own().State.Undone = []urn.URN{urn.New(tokens.QName(w.own().Config.Stack), config.Project, "", groupType, "blog-dr-1-parameters")}
		return nil
	}},
	{name: "media of before the copies", here: true, codes: []string{ops.MediaIncomplete}, spoil: oldMedia},
	{name: "provider's plugin missing", here: true, backend: noPlugin, codes: []string{ops.PluginMissing}},
	{name: "folder that can't be written", here: true, backend: unwritable, codes: []string{ops.FolderUnwritable}},
	{name: "locks that can't be read", here: true, backend: lockUnseen, codes: []string{ops.LockUnseen}},
	{name: "record unseen", of: "parameters", codes: []string{ops.RecordUnseen}, spoil: faults("error=ssm:GetParameter:AccessDeniedException:999")},
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
	{name: "credentials refused", codes: []string{ops.CredentialsUnusable, ops.PlanRefused}, spoil: faults("error=sts:GetCallerIdentity:AccessDenied:99")},
	{name: "credentials of another account", here: true, codes: []string{ops.CredentialsUnusable}, spoil: func(w *world) error {
		w.own().Config.Accounts = []string{"999999999999"}
		return nil
	}},
	{name: "recovery region silent", silences: true, codes: []string{refusal.CodeSilent, ops.CredentialsUnusable}, spoil: func(w *world) error {
		w.sim.LoseRegion(w.own().Config.Region, sim.Hang)
		return nil
	}},
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

// oldMedia has production's bucket hold a file from before S3 copied any.
func oldMedia(w *world) error {
	c := w.peer()
	bucket := stacks.BucketName(c.State.Published.Bucket)
	c.State.Media.Files, c.State.Media.Missing = c.State.Media.Files+1, 1
	var rules any
	copies := func(rule func(*sim.Object)) error {
		return object(replicationType, false, func(o *sim.Object) bool {
			rule(o)
			return true
		})(w)
	}
	return errors.Join(
		copies(func(o *sim.Object) { rules, o.Props["rules"] = o.Props["rules"], []any{} }),
		w.sim.Put(bucket, "2019/05/first.jpg", 1<<20),
		copies(func(o *sim.Object) { o.Props["rules"] = rules }),
	)
}

const replicationType = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"

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

// probed reports whether the site is asked whether production lives.
func probed(c config.Config) bool { return c.Failover.Probe }
