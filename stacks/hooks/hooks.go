// Package hooks lets Pulumi resource hooks do what package failover does, and
// nothing more: it is the one place where the two meet.
package hooks

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/failover"
)

// Hooks are what the resources of a stack are bound to: its program's, or its drill's.
type Hooks struct {
	ctx  *pulumi.Context
	name string
	rt   *failover.Runtime
}

// For makes the hooks of a stack, whose names begin with name.
func For(ctx *pulumi.Context, name string, rt *failover.Runtime) Hooks { return Hooks{ctx, name, rt} }

// StartPromotion starts the promotion once the claim is in the state. stillOurs
// reads the peer's claim again first, since the peer may have claimed in the
// same moment.
func (h Hooks) StartPromotion(stillOurs func() error) (*pulumi.ResourceHookBinding, error) {
	return h.bind("pre-failover", startTimeout, func(ctx context.Context, _ *pulumi.ResourceHookArgs) error {
		if err := stillOurs(); err != nil {
			return err
		}
		if h.rt.Site.Source == "" {
			return nil // it is a copy of none: nothing to promote
		}
		if h.rt.Site.Switchover {
			return nil // it waits until no write is missing
		}
		return h.rt.StartPromotion(ctx)
	})
}

// WaitPromoted waits until the database is promoted, and starts the promotion
// (again) as long as it has a source.
func (h Hooks) WaitPromoted() (*pulumi.ResourceHookBinding, error) {
	return h.bind("promoted", h.rt.Site.Limits.Promote+slack, func(ctx context.Context, _ *pulumi.ResourceHookArgs) error {
		return h.rt.WaitPromoted(ctx)
	})
}

// WaitInstances waits until enough instances are in service.
func (h Hooks) WaitInstances() (*pulumi.ResourceHookBinding, error) {
	limits := h.rt.Site.Limits
	return h.bind("started", limits.Promote+limits.Healthy+slack, func(ctx context.Context, _ *pulumi.ResourceHookArgs) error {
		return h.rt.WaitInstances(ctx)
	})
}

// WaitHealthy waits until the site is healthy in depth behind the balancer in
// the bound resource's inputs. What follows moves the site's name, so stillOurs reads
// the peer's claim once more: much may have happened meanwhile. Where a person moves it,
// that is waited for too.
func (h Hooks) WaitHealthy(stillOurs func() error) (*pulumi.ResourceHookBinding, error) {
	limits := h.rt.Site.Limits
	return h.behind("serving", limits.Healthy+limits.DNS+slack, func(ctx context.Context, balancer string) error {
		if err := h.rt.WaitHealthy(ctx, balancer); err != nil {
			return err
		}
		if err := stillOurs(); err != nil || !h.rt.Site.ManualDNS {
			return err
		}
		return h.rt.WaitVisitors(ctx, balancer)
	})
}

// WaitVisitors waits until visitors arrive, and fails nothing: the site's name has been
// moved, and resolvers can't be controlled.
func (h Hooks) WaitVisitors() (*pulumi.ResourceHookBinding, error) {
	return h.behind("moved", h.rt.Site.Limits.DNS+slack, func(ctx context.Context, balancer string) error {
		if err := h.rt.WaitVisitors(ctx, balancer); err != nil {
			return h.ctx.Log.Warn("visitors may not arrive here yet: "+err.Error(), nil)
		}
		return nil
	})
}

// WaitSecondZone waits until the database has served for a while, and may get its second zone.
func (h Hooks) WaitSecondZone() (*pulumi.ResourceHookBinding, error) {
	return h.bind("second-zone", h.rt.Site.SecondZoneAfter+slack, func(ctx context.Context, _ *pulumi.ResourceHookArgs) error {
		return h.rt.WaitSecondZone(ctx)
	})
}

// WaitCaughtUp waits until this side has all that was written to the frozen one.
func (h Hooks) WaitCaughtUp() (*pulumi.ResourceHookBinding, error) {
	return h.behind("caught-up", h.rt.Site.Limits.Healthy+slack, h.rt.WaitCaughtUp)
}

