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

// StartPromotion starts the promotion once the claim is in the state. stillOurs
// reads the peer's claim again first, since the peer may have claimed in the
// same moment.
func StartPromotion(ctx *pulumi.Context, name string, rt *failover.Runtime, stillOurs func() error) (*pulumi.ResourceHookBinding, error) {
	return bind(ctx, name+"-pre-failover", startTimeout, func(ctx context.Context, _ *pulumi.ResourceHookArgs) error {
		if err := stillOurs(); err != nil {
			return err
		}
		if rt.Site.Source == "" {
			return nil // primary-born: nothing to promote
		}
		if rt.Site.Switchover {
			return nil // it waits until no write is missing
		}
		return rt.StartPromotion(ctx)
	})
}

// WaitPromoted waits until the database is promoted, and starts the promotion
// (again) as long as it has a source.
func WaitPromoted(ctx *pulumi.Context, name string, rt *failover.Runtime) (*pulumi.ResourceHookBinding, error) {
	return bind(ctx, name+"-promoted", rt.Site.Limits.Promote+slack, func(ctx context.Context, _ *pulumi.ResourceHookArgs) error {
		return rt.WaitPromoted(ctx)
	})
}

// WaitInstances waits until enough instances are in service.
func WaitInstances(ctx *pulumi.Context, name string, rt *failover.Runtime) (*pulumi.ResourceHookBinding, error) {
	limits := rt.Site.Limits
	return bind(ctx, name+"-started", limits.Promote+limits.Healthy+slack, func(ctx context.Context, _ *pulumi.ResourceHookArgs) error {
		return rt.WaitInstances(ctx)
	})
}

// WaitHealthy waits until the site is healthy in depth behind the balancer that
// target finds in the bound resource's inputs. What follows moves the site's name,
// so stillOurs reads the peer's claim once more: much may have happened meanwhile.
// Where a person moves it, that is waited for too.
func WaitHealthy(ctx *pulumi.Context, name string, rt *failover.Runtime, target Target, stillOurs func() error) (*pulumi.ResourceHookBinding, error) {
	limits := rt.Site.Limits
	return behind(ctx, name+"-serving", limits.Healthy+limits.DNS+slack, target, func(ctx context.Context, balancer string) error {
		if err := rt.WaitHealthy(ctx, balancer); err != nil {
			return err
		}
		if err := stillOurs(); err != nil || !rt.Site.ManualDNS {
			return err
		}
		return rt.WaitVisitors(ctx, balancer)
	})
}

// WaitVisitors waits until visitors arrive, and fails nothing: the site's name has been
// moved, and resolvers can't be controlled.
func WaitVisitors(ctx *pulumi.Context, name string, rt *failover.Runtime, target Target) (*pulumi.ResourceHookBinding, error) {
	return behind(ctx, name+"-moved", rt.Site.Limits.DNS+slack, target, func(inner context.Context, balancer string) error {
		if err := rt.WaitVisitors(inner, balancer); err != nil {
			return ctx.Log.Warn("visitors may not arrive here yet: "+err.Error(), nil)
		}
		return nil
	})
}

// WaitSecondZone waits until the database has served for a while, and may get its second zone.
func WaitSecondZone(ctx *pulumi.Context, name string, rt *failover.Runtime) (*pulumi.ResourceHookBinding, error) {
	return bind(ctx, name+"-second-zone", rt.Site.SecondZoneAfter+slack, func(ctx context.Context, _ *pulumi.ResourceHookArgs) error {
		return rt.WaitSecondZone(ctx)
	})
}

// WaitCaughtUp waits until this side has all that was written to the frozen one.
func WaitCaughtUp(ctx *pulumi.Context, name string, rt *failover.Runtime, target Target) (*pulumi.ResourceHookBinding, error) {
	return behind(ctx, name+"-caught-up", rt.Site.Limits.Healthy+slack, target, rt.WaitCaughtUp)
}

// WaitStopped waits until no instance serves visitors.
func WaitStopped(ctx *pulumi.Context, name string, rt *failover.Runtime, target Target) (*pulumi.ResourceHookBinding, error) {
	return behind(ctx, name+"-stopped", rt.Site.Limits.Healthy+slack, target, rt.WaitStopped)
}

// WaitReadOnly waits until the frozen site's database takes no writes.
func WaitReadOnly(ctx *pulumi.Context, name string, rt *failover.Runtime, target Target) (*pulumi.ResourceHookBinding, error) {
	return behind(ctx, name+"-read-only", rt.Site.Limits.Healthy+slack, target, rt.WaitReadOnly)
}

// CheckName looks whether the name in the bound record's inputs is taken.
func CheckName(ctx *pulumi.Context, name string, rt *failover.Runtime) (*pulumi.ResourceHookBinding, error) {
	binding, err := bind(ctx, name+"-untaken", rt.Site.Limits.Check+slack, func(ctx context.Context, args *pulumi.ResourceHookArgs) error {
		return rt.CheckName(ctx, text(args.NewInputs["name"]))
	})
	if err != nil {
		return nil, err
	}
	binding.BeforeUpdate = nil // by then it is the stack's
	return binding, nil
}

// WaitImage waits, before an update of the group, until launch templates find the image that it rolls out.
func WaitImage(ctx *pulumi.Context, name string, rt *failover.Runtime, parameter, id string) (*pulumi.ResourceHookBinding, error) {
	binding, err := bind(ctx, name+"-image", rt.Site.Limits.Check+slack, func(ctx context.Context, _ *pulumi.ResourceHookArgs) error {
		return rt.WaitImage(ctx, parameter, id)
	})
	if err != nil {
		return nil, err
	}
	binding.BeforeCreate = nil // a new group has nothing to replace
	return binding, nil
}

