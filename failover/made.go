package failover

import (
	"context"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/pilotlight-dr/pilotlight/awsclient"
	"github.com/pilotlight-dr/pilotlight/awsregion"
)

// Asked is a resource that a killed update had asked AWS for: its type, such as aws:ec2/vpc:Vpc, and the inputs that
// it was asked for with, as the engine keeps them.
type Asked struct {
	Type   string
	Inputs map[string]any
}

// tagged are the types to which EC2 gives ids, by what DescribeTags calls them. All their tags are there from the
// moment in which they are made. A NAT gateway is not among them: what uses one may not begin before it is available.
var tagged = map[string]ec2types.ResourceType{
	"aws:ec2/vpc:Vpc":                                           ec2types.ResourceTypeVpc,
	"aws:ec2/subnet:Subnet":                                     ec2types.ResourceTypeSubnet,
	"aws:ec2/internetGateway:InternetGateway":                   ec2types.ResourceTypeInternetGateway,
	"aws:ec2/routeTable:RouteTable":                             ec2types.ResourceTypeRouteTable,
	"aws:ec2/securityGroup:SecurityGroup":                       ec2types.ResourceTypeSecurityGroup,
	"aws:ec2/eip:Eip":                                           ec2types.ResourceTypeElasticIp,
	"aws:ec2/vpcEndpoint:VpcEndpoint":                           ec2types.ResourceTypeVpcEndpoint,
	"aws:ec2/launchTemplate:LaunchTemplate":                     ec2types.ResourceTypeLaunchTemplate,
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": ec2types.ResourceTypeSecurityGroupRule,
	"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":   ec2types.ResourceTypeSecurityGroupRule,
}

// untagged are the other types, with how each is found.
var untagged = map[string]func(context.Context, aws.Config, Asked) ([]string, error){
	"aws:ec2/route:Route": findRoute,
	"aws:ec2/routeTableAssociation:RouteTableAssociation": findAssociation,
	"aws:secretsmanager/secret:Secret":                    findSecret,
	"aws:lb/targetGroup:TargetGroup":                      findTargetGroup,
	"aws:sns/topic:Topic":                                 findTopic,
}

// FindsMade reports whether FindMade finds resources of a type.
func FindsMade(typ string) bool { return tagged[typ] != "" || untagged[typ] != nil }

// madeLimit bounds the search for what a killed update left: it takes a few calls.
const madeLimit = 30 * time.Second

// FindMade finds what AWS holds of each of some resources that a killed update had asked for, where AWS itself gives the
// ids: by all the tags that they were asked for with, or by their names. There are several where an earlier update was
// killed too, and none where EC2 does not show it yet. Of other types nothing is known.
func (r *Runtime) FindMade(ctx context.Context, asked []Asked) (ids [][]string, err error) {
	ctx, cancel := context.WithTimeout(ctx, madeLimit)
	defer cancel()
	cfg, err := r.aws(ctx)
	if err != nil {
		return nil, err
	}
	var of []ec2types.TagDescription
	if slices.ContainsFunc(asked, func(a Asked) bool { return tagged[a.Type] != "" }) {
		if of, err = findTags(ctx, ec2.NewFromConfig(cfg), r.Site.Tags); err != nil {
			return nil, err
		}
	}
	ids = make([][]string, len(asked))
	for n, a := range asked {
		if kind := tagged[a.Type]; kind != "" {
			ids[n] = withTags(of, kind, a.tags(r.Site.Tags))
		} else if find := untagged[a.Type]; find != nil {
			if ids[n], err = find(ctx, cfg, a); err != nil {
				return nil, err
			}
		}
	}
	return ids, nil
}

// tags are those that a resource of a stack was asked for with: the stack's, and its own.
func (a Asked) tags(stack map[string]string) map[string]string {
	all := maps.Clone(stack)
	own, _ := a.Inputs["tags"].(map[string]any)
	for key, value := range own {
		all[key], _ = value.(string)
	}
	return all
}

