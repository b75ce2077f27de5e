package ops

import (
	"context"
	"fmt"

	"github.com/pilotlight-dr/pilotlight/checks"
)

// offered is what RDS offers of the class that a side is configured for. Where it does not say, a
// requirement tells so, which is none to fail: the database may well be had.
func (s *Site) offered(ctx context.Context, side Side) (*checks.DatabaseClass, []Requirement) {
	bounded, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	class, err := s.runtimeOf(side).LookAtClass(bounded, side.Config.Database.Class)
	if err != nil {
		return nil, []Requirement{met("class", "whether RDS has the class is not known: "+silence(err, askFor))}
	}
	return class, nil
}

// classDeployed tells of a database that has another class than its file asks for. It holds up nothing.
func classDeployed(has checks.Replica, wanted string) []Requirement {
	if has.Class == "" || has.Class == wanted {
		return nil
	}
	return []Requirement{{
		Subject: "deployment", OK: true, Remedy: "pilotlight deploy",
		Reason: fmt.Sprintf("database %s is a %s, and database.class is %s: a failover serves from it as it is, since RDS would take it away for minutes to change that", has.ID, has.Class, wanted),
	}}
}

// newDatabase are requirements: RDS has what a plan makes a database of.
func (s *Site) newDatabase(ctx context.Context, side Side, plan Plan) []Requirement {
	if !plan.makesReplica() {
		return nil
	}
	class, all := s.offered(ctx, side)
	return append(all, requirements(checks.NewDatabase, checks.Snapshot{Class: class}, s.runtimeOf(side).Site.Policy)...)
}
