package components

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// RecordArgs says which name leads to which balancer.
type RecordArgs struct {
	// Name is the logical name of the record itself: with another one it is written anew.
	Name   string
	ZoneID string
	Domain string

	BalancerDNSName pulumi.StringInput
	BalancerZoneID  pulumi.StringInput

	// Overwrite lets a record that is already there be replaced; without it that is an error.
	Overwrite bool
	// After is what must be there before the name leads here. Name resources, not
	// components: those cannot be waited for.
	After []pulumi.Resource
	// Hooks run around the creation of the record itself; nil for none.
	Hooks *pulumi.ResourceHookBinding
}

// Record is the DNS record under which visitors find a site. It never changes by
// itself, whatever the health of the balancer, and it stays when its stack lets go
// of it, since by then it may lead elsewhere.
type Record struct {
	pulumi.ResourceState

	FQDN pulumi.StringOutput
	// Switched is the record itself, to wait until DNS points here.
	Switched pulumi.Resource
}

// NewRecord points the domain at a balancer.
func NewRecord(ctx *pulumi.Context, name string, args RecordArgs, opts ...pulumi.ResourceOption) (*Record, error) {
	r := &Record{}
	if err := ctx.RegisterComponentResource(RecordType, name, r, opts...); err != nil {
		return nil, err
	}
	recordOpts := []pulumi.ResourceOption{
		pulumi.Parent(r), pulumi.RetainOnDelete(true), pulumi.DependsOn(args.After),
	}
	if args.Hooks != nil {
		recordOpts = append(recordOpts, pulumi.ResourceHooks(args.Hooks))
	}
	record, err := route53.NewRecord(ctx, args.Name, &route53.RecordArgs{
		ZoneId:         pulumi.String(args.ZoneID),
		Name:           pulumi.String(args.Domain),
		Type:           pulumi.String("A"),
		AllowOverwrite: pulumi.Bool(args.Overwrite),
		Aliases: route53.RecordAliasArray{route53.RecordAliasArgs{
			Name: args.BalancerDNSName, ZoneId: args.BalancerZoneID, EvaluateTargetHealth: pulumi.Bool(false),
		}},
	}, recordOpts...)
	if err != nil {
		return nil, err
	}
	r.FQDN, r.Switched = record.Fqdn, record
	return r, ctx.RegisterResourceOutputs(r, pulumi.Map{"fqdn": r.FQDN})
}
