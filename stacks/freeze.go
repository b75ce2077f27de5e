package stacks

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/components"
	"github.com/pilotlight-dr/pilotlight/hooks"
)

// The values of the parameter "mode", which tells the instances whether visitors
// may use the site.
const (
	frozenMode = "frozen"
	openMode   = "open"
)

// readOnly says whether the current database takes no writes. To freeze, the
// instances stop first, so that no visitor sees a write fail; to thaw, the
// database is opened once the claim was found to be still ours.
func (s *site) readOnly(served *served) (pulumi.BoolOutput, error) {
	switch s.plan.Claim.Role {
	case Active:
		return once(served.claimed, false), nil
	case Frozen:
		stopped, err := s.stopped(served)
		if err != nil {
			return pulumi.BoolOutput{}, err
		}
		return once(stopped, true), nil
	case Standby:
	}
	return pulumi.Bool(false).ToBoolOutput(), nil
}

// stopped is in the state once every instance shows the maintenance page.
func (s *site) stopped(served *served) (*pulumi.Stash, error) {
	mode, err := s.publish("mode", pulumi.String(frozenMode), served.below)
	if err != nil {
		return nil, err
	}
	hook, err := hooks.Stopped(s.Context, s.cfg.Name(), s.runtime, switchTarget)
	if err != nil {
		return nil, err
	}
	return stash(s.Context, s.cfg.Name()+"-stopped", served.balancer, served.below,
		pulumi.DependsOn([]pulumi.Resource{mode.Resource}), pulumi.ResourceHooks(hook))
}

// open lets the instances serve visitors, once the database takes writes; of a
// frozen site it waits until the database takes none.
func (s *site) open(served *served, database *components.Database) error {
	if s.plan.Claim.Role != Frozen {
		open := database.Parameters.URN().ApplyT(func(pulumi.URN) string { return openMode }).(pulumi.StringOutput)
		_, err := s.publish("mode", open, served.below)
		return err
	}
	hook, err := hooks.ReadOnly(s.Context, s.cfg.Name(), s.runtime, switchTarget)
	if err != nil {
		return err
	}
	_, err = stash(s.Context, s.cfg.Name()+"-read-only", served.balancer, served.below,
		pulumi.DependsOn([]pulumi.Resource{database.Parameters}), pulumi.ResourceHooks(hook))
	return err
}
