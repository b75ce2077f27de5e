// Package drill is the program of a drill: a copy of a standby's application, in a
// network of its own, with a database restored from a snapshot of the standby's
// replica. It shows that the site can be brought up there, and how long that takes,
// and touches nothing of the pilot light.
//
// A copy holds the data of real users, so it is harmless to the world: no name
// leads to it, it runs none of the jobs that the site has scheduled, it reaches nothing
// outside but AWS, and it says of itself when it is to end.
package drill

import (
	"encoding/json"
	"net/netip"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/components"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/stacks"
	"github.com/pilotlight-dr/pilotlight/stacks/hooks"
	"github.com/pilotlight-dr/pilotlight/state"
	"github.com/pilotlight-dr/pilotlight/wordpress"
)

// StackName is the name of the stack in which the drill of a stack is held.
func StackName(stack string) string { return stack + config.DrillSuffix }

// Copy is what a drill is of, and until when it may be there.
type Copy struct {
	Of       string            `json:"of"` // the stack that is drilled
	Snapshot failover.Snapshot `json:"snapshot"`
	// Expires is when the copy is to be ended, whatever became of it.
	Expires time.Time `json:"expires"`
	// Visitors are the only addresses that reach it; the zero value is everybody.
	Visitors netip.Prefix `json:"visitors,omitzero"`
}

// Args are what the program needs beside what the drilled stack holds.
type Args struct {
	Config config.Config // of the drilled stack
	Copy   Copy
	// Resumes reports that an earlier run has begun to make the copy.
	Resumes bool
}

// Asked is what the report of a drill says that it was for.
const Asked = "drill"

// Program makes the copy, and is done when it was seen healthy in depth.
func Program(env failover.Env, args Args) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		hooks.EscapeLogs(ctx)
		if err := ctx.RequirePulumiVersion(stacks.Engine); err != nil {
			return err
		}
		memory, err := state.Read(ctx, args.Config.Stack)
		if err != nil {
			return err
		}
		c := &copied{Context: ctx, Args: args, name: args.Config.DrillName(), state: memory}
		observed, err := c.record(env)
		if err != nil {
			return err
		}
		c.runtime = c.newRuntime(observed)
		c.hooks = hooks.For(ctx, c.name, c.runtime)
		if _, err := c.stash(copyName, args.Copy); err != nil {
			return err
		}
		provider, account, err := stacks.NewProvider(ctx, c.Config, env.AWS, c.expiring())
		if err != nil {
			return err
		}
		c.alone, c.account = pulumi.Provider(provider), account
		err = c.register()
		c.steps.Done(func(pulumi.URN) report.Milestone { return "" })
		return err
	}
}

// copied is a copy in the making.
type copied struct {
	*pulumi.Context
	Args
	name    string
	state   state.State // of the drilled stack
	runtime *failover.Runtime
	hooks   hooks.Hooks
	steps   *hooks.Steps

	alone   pulumi.ResourceOrInvokeOption // with the copy's own provider
	account string
}

// The resources in the state by which a copy is known.
const (
	copyName    = "copy"    // Copy
	startedName = "started" // is there once its instances are in service
	servedName  = "served"  // is there once the copy was seen healthy
)

// stash writes a value into the state.
func (c *copied) stash(name string, value any, opts ...pulumi.ResourceOption) (*pulumi.Stash, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return pulumi.NewStash(c.Context, name, &pulumi.StashArgs{Input: pulumi.String(text)}, opts...)
}

// Tags are on all that the copy of a stack is made of.
func Tags(of config.Config) map[string]string {
	return map[string]string{"site": of.Site, "stack": StackName(of.Stack), "managed-by": "pilotlight", "drill": of.Stack}
}

func (c *copied) tags() map[string]string { return Tags(c.Config) }

// expiring are the tags with the end of the copy. They are not in the launch
// template, whose change would replace the instances of a run that resumes.
func (c *copied) expiring() map[string]string {
	tags := c.tags()
	tags["expires"] = c.Copy.Expires.UTC().Format(time.RFC3339)
	return tags
}

// newRuntime makes what the hooks work with: the site is asked for under its own
// name, at the copy's balancer.
func (c *copied) newRuntime(env failover.Env) *failover.Runtime {
	site := stacks.RuntimeSite(c.Config, c.state.Claim, state.State{})
	site.Tags, site.LogGroup = c.tags(), components.LogGroup(c.parameters())
	site.Database, site.DeepToken = c.name, wordpress.DeepToken(c.state.Secrets)
	rt := failover.New(env, site)
	rt.Say = func(line string) { _ = c.Log.Info(line, nil) } // progress only: nothing to do when the engine is gone
	return rt
}