// WaitStopped waits until no instance serves visitors.
func (h Hooks) WaitStopped() (*pulumi.ResourceHookBinding, error) {
	return h.behind("stopped", h.rt.Site.Limits.Healthy+slack, h.rt.WaitStopped)
}

// WaitReadOnly waits until the frozen site's database takes no writes.
func (h Hooks) WaitReadOnly() (*pulumi.ResourceHookBinding, error) {
	return h.behind("read-only", h.rt.Site.Limits.Healthy+slack, h.rt.WaitReadOnly)
}

// CheckName looks whether the name in the bound record's inputs is taken.
func (h Hooks) CheckName() (*pulumi.ResourceHookBinding, error) {
	binding, err := h.bind("untaken", h.rt.Site.Limits.Check+slack, func(ctx context.Context, args *pulumi.ResourceHookArgs) error {
		return h.rt.CheckName(ctx, text(args.NewInputs["name"]))
	})
	if err != nil {
		return nil, err
	}
	binding.BeforeUpdate = nil // by then it is the stack's
	return binding, nil
}

// WaitImage waits, before an update of the group, until launch templates find the image that it rolls out.
func (h Hooks) WaitImage(parameter, id string) (*pulumi.ResourceHookBinding, error) {
	binding, err := h.bind("image", h.rt.Site.Limits.Check+slack, func(ctx context.Context, _ *pulumi.ResourceHookArgs) error {
		return h.rt.WaitImage(ctx, parameter, id)
	})
	if err != nil {
		return nil, err
	}
	binding.BeforeCreate = nil // a new group has nothing to replace
	return binding, nil
}

// WaitIssued waits until ACM has issued the certificate whose ARN is the input of the bound resource.
func (h Hooks) WaitIssued() (*pulumi.ResourceHookBinding, error) {
	return h.bind("issued", h.rt.Site.Limits.Certificate+slack, func(ctx context.Context, args *pulumi.ResourceHookArgs) error {
		return h.rt.WaitIssued(ctx, text(args.NewInputs["input"]))
	})
}

// WaitRotated waits until every instance uses the secrets of a rotation, which is about to end. With 0 none is.
func (h Hooks) WaitRotated(rotation int) (*pulumi.ResourceHookBinding, error) {
	return h.bind("rotated", h.rt.Site.Limits.Healthy+slack, func(ctx context.Context, _ *pulumi.ResourceHookArgs) error {
		if rotation == 0 {
			return nil
		}
		return h.rt.WaitRotated(ctx, rotation)
	})
}

// ResetReadOnly lets the database of an active stack take writes where a killed update has
// frozen it and the state does not know.
func (h Hooks) ResetReadOnly() (*pulumi.ResourceHookBinding, error) {
	return h.bind("writable", h.rt.Site.Limits.Healthy+slack, func(ctx context.Context, _ *pulumi.ResourceHookArgs) error {
		return h.rt.ResetReadOnly(ctx)
	})
}

// behind binds a wait for what the balancer of the bound resource answers.
func (h Hooks) behind(name string, limit time.Duration, wait func(context.Context, string) error) (*pulumi.ResourceHookBinding, error) {
	return h.bind(name, limit, func(ctx context.Context, args *pulumi.ResourceHookArgs) error {
		balancer, err := balancerOf(args)
		if err != nil {
			return err
		}
		return wait(ctx, balancer)
	})
}

// balancerOf is the balancer's DNS name in the inputs of a record, or of a stash that holds nothing else.
func balancerOf(args *pulumi.ResourceHookArgs) (string, error) {
	value := args.NewInputs["input"]
	if aliases := args.NewInputs["aliases"]; aliases.IsArray() && len(aliases.ArrayValue()) == 1 {
		value = aliases.ArrayValue()[0].ObjectValue()["name"]
	}
	if !value.IsString() {
		return "", fmt.Errorf("%s names no balancer to verify: %s", args.Name, value)
	}
	return value.StringValue(), nil
}

