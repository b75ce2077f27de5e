package stacks

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/mysqlversion"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/state"
)

// MySQL is upgraded on the standby first: a replica applies what an older source writes, and RDS
// refuses to upgrade a source before its replicas. So the standby may be ahead of the active side,
// and never behind it.

// Upgrades reports whether a database that was deployed with one version of MySQL is upgraded by
// the other. 8.4 leaves the patch to RDS; a patch that is named is a wish for it.
func Upgrades(deployed, wanted string) bool {
	order := mysqlversion.Compare(deployed, wanted)
	return deployed != "" && (order < 0 || order == 0 && len(wanted) > len(deployed))
}

// engines are the versions of MySQL that an update is about; empty for what is not known.
type engines struct {
	plan     roles.Plan
	wanted   string     // by the stack's file
	deployed string     // of the stack's current database, as last deployed
	peer     string     // of the other side's: as last deployed, and of the source of a new replica as it is
	peerRole roles.Role // as its state says
	peerName string     // its stack; empty where it has none
	former   int        // generation of a former database of the other side that replicates the current one still; 0 for none
}

// FormerReplica is the generation of a peer's former database that keeps the one with an ARN from being upgraded to the wanted version
// of MySQL; 0 for none. It never led, so it may replicate that one still, and it has the version of the time when it was current.
func FormerReplica(database, wanted string, peer roles.Claim) int {
	for _, former := range peer.Former {
		of, behind := former.Source == "" || former.Source == database, former.Engine == "" || Upgrades(former.Engine, wanted)
		if former.Origin == roles.OriginReplica && former.SkipFinalSnapshot && of && behind {
			return former.Number
		}
	}
	return 0
}

// RefuseFormerReplica refuses to upgrade the source of a former database of another stack.
func RefuseFormerReplica(generation int, stack string) *refusal.Error {
	return refusal.New(refusal.CodeMismatch, "former database %d of stack %s may still be a replica of this one, and RDS upgrades no source before its replicas: end it first (pilotlight retire %[2]s %[1]d)", generation, stack)
}

// refuseUpgrade refuses a version of MySQL that RDS would refuse, or that has no way back; nil when
// there is nothing to refuse. After RDS's refusal the parameter group is of one series and the
// database of another, and no update gets through.
func refuseUpgrade(e engines) error {
	refuse := func(format string, args ...any) error {
		return refusal.New(refusal.CodeMismatch, format, args...)
	}
	switch {
	case e.plan.Do == roles.StandBy && e.peer != "" && mysqlversion.Series(e.peer) != mysqlversion.Series(e.wanted):
		return refuse("a new replica has MySQL %s, as its source, and database.engineVersion is %s: set it to %s, and upgrade the replica once it is there", e.peer, e.wanted, mysqlversion.Series(e.peer))
	// It is born with its source's version, whatever is asked for, and the next update would ask RDS to make it older
	// (hashicorp/terraform-provider-aws#24887).
	case e.plan.Do == roles.StandBy && e.peer != "" && mysqlversion.Compare(e.wanted, e.peer) < 0:
		return refuse("a new replica has MySQL %s, as its source, which can't be made the %s of database.engineVersion: set it to %[1]s or %[3]s in both files", e.peer, e.wanted, mysqlversion.Series(e.peer))
	case slices.Contains([]roles.Action{roles.StandBy, roles.Activate, roles.End}, e.plan.Do) || e.deployed == "":
		return nil // an activation looks at the database itself: what was deployed last may have been killed half-way
	case mysqlversion.Compare(e.wanted, e.deployed) < 0:
		return refuse("MySQL %s can't be made %s: set database.engineVersion to %s", e.deployed, e.wanted, e.deployed)
	case !Upgrades(e.deployed, e.wanted):
		return nil
	case e.plan.Do == roles.Freeze || e.plan.Do == roles.Thaw || e.plan.Claim.Role == roles.Frozen: // a new group, with read_only in it, waits for a reboot
		return refuse("a switchover upgrades no database: set database.engineVersion to %s, and upgrade afterwards", e.deployed)
	case e.plan.Claim.Leads() && e.peerRole == roles.Standby && e.peer != "" && (mysqlversion.Compare(e.peer, e.wanted) < 0 || Upgrades(e.peer, e.wanted)):
		return refuse("the replica is upgraded before its source, and it has MySQL %s: set database.engineVersion to %s in %s, then pilotlight deploy, which upgrades one after the other",
			e.peer, e.wanted, config.FileName(e.peerName))
	case e.plan.Claim.Leads() && e.former > 0:
		return RefuseFormerReplica(e.former, e.peerName)
	}
	return nil
}

// refuseRebuild refuses to set a standby's database aside for another replica where there is no source that one could be made
// of: it may be all that there is.
func refuseRebuild(stack string, source *checks.Replica, unseen error) error {
	if unseen != nil {
		return unseen
	}
	if source != nil {
		if standing := checks.StandingOf(source.Status); standing == checks.Usable || standing == checks.Passing {
			return nil
		}
	}
	return refusal.New(refusal.CodeMismatch, "no new replica can be made: production's database is gone, or in no state to be copied, and the one of stack %s may be all that there is: "+
		"pilotlight failover serves from that (--accept-data-loss with the epoch that it names)", stack)
}

// checkUpgrade refuses an update that would upgrade a database in the wrong order.
func (s *site) checkUpgrade(ctx context.Context, own, other state.State) error {
	e := engines{plan: s.plan, wanted: s.cfg.Database.EngineVersion, deployed: own.Published.EngineVersion, peer: other.Published.EngineVersion, peerRole: other.Claim.Role}
	if s.cfg.Production == nil {
		e.peerName, e.former = s.cfg.Peer.Stack, FormerReplica(own.Published.Database, e.wanted, other.Claim)
	}
	if s.plan.Do == roles.StandBy {
		found, err := s.lookAtSource(ctx, other.Published)
		if own.Claim.Role == roles.Standby {
			if refused := refuseRebuild(s.cfg.Stack, found, err); refused != nil {
				return refused
			}
		}
		switch {
		case err != nil && s.cfg.Production != nil:
			return err
		case err == nil && found != nil: // what is not seen is as last deployed
			e.peer = cmp.Or(found.Engine, e.peer)
		}
	}
	return refuseUpgrade(e)
}

// lookAtSource is the database of which a stack is to make a replica; nil when there is none. Its region lives, or it could
// not be replicated.
func (s *site) lookAtSource(ctx context.Context, of state.PeerInfo) (*checks.Replica, error) {
	id := of.Database[strings.LastIndex(of.Database, ":")+1:]
	found, err := failover.New(s.env, failover.Site{Policy: checks.Policy{Region: of.Region, Database: id}, Profile: s.cfg.Profile}).LookAtDatabase(ctx)
	if err != nil {
		return nil, fmt.Errorf("looking at database %s in %s, to make a replica of it: %w", id, of.Region, err)
	}
	if found == nil && s.cfg.Production != nil {
		return nil, refusal.New(refusal.CodeMismatch, "production.database names %s, and there is no such database in %s: correct it", id, of.Region)
	}
	return found, nil
}
