package components

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// endpoints let instances reach services of AWS without the internet: S3 by its addresses, the others
// by an interface that answers to the service's own name.
func (n *Network) endpoints(ctx *pulumi.Context, name string, args NetworkArgs, s3 pulumi.StringOutput) error {
	group, err := ec2.NewSecurityGroup(ctx, name+"-endpoints", &ec2.SecurityGroupArgs{
		VpcId: n.VPCID, Description: pulumi.String("The instances reach services of AWS, these reach nothing"), Tags: named(name + "-endpoints"),
	}, pulumi.Parent(n))
	if err != nil {
		return err
	}
	instances := end{part: "instances", id: n.InstanceSecurityGroup}
	if err := n.permit(ctx, name, instances, end{part: "endpoints", id: group.ID().ToStringOutput()}, httpsPort); err != nil {
		return err
	}
	if _, err := vpc.NewSecurityGroupEgressRule(ctx, name+"-instances-to-s3-443", &vpc.SecurityGroupEgressRuleArgs{
		SecurityGroupId: n.InstanceSecurityGroup,
		Description:     pulumi.String("To S3"),
		IpProtocol:      pulumi.String("tcp"),
		FromPort:        pulumi.Int(httpsPort),
		ToPort:          pulumi.Int(httpsPort),
		PrefixListId:    s3,
		Tags:            named(name + "-instances-to-s3-443"),
	}, pulumi.Parent(n)); err != nil {
		return err
	}
	for _, service := range args.Services {
		// In China the names of ssm, secretsmanager and logs have no prefix, as others there do
		// (aws-cdk, InterfaceVpcEndpointAwsService, has those that do).
		if _, err := ec2.NewVpcEndpoint(ctx, name+"-"+service, &ec2.VpcEndpointArgs{
			VpcId:             n.VPCID,
			VpcEndpointType:   pulumi.String("Interface"),
			ServiceName:       pulumi.String("com.amazonaws." + args.Region + "." + service),
			PrivateDnsEnabled: pulumi.Bool(true),
			SubnetIds:         n.PrivateSubnetIDs[:1],
			SecurityGroupIds:  pulumi.StringArray{group.ID()},
			Tags:              named(name + "-" + service),
		}, pulumi.Parent(n)); err != nil {
			return err
		}
	}
	return nil
}