// RemoveOrphans deletes what a killed update left behind and that would block the resource
// that it is bound to: a NAT gateway, a route, a balancer or a listener that is about to be made.
func (h Hooks) RemoveOrphans() (*pulumi.ResourceHookBinding, error) {
	binding, err := h.bind("remove-orphans", freeTimeout, func(ctx context.Context, args *pulumi.ResourceHookArgs) error {
		in := args.NewInputs
		switch string(args.Type) {
		case "aws:ec2/natGateway:NatGateway":
			return h.rt.DeleteOrphanGateway(ctx, text(in["allocationId"]))
		case "aws:ec2/route:Route":
			return h.rt.DeleteOrphanRoute(ctx, text(in["routeTableId"]), text(in["destinationCidrBlock"]), text(in["natGatewayId"]))
		case "aws:lb/loadBalancer:LoadBalancer":
			return h.rt.DeleteOrphanBalancers(ctx, args.Name, texts(in["securityGroups"]))
		case "aws:lb/listener:Listener":
			return h.rt.DeleteOrphanListener(ctx, text(in["loadBalancerArn"]), int32(in["port"].NumberValue()))
		}
		return fmt.Errorf("no rule says what may block a %s", args.Type)
	})
	if err != nil {
		return nil, err
	}
	binding.BeforeUpdate = nil // an update has what it updates
	return binding, nil
}

// WaitModifiable waits until RDS takes the creation or the change of the database that it
// is bound to: its source, or itself, is in no state that passes.
func (h Hooks) WaitModifiable() (*pulumi.ResourceHookBinding, error) {
	return h.bind("settled", h.rt.Site.Limits.Promote+slack, func(ctx context.Context, args *pulumi.ResourceHookArgs) error {
		if len(args.OldInputs) > 0 {
			return h.rt.WaitModifiable(ctx, h.rt.Site.Region, text(args.NewInputs["identifier"]))
		}
		source, err := arn.Parse(text(args.NewInputs["replicateSourceDb"]))
		if err != nil {
			return nil //nolint:nilerr // it copies none
		}
		return h.rt.WaitModifiable(ctx, source.Region, strings.TrimPrefix(source.Resource, "db:"))
	})
}

// text is an input that is a string; empty for anything else.
func text(value resource.PropertyValue) string {
	if !value.IsString() {
		return ""
	}
	return value.StringValue()
}

// texts is an input that is a list of strings.
func texts(value resource.PropertyValue) (all []string) {
	if !value.IsArray() {
		return nil
	}
	for _, item := range value.ArrayValue() {
		all = append(all, text(item))
	}
	return all
}

const (
	// freeTimeout is over the limit that failover sets itself.
	freeTimeout = 15 * time.Minute
	// startTimeout bounds a single call and its retries.
	startTimeout = 5 * time.Minute
	// slack lets a wait end by its own limit, and say so, before its context ends.
	slack = time.Minute
)

func (h Hooks) bind(name string, limit time.Duration, do func(context.Context, *pulumi.ResourceHookArgs) error) (*pulumi.ResourceHookBinding, error) {
	name = h.name + "-" + name
	hook, err := h.ctx.RegisterResourceHook(name, func(args *pulumi.ResourceHookArgs) error {
		bounded, cancel := context.WithTimeout(h.ctx.Context(), limit)
		defer cancel()
		if err := do(bounded, args); err != nil {
			return &escapedError{err}
		}
		return nil
	}, nil)
	if err != nil {
		return nil, fmt.Errorf("registering the hook %s: %w", name, err)
	}
	return before(hook), nil
}

func before(hook *pulumi.ResourceHook) *pulumi.ResourceHookBinding {
	return &pulumi.ResourceHookBinding{BeforeCreate: []*pulumi.ResourceHook{hook}, BeforeUpdate: []*pulumi.ResourceHook{hook}}
}
