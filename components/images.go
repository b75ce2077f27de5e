package components

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/images"
)

// ImageArgs says which machine image instances start from.
type ImageArgs struct {
	ParameterName string // such as /blog/dr/image
	ImageID       string // an image of the same region
	Follows       bool   // it may be pointed to a newer image meanwhile: see package images
}

// Image is the SSM parameter through which launch templates find their image, so
// that a newer image needs no new template.
type Image struct {
	pulumi.ResourceState

	ParameterName pulumi.StringOutput
}

// NewImage makes the parameter. AWS checks in its own time that the image exists.
func NewImage(ctx *pulumi.Context, name string, args ImageArgs, opts ...pulumi.ResourceOption) (*Image, error) {
	i := &Image{}
	if err := ctx.RegisterComponentResource("pilotlight:components:Image", name, i, opts...); err != nil {
		return nil, err
	}
	in := &ssm.ParameterArgs{
		Name:          pulumi.String(args.ParameterName),
		Type:          pulumi.String("String"),
		DataType:      pulumi.String("aws:ec2:image"),
		InsecureValue: pulumi.String(args.ImageID),
		Tags:          named(name + "-image"),
	}
	if args.Follows {
		in.Description = pulumi.String(images.PointerNote)
	}
	parameter, err := ssm.NewParameter(ctx, name+"-image", in, pulumi.Parent(i))
	if err != nil {
		return nil, err
	}
	i.ParameterName = parameter.Name
	return i, ctx.RegisterResourceOutputs(i, pulumi.Map{"parameterName": i.ParameterName})
}
