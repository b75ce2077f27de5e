package checks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/when"
)

// Codes of the blockers.
const (
	Diverged           = "state-diverged"
	ProductionServes   = "production-serves"
	ProductionSilent   = "production-silent"
	AlreadyServing     = "already-serving"
	FreezeUnseen       = "freeze-unseen"
	ReplicaReceives    = "replica-receives"
	ReplicaMissing     = "replica-missing"
	ReplicaWrongSource = "replica-wrong-source"
	ReplicaState       = "replica-state"
	ReplicaUnknown     = "replica-state-unknown"
	ReplicaApplier     = "replica-applier"
	ReplicaPromoted    = "replica-promoted"
	ReplicaNotInStep   = "replica-not-in-step"
	ReplicaReadOnly    = "replica-read-only"
	ReplicaEngine      = "replica-engine"
	ReplicaUnseen      = "replica-unseen"
	ParametersUnseen   = "parameters-unseen"
	LagUnknown         = "lag-unknown"
	LagTooHigh         = "lag-too-high"
	ImageMissing       = "image-missing"
	ImageUnseen        = "image-unseen"
	ImageState         = "image-state"
	ImageTooLarge      = "image-too-large"
	ImageOld           = "image-old"
)

// Rules are what a question is judged by.
type Rules []rule

// rule judges one subject.
type rule struct {
	subject  string                        // of its blockers that name none
	seen     func(Snapshot, Policy) string // what was seen, in words; empty when there was nothing to see
	blockers func(Snapshot, Policy) []refusal.Blocker
}

// The questions. That replication has stopped is no reason against an activation: it is how a
// lost source looks from here (ReplicaLag -1, status error), so the last good measurement counts.
var (
	// Activation asks whether the standby may be activated now.
	Activation = Rules{
		{"state", nothingSeen, state},
		{"production", seenOfProduction, production},
		{"replica", seenOfReplica, replica},
		{"lag", seenOfLag, lag},
		{"image", seenOfImage, image},
		{"instances", seenOfMachines, machines},
		{"volumes", seenOfVolumeKey, volumeKey},
		{"parts", nothingSeen, parts},
		{"network", nothingSeen, network},
		{"certificate", seenOfCertificate, certificate},
		{"name", seenOfName, name},
	}
	// Retire asks whether earlier databases are needed no longer.
	Retire = Rules{{"replica", seenOfStep, step}}
	// NewImage asks whether instances start from an image by which others are to be replaced.
	NewImage = Rules{{"image", seenOfImage, startable}, {"instances", seenOfMachines, machines}, {"volumes", seenOfVolumeKey, volumeKey}}
	// Abort asks whether an activation may be aborted.
	Abort = Rules{{"production", seenOfHolder, holder}}
)

// Blockers lists every reason against it. An empty list is permission.
func (r Rules) Blockers(s Snapshot, p Policy) (all []refusal.Blocker) {
	for _, rule := range r {
		for _, b := range rule.blockers(s, p) {
			b.Subject = cmp.Or(b.Subject, rule.subject)
			all = append(all, b)
		}
	}
	return all
}

// block is a blocker of a rule, which gives it its subject.
func block(code, remedy, reason string, args ...any) refusal.Blocker {
	return refusal.Blocker{Code: code, Reason: fmt.Sprintf(reason, args...), Remedy: remedy}
}

// state finds out whether the site was activated already at the epoch that the state takes for
// the next one. Such a state is older than AWS, and no risk that can be accepted.
func state(s Snapshot, p Policy) []refusal.Blocker {
	if s.Site.Epoch < p.Epoch {
		return nil
	}
	return []refusal.Blocker{block(Diverged,
		"use the backend that has the newer state, bring it back with pilotlight state restore "+p.Stack+", or take what AWS holds into this one with pilotlight adopt "+p.Stack,
		"this state is older than AWS: was it restored? It knows of no activation at epoch %d, and DNS points to a side that answers at epoch %d", p.Epoch, s.Site.Epoch)}
}

// production finds out whether the other side lives: then a failover would lose
// writes that need not be lost, and make two databases that both were written to.
func production(s Snapshot, p Policy) []refusal.Blocker {
	if p.Switchover {
		return frozen(s, p)
	}
	var all []refusal.Blocker
	switch {
	case p.ReclaimedEpoch != 0 && s.Site.Epoch > p.ReclaimedEpoch && s.Site.Epoch < p.Epoch: // well or not
		all = append(all, block(ProductionServes,
			fmt.Sprintf("go on with that side (what pilotlight status says), or set ignoreProduction to %d to reclaim the site all the same: what visitors wrote there stays there", p.Epoch),
			"DNS points to the other side, which was activated at epoch %d", s.Site.Epoch))
	case s.Site.OK && s.Site.Epoch < p.Epoch && s.Site.Epoch != p.ReclaimedEpoch:
		all = append(all, block(ProductionServes,
			fmt.Sprintf("move it without loss (pilotlight switchover %s, or role frozen there first), or set ignoreProduction to %d (--ignore-production %[2]d) to fail over all the same", p.Stack, p.Epoch),
			"production still serves the site (epoch %d): its deep page says that all is well", s.Site.Epoch))
	}
	if r := s.Replica; p.Source != "" && r != nil && r.Source != "" && r.Replication == "replicating" {
		all = append(all, block(ReplicaReceives,
			fmt.Sprintf("wait a minute if production was lost just now, or set ignoreProduction to %d (--ignore-production %[1]d) to fail over all the same", p.Epoch),
			"database %s still receives changes, so production's database lives", r.ID))
	}
	return all
}

