package stacks

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/components"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/stacks/hooks"
	"github.com/pilotlight-dr/pilotlight/state"
)

// The values of the parameter "mode", which tells the instances whether visitors
// may use the site.
const (
	frozenMode = "frozen"
	openMode   = "open"
)

// readOnly reports whether the current database takes no writes. To freeze, the
// instances stop first, so that no visitor sees a write fail; to thaw, the
// database is opened once the claim was found to be still ours.
func (s *site) readOnly(served *application) (pulumi.BoolOutput, error) {
	switch s.plan.Claim.Role {
	case roles.Active:
		return once(served.claimed, false), nil
	case roles.Frozen:
		stopped, err := s.stopped(served)
		if err != nil {
			return pulumi.BoolOutput{}, err
		}
		return once(stopped, true), nil
	case roles.Standby:
	}
	return pulumi.Bool(false).ToBoolOutput(), nil
}

// stopped is in the state once every instance shows the maintenance page.
func (s *site) stopped(served *application) (*pulumi.Stash, error) {
	mode, err := s.publish("mode", pulumi.String(frozenMode), served.below)
	if err != nil {
		return nil, err
	}
	hook, err := hooks.WaitStopped(s.Context, s.cfg.Name(), s.runtime, switchTarget)
	if err != nil {
		return nil, err
	}
	return state.Stash(s.Context, s.cfg.Name()+"-stopped", served.balancer, served.below,
		pulumi.DependsOn([]pulumi.Resource{mode.Resource}), pulumi.ResourceHooks(hook))
}

// open lets the instances serve visitors, once the database takes writes; of a
// frozen site it waits until the database takes none.
func (s *site) open(served *application, database *components.Database) error {
	if s.plan.Claim.Role != roles.Frozen {
		open := database.Parameters.URN().ApplyT(func(pulumi.URN) string { return openMode }).(pulumi.StringOutput)
		_, err := s.publish("mode", open, served.below)
		return err
	}
	hook, err := hooks.WaitReadOnly(s.Context, s.cfg.Name(), s.runtime, switchTarget)
	if err != nil {
		return err
	}
	_, err = state.Stash(s.Context, s.cfg.Name()+"-read-only", served.balancer, served.below,
		pulumi.DependsOn([]pulumi.Resource{database.Parameters}), pulumi.ResourceHooks(hook))
	return err
}
