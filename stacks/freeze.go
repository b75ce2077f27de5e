package stacks

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/components"
	"github.com/pilotlight-dr/pilotlight/roles"
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
	mode, err := s.publishMode(pulumi.String(frozenMode), nil, served.below)
	if err != nil {
		return nil, err
	}
	hook, err := s.hooks.WaitStopped()
	if err != nil {
		return nil, err
	}
	return state.Stash(s.Context, s.cfg.Name()+"-stopped", served.balancer, served.below,
		pulumi.DependsOn([]pulumi.Resource{mode.Resource}), pulumi.ResourceHooks(hook))
}

// publishMode tells the instances whether visitors may use the site. The parameter is written
// at each change of the claim: AWS may hold what a killed update wrote and the state does not
// know. To write a value that the state holds already, the provider needs another difference:
// the description has one.
func (s *site) publishMode(value pulumi.StringInput, hook *pulumi.ResourceHookBinding, below pulumi.ResourceOption) (*components.Parameter, error) {
	return components.NewParameter(s.Context, s.cfg.Name(), components.ParameterArgs{
		Path: s.parameters(s.cfg.Stack), Key: "mode", Value: value, Hooks: hook,
		Description: fmt.Sprintf("Whether visitors may use the site, as of change %d of the claim", s.plan.Claim.Serial),
	}, below)
}

// open lets the instances serve visitors, once the database takes writes; of a
// frozen site it waits until the database takes none.
func (s *site) open(served *application, database *components.Database) error {
	if s.plan.Claim.Role != roles.Frozen || !s.plan.Serves() {
		open := database.Parameters.URN().ApplyT(func(pulumi.URN) string { return openMode }).(pulumi.StringOutput)
		var hook *pulumi.ResourceHookBinding
		if s.plan.Claim.Role == roles.Active && s.plan.Serves() {
			var err error
			if hook, err = s.hooks.ResetReadOnly(); err != nil {
				return err
			}
		}
		_, err := s.publishMode(open, hook, served.below)
		return err
	}
	hook, err := s.hooks.WaitReadOnly()
	if err != nil {
		return err
	}
	_, err = state.Stash(s.Context, s.cfg.Name()+"-read-only", served.balancer, served.below,
		pulumi.DependsOn([]pulumi.Resource{database.Parameters}), pulumi.ResourceHooks(hook))
	return err
}
