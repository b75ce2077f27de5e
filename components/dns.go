package components

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// RecordArgs says which name leads to which balancer.
type RecordArgs struct {
	// Name is the logical name of the domain's record: with another one it is written anew.
	Name   string
	ZoneID string
	Domain string
	// Names lead to Domain, by an alias each, which is made after its record.
	Names []string

	BalancerDNSName pulumi.StringInput
	BalancerZoneID  pulumi.StringInput

	// Overwrite lets a record that is already there be replaced; without it that is an error.
	Overwrite bool
	// After is what must be there before the name leads here. Name resources, not
	// components: those cannot be waited for.
	After []pulumi.Resource
	// Hooks run around the creation of the domain's record, NameHooks around that of each alias; nil for none.
	Hooks, NameHooks *pulumi.ResourceHookBinding
}

// Record is the DNS record under which visitors find a site, with the aliases that follow
// it. It never changes by itself, whatever the health of the balancer, and all of them stay
// when their stack lets go of them, since by then they may lead elsewhere.
type Record struct {
	pulumi.ResourceState

	FQDN pulumi.StringOutput
	// Switched is the domain's record, to wait until DNS points here.
	Switched pulumi.Resource
	// Aliases are the records of the further names.
	Aliases []pulumi.Resource
}

// NewRecord points the domain at a balancer.
func NewRecord(ctx *pulumi.Context, name string, args RecordArgs, opts ...pulumi.ResourceOption) (*Record, error) {
	r := &Record{}
	if err := ctx.RegisterComponentResource(RecordType, name, r, opts...); err != nil {
		return nil, err
	}
	record, err := route53.NewRecord(ctx, args.Name, &route53.RecordArgs{
		ZoneId:         pulumi.String(args.ZoneID),
		Name:           pulumi.String(args.Domain),
		Type:           pulumi.String("A"),
		AllowOverwrite: pulumi.Bool(args.Overwrite),
		Aliases: route53.RecordAliasArray{route53.RecordAliasArgs{
			Name: args.BalancerDNSName, ZoneId: args.BalancerZoneID, EvaluateTargetHealth: pulumi.Bool(false),
		}},
	}, append(hooked(args.Hooks), pulumi.Parent(r), pulumi.RetainOnDelete(true), pulumi.DependsOn(args.After))...)
	if err != nil {
		return nil, err
	}
	for _, further := range args.Names {
		alias, err := route53.NewRecord(ctx, name+"-"+further, &route53.RecordArgs{
			ZoneId:         pulumi.String(args.ZoneID),
			Name:           pulumi.String(further),
			Type:           pulumi.String("A"),
			AllowOverwrite: pulumi.Bool(true), // a later activation finds that of the other side
			Aliases: route53.RecordAliasArray{route53.RecordAliasArgs{
				Name: pulumi.String(args.Domain), ZoneId: pulumi.String(args.ZoneID), EvaluateTargetHealth: pulumi.Bool(false),
			}},
		}, append(hooked(args.NameHooks), pulumi.Parent(r), pulumi.RetainOnDelete(true), pulumi.DependsOn([]pulumi.Resource{record}))...)
		if err != nil {
			return nil, err
		}
		r.Aliases = append(r.Aliases, alias)
	}
	r.FQDN, r.Switched = record.Fqdn, record
	return r, ctx.RegisterResourceOutputs(r, pulumi.Map{"fqdn": r.FQDN})
}
