package components

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ImageArgs says which machine image instances start from.
type ImageArgs struct {
	ParameterName string // such as /blog/dr/image
	ImageID       string // an image of the same region
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
	parameter, err := ssm.NewParameter(ctx, name+"-image", &ssm.ParameterArgs{
		Name:          pulumi.String(args.ParameterName),
		Type:          pulumi.String("String"),
		DataType:      pulumi.String("aws:ec2:image"),
		InsecureValue: pulumi.String(args.ImageID),
		Tags:          named(name + "-image"),
	}, pulumi.Parent(i))
	if err != nil {
		return nil, err
	}
	i.ParameterName = parameter.Name
	return i, ctx.RegisterResourceOutputs(i, pulumi.Map{"parameterName": i.ParameterName})
}
