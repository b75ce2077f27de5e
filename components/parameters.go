package components

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ParameterArgs names a value that instances read at boot and every minute.
type ParameterArgs struct {
	Path  string // of the stack, such as /blog/dr
	Key   string // such as database: the parameter is /blog/dr/database
	Value pulumi.StringInput
	// Description is for people. When it changes, the value is written again.
	Description string
	// Large lets the value be over 4096 characters, up to 8192: an advanced parameter, 0.05 USD a month. pulumi-aws v6 never sends
	// Intelligent-Tiering, by which AWS would choose (its patch "Workaround SSM Parameter tier bug"; pulumi-aws issue 5595).
	Large bool

	// Hooks run before the parameter is made or changed; nil for none.
	Hooks *pulumi.ResourceHookBinding
}

// Parameter is an SSM parameter in plain text: a place, never a secret.
type Parameter struct {
	pulumi.ResourceState

	Name pulumi.StringOutput
	// Resource is the parameter itself, for what has to come after it.
	Resource pulumi.Resource
}

// NewParameter makes a parameter.
func NewParameter(ctx *pulumi.Context, name string, args ParameterArgs, opts ...pulumi.ResourceOption) (*Parameter, error) {
	p := &Parameter{}
	if err := ctx.RegisterComponentResource("pilotlight:components:Parameter", name+"-"+args.Key, p, opts...); err != nil {
		return nil, err
	}
	in := &ssm.ParameterArgs{
		Name:          pulumi.String(args.Path + "/" + args.Key),
		Type:          pulumi.String("String"),
		InsecureValue: args.Value.ToStringOutput().ToStringPtrOutput(),
		Tags:          named(name + "-" + args.Key),
	}
	if args.Large {
		in.Tier = pulumi.String("Advanced")
	}
	if args.Description != "" {
		in.Description = pulumi.String(args.Description)
	}
	below := append(hooked(args.Hooks), pulumi.Parent(p))
	parameter, err := ssm.NewParameter(ctx, name+"-"+args.Key, in, below...)
	if err != nil {
		return nil, err
	}
	p.Name, p.Resource = parameter.Name, parameter
	return p, ctx.RegisterResourceOutputs(p, pulumi.Map{"name": p.Name})
}