// WaitIssued waits until ACM has issued the certificate whose ARN is the input of the bound resource.
func WaitIssued(ctx *pulumi.Context, name string, rt *failover.Runtime) (*pulumi.ResourceHookBinding, error) {
	return bind(ctx, name+"-issued", rt.Site.Limits.Certificate+slack, func(ctx context.Context, args *pulumi.ResourceHookArgs) error {
		return rt.WaitIssued(ctx, text(args.NewInputs["input"]))
	})
}

// WaitRotated waits until every instance uses the secrets of a rotation, which is about to end. With 0 none is.
func WaitRotated(ctx *pulumi.Context, name string, rt *failover.Runtime, rotation int) (*pulumi.ResourceHookBinding, error) {
	return bind(ctx, name+"-rotated", rt.Site.Limits.Healthy+slack, func(ctx context.Context, _ *pulumi.ResourceHookArgs) error {
		if rotation == 0 {
			return nil
		}
		return rt.WaitRotated(ctx, rotation)
	})
}

// ResetReadOnly lets the database of an active stack take writes where a killed update has
// frozen it and the state does not know.
func ResetReadOnly(ctx *pulumi.Context, name string, rt *failover.Runtime) (*pulumi.ResourceHookBinding, error) {
	return bind(ctx, name+"-writable", rt.Site.Limits.Healthy+slack, func(ctx context.Context, _ *pulumi.ResourceHookArgs) error {
		return rt.ResetReadOnly(ctx)
	})
}

// Target finds the balancer's DNS name in the inputs of the resource that a hook is bound to.
type Target func(*pulumi.ResourceHookArgs) (string, error)

// behind binds a wait for what a balancer answers.
func behind(ctx *pulumi.Context, name string, limit time.Duration, target Target, wait func(context.Context, string) error) (*pulumi.ResourceHookBinding, error) {
	return bind(ctx, name, limit, func(ctx context.Context, args *pulumi.ResourceHookArgs) error {
		balancer, err := target(args)
		if err != nil {
			return err
		}
		return wait(ctx, balancer)
	})
}

// RemoveOrphans deletes what a killed update left behind and that would block the resource
// that it is bound to: a NAT gateway, a route, a balancer or a listener that is about to be made.
func RemoveOrphans(ctx *pulumi.Context, name string, rt *failover.Runtime) (*pulumi.ResourceHookBinding, error) {
	binding, err := bind(ctx, name+"-remove-orphans", freeTimeout, func(ctx context.Context, args *pulumi.ResourceHookArgs) error {
		in := args.NewInputs
		switch string(args.Type) {
		case "aws:ec2/natGateway:NatGateway":
			return rt.DeleteOrphanGateway(ctx, text(in["allocationId"]))
		case "aws:ec2/route:Route":
			return rt.DeleteOrphanRoute(ctx, text(in["routeTableId"]), text(in["destinationCidrBlock"]), text(in["natGatewayId"]))
		case "aws:lb/loadBalancer:LoadBalancer":
			return rt.DeleteOrphanBalancers(ctx, args.Name, texts(in["securityGroups"]))
		case "aws:lb/listener:Listener":
			return rt.DeleteOrphanListener(ctx, text(in["loadBalancerArn"]), int32(in["port"].NumberValue()))
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
func WaitModifiable(ctx *pulumi.Context, name string, rt *failover.Runtime) (*pulumi.ResourceHookBinding, error) {
	return bind(ctx, name+"-settled", rt.Site.Limits.Promote+slack, func(ctx context.Context, args *pulumi.ResourceHookArgs) error {
		if len(args.OldInputs) > 0 {
			return rt.WaitModifiable(ctx, rt.Site.Region, text(args.NewInputs["identifier"]))
		}
		source, err := arn.Parse(text(args.NewInputs["replicateSourceDb"]))
		if err != nil {
			return nil //nolint:nilerr // it copies none
		}
		return rt.WaitModifiable(ctx, source.Region, strings.TrimPrefix(source.Resource, "db:"))
	})
}

// CompareMedia tells which files of the bucket in the bound resource's inputs the
// peer's bucket lacks. It fails nothing.
func CompareMedia(ctx *pulumi.Context, name string, rt *failover.Runtime, peerRegion, peerBucket string) (*pulumi.ResourceHookBinding, error) {
	return bind(ctx, name+"-compare-media", compareTimeout, func(inner context.Context, args *pulumi.ResourceHookArgs) error {
		if err := rt.CompareMedia(inner, text(args.NewInputs["input"]), peerRegion, peerBucket); err != nil {
			return ctx.Log.Warn("the media of both sides were not compared: "+err.Error(), nil)
		}
		return nil
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
	// compareTimeout is enough for ten million files.
	compareTimeout = time.Hour
	// startTimeout bounds a single call and its retries.
	startTimeout = 5 * time.Minute
	// slack lets a wait end by its own limit, and say so, before its context ends.
	slack = time.Minute
)

func bind(ctx *pulumi.Context, name string, limit time.Duration, do func(context.Context, *pulumi.ResourceHookArgs) error) (*pulumi.ResourceHookBinding, error) {
	hook, err := ctx.RegisterResourceHook(name, func(args *pulumi.ResourceHookArgs) error {
		bounded, cancel := context.WithTimeout(ctx.Context(), limit)
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