// findTags lists all tags of what in a region has some. DescribeTags finds tags one by one, and so resources by one of
// theirs.
func findTags(ctx context.Context, client *ec2.Client, having map[string]string) (all []ec2types.TagDescription, err error) {
	list := func(filters ...ec2types.Filter) (found []ec2types.TagDescription, err error) {
		for page, err := range awsclient.Pages(ctx, ec2.NewDescribeTagsPaginator(client, &ec2.DescribeTagsInput{Filters: filters})) {
			if err != nil {
				return nil, fmt.Errorf("looking for what a killed update left: %w", err)
			}
			found = append(found, page.Tags...)
		}
		return found, nil
	}
	of, err := list(ec2types.Filter{Name: aws.String("key"), Values: []string{"stack"}}, ec2types.Filter{Name: aws.String("value"), Values: []string{having["stack"]}})
	if err != nil {
		return nil, err
	}
	for some := range slices.Chunk(of, filterValues) {
		found, err := list(ec2types.Filter{Name: aws.String("resource-id"), Values: idsOf(some, func(t ec2types.TagDescription) *string { return t.ResourceId })})
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// filterValues is how many values one call of EC2 is given: it takes 200 in all its filters (FilterLimitExceeded).
const filterValues = 100

// withTags are the resources of a kind that have some tags.
func withTags(all []ec2types.TagDescription, kind ec2types.ResourceType, wanted map[string]string) []string {
	ids, found := []string{}, map[string]int{}
	for _, t := range all {
		id := aws.ToString(t.ResourceId)
		if value, ok := wanted[aws.ToString(t.Key)]; ok && t.ResourceType == kind && value == aws.ToString(t.Value) {
			if found[id]++; found[id] == len(wanted) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// findRoute is the id that the provider gives a route (terraform-provider-aws, ec2/vpc_route.go). EC2 knows none.
func findRoute(_ context.Context, _ aws.Config, a Asked) ([]string, error) {
	table, _ := a.Inputs["routeTableId"].(string)
	destination, _ := a.Inputs["destinationCidrBlock"].(string)
	if table == "" || destination == "" {
		return nil, nil
	}
	return []string{fmt.Sprintf("r-%s%d", table, crc32.ChecksumIEEE([]byte(destination)))}, nil
}

// findAssociation finds that of a subnet with the route table that it was asked for with.
func findAssociation(ctx context.Context, cfg aws.Config, a Asked) ([]string, error) {
	ids := []string{}
	subnet, _ := a.Inputs["subnetId"].(string)
	out, err := ec2.NewFromConfig(cfg).DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{
		Filters: []ec2types.Filter{{Name: aws.String("association.subnet-id"), Values: []string{subnet}}},
	})
	if err != nil {
		return nil, fmt.Errorf("looking for the route table of subnet %s: %w", subnet, err)
	}
	for _, table := range out.RouteTables {
		for _, found := range table.Associations {
			if aws.ToString(found.SubnetId) == subnet && aws.ToString(found.RouteTableId) == a.Inputs["routeTableId"] {
				ids = append(ids, aws.ToString(found.RouteTableAssociationId))
			}
		}
	}
	return ids, nil
}

func findSecret(ctx context.Context, cfg aws.Config, a Asked) ([]string, error) {
	name, _ := a.Inputs["name"].(string)
	if name == "" {
		return nil, nil
	}
	out, err := secretsmanager.NewFromConfig(cfg).DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &name})
	switch {
	case coded(err, "ResourceNotFoundException"):
		return []string{}, nil
	case err != nil:
		return nil, fmt.Errorf("looking for secret %s, which a killed update may have left: %w", name, err)
	case out.DeletedDate != nil:
		return []string{}, nil
	}
	return []string{aws.ToString(out.ARN)}, nil
}

func findTargetGroup(ctx context.Context, cfg aws.Config, a Asked) ([]string, error) {
	name, _ := a.Inputs["name"].(string)
	if name == "" {
		return nil, nil
	}
	out, err := elb.NewFromConfig(cfg).DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{Names: []string{name}})
	switch {
	case coded(err, "TargetGroupNotFound"):
		return []string{}, nil
	case err != nil:
		return nil, fmt.Errorf("looking for target group %s, which a killed update may have left: %w", name, err)
	}
	return idsOf(out.TargetGroups, func(g elbtypes.TargetGroup) *string { return g.TargetGroupArn }), nil
}

// findTopic is the ARN, which is the topic's id, of a topic with the name: whether there is one is not asked. SNS itself would take
// the creation of one that is there for the same; pulumi-aws asks first, and refuses (pulumi/pulumi-aws#3809).
func findTopic(ctx context.Context, cfg aws.Config, a Asked) ([]string, error) {
	name, _ := a.Inputs["name"].(string)
	if name == "" {
		return nil, nil
	}
	own, err := account(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("looking for topic %s, which a killed update may have left: %w", name, err)
	}
	return []string{fmt.Sprintf("arn:%s:sns:%s:%s:%s", awsregion.Partition(cfg.Region), cfg.Region, own, name)}, nil
}