// frozen finds out whether the other side is as frozen as it claims: only then can
// the replica be shown to miss nothing.
func frozen(s Snapshot, p Policy) []refusal.Blocker {
	if ready, _ := ReadOnly(s.Site); ready {
		return nil
	}
	seen := "does not answer"
	if s.Site.Epoch > 0 {
		seen = "does not show the maintenance page and a read-only database"
	}
	return []refusal.Blocker{block(FreezeUnseen, accept("finish its freeze (role frozen), or if it was lost meanwhile,", p),
		"the other side claims to be frozen, but under the site's name it %s", seen)}
}

// Risks that may be accepted, by their keys in the configuration.
const (
	AcceptDataLoss   = "acceptDataLoss"   // whatever is or may be missing in the replica
	IgnoreProduction = "ignoreProduction" // that the other side seems to live
	AcceptStandby    = "acceptStandby"    // a standby that is not as it should be, and may do all the same
)

// overrides says which blockers an accepted risk takes away, and nothing more.
var overrides = map[string][]string{
	AcceptDataLoss:   {FreezeUnseen, LagUnknown, LagTooHigh, ReplicaApplier, ReplicaPromoted},
	IgnoreProduction: {ProductionServes, ReplicaReceives},
	AcceptStandby: {
		ReplicaUnknown, ParametersUnseen, ImageOld, ImageUnseen, TypeNotOffered, PartsMissing, VolumeKeyUnusable, NetworkBlocked,
		CertificateName, CertificateExpires,
	},
}

// Covers reports whether an accepted risk takes a blocker away.
func Covers(risk string, b refusal.Blocker) bool { return slices.Contains(overrides[risk], b.Code) }

// Overrule splits blockers into those that stand and those that are overruled.
func Overrule(all []refusal.Blocker, accepted []string) (stand, overruled []refusal.Blocker) {
	stand, overruled = []refusal.Blocker{}, []refusal.Blocker{}
	for _, b := range all {
		if slices.ContainsFunc(accepted, func(risk string) bool { return Covers(risk, b) }) {
			overruled = append(overruled, b)
		} else {
			stand = append(stand, b)
		}
	}
	return stand, overruled
}

// lags reports whether there is a replica whose lag can be looked at.
func lags(s Snapshot, p Policy) bool {
	return p.Source != "" && s.Replica != nil && s.Replica.Source != ""
}

// lag finds out how much an activation loses.
func lag(s Snapshot, p Policy) []refusal.Blocker {
	if p.Source != "" && s.Unread.Replica != "" {
		return []refusal.Blocker{block(LagUnknown, accept("", p), "database %s could not be read, so the loss is unknown", p.Database)}
	}
	if !lags(s, p) {
		return nil
	}
	switch r, last := s.Replica, s.Replica.LastGood; {
	case r.LagUnread != "":
		return []refusal.Blocker{block(LagUnknown, accept(toRead(r.LagBusy, "ask for it (cloudwatch:GetMetricData)")+", or", p),
			"the replication lag of database %s could not be read (%s), so the loss is unknown", r.ID, r.LagUnread)}
	case last == nil:
		return []refusal.Blocker{block(LagUnknown, accept("raise failover.lagWindow if you know how far behind it was, or", p),
			"no replication lag of database %s was measured in the last %s, so the loss is unknown", r.ID, p.LagWindow)}
	case last.Value > p.MaxLag:
		return []refusal.Blocker{block(LagTooHigh, accept("", p), "database %s was %s behind at %s, more than the %s allowed: writes after %s are lost",
			r.ID, last.Value, when.Clock(last.At), p.MaxLag, when.Clock(last.At.Add(-last.Value)))}
	case !followed(*r) && s.At.Sub(last.At)+last.Value > p.MaxLag:
		return []refusal.Blocker{block(LagTooHigh, accept(resume(*r)+" if production lives; if not,", p),
			"database %s is %s, and not because its source was lost%s: its lag was last measured %s ago, more than the %s allowed: writes after %s are lost",
			r.ID, stopped(r.Replication), said(r.Message), age(s.At.Sub(last.At)), p.MaxLag, when.Clock(last.At.Add(-last.Value)))}
	}
	return nil
}

// inStep is how far behind a replica in step may be, and freshMeasure how old the
// measurement that says so.
const (
	inStep       = time.Minute
	freshMeasure = 5 * time.Minute
)

