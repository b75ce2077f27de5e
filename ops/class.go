package ops

import (
	"context"

	"github.com/pilotlight-dr/pilotlight/checks"
)

// offered is what RDS offers of the class that a side is configured for. Where it does not say, a
// requirement tells so, which is none to fail: the database may well be had.
func (s *Site) offered(ctx context.Context, side Side) (*checks.DatabaseClass, []Requirement) {
	bounded, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	class, err := s.runtimeOf(side).LookAtClass(bounded, side.Config.Database.Class)
	if err != nil {
		return nil, []Requirement{{Subject: "class", OK: true, Reason: "whether RDS has the class is not known: " + silence(err, askFor)}}
	}
	return class, nil
}

// newDatabase are requirements: RDS has what a plan makes a database of.
func (s *Site) newDatabase(ctx context.Context, side Side, plan Plan) []Requirement {
	if !plan.makesReplica() {
		return nil
	}
	class, all := s.offered(ctx, side)
	return append(all, requirements(checks.NewDatabase, checks.Snapshot{Class: class}, s.runtimeOf(side).Site.Policy)...)
}
