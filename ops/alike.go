package ops

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/stacks"
	"github.com/pilotlight-dr/pilotlight/state"
)

// alike are requirements: the standby's database can go on taking the place of its source. The
// source's region is asked too; it may be silent, as when it is lost.
func (s *Site) alike(ctx context.Context, standby Side, other *Side) []Requirement {
	if standby.State.Claim.Role != roles.Standby {
		return nil
	}
	seen := s.look(ctx, standby)
	if seen.Database == nil {
		return nil // and another requirement says so
	}
	snapshot := checks.Snapshot{At: s.now(), Replica: seen.Database}
	source, err := s.source(ctx, standby, other)
	snapshot.Source = source
	var unseen []Requirement
	snapshot.Class, unseen = s.offered(ctx, standby)
	all := append(requirements(checks.Alike, snapshot, s.runtimeOf(standby).Site.Policy), unseen...)
	all = append(all, classDeployed(*seen.Database, standby.Config.Database.Class)...)
	refused := denies(err)
	if source != nil && source.ParametersUnread != "" {
		err, refused = errors.New(source.ParametersUnread), !source.ParametersBusy
	}
	if err != nil {
		q := met("source", "the databases can't be compared: asking for the source of "+seen.Database.ID+": "+silence(err, askFor))
		if refused {
			q.OK, q.Code = false, SourceUnseen
			q.Remedy = "use credentials that may read it (rds:DescribeDBInstances, rds:DescribeDBParameters, cloudwatch:GetMetricData)"
		}
		all = append(all, q)
	}
	return all
}

// SecretsDiffer is the code of a requirement: the instances of the standby could not log in to its
// database, or would end all sessions of visitors.
const SecretsDiffer = "secrets-differ"

// secretsAlike is the requirement that both stacks were deployed with the same secrets. They are
// compared by their hashes. It is none where that is not known.
func secretsAlike(sides []Side) []Requirement {
	if len(sides) < 2 {
		return nil
	}
	if leads, other, err := leader(sides); err == nil && other != nil && other.State.Claim.Role == roles.Standby && leads.State.Published.Rotating != "" {
		return rotating(leads.State.Published, other.State.Published)
	}
	switch a, b := sides[0].State.Published.Secrets, sides[1].State.Published.Secrets; {
	case a == "" || b == "":
		return nil
	case a != b:
		return []Requirement{{
			Subject: "secrets", Code: SecretsDiffer, Reason: "the two stacks hold different secrets: instances of the standby could not log in to its database",
			Remedy: "pilotlight deploy, which gives the standby those of the active side",
		}}
	}
	return []Requirement{met("secrets", "both stacks hold the same secrets")}
}

// rotating is the same requirement in the middle of a rotation. The standby can take over all the
// while: it takes what the active side held. What is not so is that both are deployed alike.
func rotating(leads, standby state.PeerInfo) []Requirement {
	q := met("secrets", fmt.Sprintf("both stacks hold the same secrets; rotation %d, of %s, has not ended: pilotlight rotate %[2]s ends it", leads.Rotation, leads.Rotating))
	if leads.Secrets != standby.Secrets {
		q.OK, q.Code, q.Remedy = false, SecretsDiffer, "pilotlight rotate "+leads.Rotating
		q.Reason = fmt.Sprintf("rotation %d, of %s, has not ended: the standby has yet to take over the new secrets, as a failover would by itself", leads.Rotation, leads.Rotating)
	}
	return []Requirement{q}
}

// source is the database that a standby's replicates; nil when there is none.
func (s *Site) source(ctx context.Context, standby Side, other *Side) (*checks.Replica, error) {
	bounded, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	of := failover.Site{Profile: standby.Config.Profile}
	switch production := standby.Config.Production; {
	case production != nil:
		of.Region, of.Database = production.Region, production.Database[strings.LastIndex(production.Database, ":")+1:]
	case other != nil && other.State.Claim.Leads():
		of = stacks.RuntimeSite(other.Config, other.State.Claim, other.State)
	default:
		return nil, nil //nolint:nilnil // no source is an answer: the rules look at nothing then
	}
	found, err := failover.New(s.options.Env, of).LookAtDatabase(bounded)
	if err != nil {
		return nil, fmt.Errorf("looking at database %s in %s: %w", of.Database, of.Region, err)
	}
	if found != nil && standby.Config.Production != nil {
		found.AwaitsReboot = false // a matter of its owner: its replica has a group of its own
	}
	return found, nil
}

// requirements are what rules made of a snapshot, as requirements.
func requirements(rules checks.Rules, seen checks.Snapshot, p checks.Policy) (all []Requirement) {
	for _, b := range rules.Blockers(seen, p) {
		all = append(all, requirement(b))
	}
	for _, f := range rules.Findings(seen, p) {
		if f.Ruling == checks.Passed {
			all = append(all, met(f.Subject, f.Reason))
		}
	}
	return all
}