// step finds out why earlier databases are still needed. A replica
// must replicate now and be measured close behind; one that has been promoted by an
// activation is the live database itself.
func step(s Snapshot, p Policy) []refusal.Blocker {
	var reason string
	switch r := s.Replica; {
	case p.Source == "":
	case s.Unread.Replica != "":
		reason = fmt.Sprintf("database %s could not be read: %s", p.Database, s.Unread.Replica)
	case r == nil:
		reason = fmt.Sprintf("there is no database %s in %s", p.Database, p.Region)
	case StandingOf(r.Status) != Usable:
		reason = fmt.Sprintf("database %s is %s", r.ID, r.Status)
	case r.Source == "" && p.StandsBy:
		reason = fmt.Sprintf("database %s %s", r.ID, endedOutside)
	case r.Source == "":
	case r.Replication != "replicating":
		reason = fmt.Sprintf("database %s does not replicate (%s)", r.ID, r.Message)
	case r.LastGood == nil || s.At.Sub(r.LastGood.At) > freshMeasure:
		reason = fmt.Sprintf("the lag of database %s was not measured in the last %s", r.ID, freshMeasure)
	case r.LastGood.Value > inStep:
		reason = fmt.Sprintf("database %s is %s behind", r.ID, r.LastGood.Value)
	}
	if reason == "" {
		return nil
	}
	return []refusal.Blocker{{Code: ReplicaNotInStep, Reason: reason, Remedy: "run this again when it has caught up"}}
}

// orAcceptStandby ends a remedy with the way to take the standby as it is, for this activation alone. Where there is none,
// since it is the first or none at all, the remedy stands as it is.
func orAcceptStandby(remedy string, p Policy) string {
	if p.Epoch <= 1 {
		return remedy
	}
	return fmt.Sprintf("%s; or set acceptStandby to %d (--accept-standby %[2]d) to go on with the standby as it is", remedy, p.Epoch)
}

// Busy is what to do where AWS did not tell for being busy or ill: to look for rights would be in vain.
const Busy = "AWS is busy or ill there: run it again in a minute"

// toRead is what to do where something could not be read: give the rights for it, unless AWS was busy.
func toRead(busy bool, rights string) string {
	if busy {
		return Busy
	}
	return "let these credentials " + rights
}

// accept ends a remedy with the way to accept the loss, for this activation alone.
func accept(first string, p Policy) string {
	return strings.TrimSpace(fmt.Sprintf("%s set acceptDataLoss to %d (--accept-data-loss %[2]d) to accept the loss", first, p.Epoch))
}

// silentFor is how long a source may send nothing before its replica notices (replica_net_timeout): until then its lag reads 0.
const silentFor = time.Minute

// Loss says in a sentence which writes an activation of a standby loses, as far as is known. Where CloudWatch itself is late, the
// replica may have gone on since its last figure.
func Loss(r *Replica, now time.Time, planned bool) string {
	switch {
	case r == nil:
		return "no writes are lost"
	case r.Source == "":
		return "which writes a failover loses is unknown: database " + r.ID + " is no replica any more"
	case planned:
		return "no writes are lost: the promotion waits until the replica has them all"
	case r.LastGood == nil:
		return "which writes a failover loses is unknown: no replication lag was measured"
	case !r.Measured.IsZero() && now.Sub(r.Measured) > freshMeasure: // CloudWatch is late: the replica may have gone on since
		return fmt.Sprintf("which writes a failover loses is unknown: CloudWatch's last figure is of %s; it is at most what was written after %s (last good lag %s at %s)",
			when.Clock(r.Measured), when.Clock(r.LastGood.At.Add(-r.LastGood.Value-silentFor)), r.LastGood.Value, when.Clock(r.LastGood.At))
	}
	return fmt.Sprintf("a failover loses at least what was written after %s (last good lag %s, measured %s ago; "+
		"a source that falls silent shows none for up to a minute)", when.Clock(r.LastGood.At.Add(-r.LastGood.Value)),
		r.LastGood.Value, now.Sub(r.LastGood.At).Round(time.Second))
}

// LossUnread is Loss for a database that could not be read.
const LossUnread = "which writes a failover loses is unknown: its database could not be read"

// StaysBehind is Loss for a side that reclaims the site.
const StaysBehind = "no writes are lost, but for those that visitors made on the other side meanwhile, if any did: they stay in its database"

// MediaLoss says in a sentence which uploads an activation may lack. How far S3 was
// with its copies is known only where that is measured; it mostly needs 15 minutes at most.
func MediaLoss(r *Replica, b *Backlog, planned bool) string {
	switch {
	case r == nil:
		return ""
	case planned:
		return "what was uploaded in the last 15 minutes may arrive a little later"
	case b != nil && b.Files == 0:
		return fmt.Sprintf("at %s S3 had copied all uploads; what was uploaded since is missing until production's region is back", when.Clock(b.At))
	case b != nil:
		return fmt.Sprintf("at %s S3 had yet to copy %d of the uploads; they, and what was uploaded since, are missing until production's region is back", when.Clock(b.At), b.Files)
	}
	return "what was uploaded in the last 15 minutes before production was lost may be missing until its region is back"
}
