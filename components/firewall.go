package components

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	httpPort  = 80
	httpsPort = 443
	mysqlPort = 3306 // where the database listens, and userdata.sh.tmpl connects to
	redisPort = 6379
)

// securityGroups makes a group for each kind of part, and the rules between them.
// Rules are resources of their own: rules inside a group and beside it undo each other.
func (n *Network) securityGroups(ctx *pulumi.Context, name string, args NetworkArgs) error {
	// Without rules, so that what is put into it by omission reaches nothing.
	if _, err := ec2.NewDefaultSecurityGroup(ctx, name+"-default", &ec2.DefaultSecurityGroupArgs{
		VpcId: n.VPCID, Tags: named(name + "-default"),
	}, pulumi.Parent(n)); err != nil {
		return err
	}
	for _, g := range []struct {
		part, description string
		id                *pulumi.StringOutput
	}{
		{"balancer", "Visitors reach the balancer, the balancer reaches the instances", &n.BalancerSecurityGroup},
		{"instances", "The balancer reaches the instances, they reach database, cache and the internet", &n.InstanceSecurityGroup},
		{"database", "The instances reach the database, it reaches nothing", &n.DatabaseSecurityGroup},
		{"cache", "The instances reach the cache, it reaches nothing", &n.CacheSecurityGroup},
	} {
		group, err := ec2.NewSecurityGroup(ctx, name+"-"+g.part, &ec2.SecurityGroupArgs{
			VpcId: n.VPCID, Description: pulumi.String(g.description), Tags: named(name + "-" + g.part),
		}, pulumi.Parent(n))
		if err != nil {
			return err
		}
		*g.id = group.ID().ToStringOutput()
	}

	world, guests := end{}, []end{{}}
	if len(args.Visitors) > 0 {
		guests = nil
	}
	for _, block := range args.Visitors {
		guests = append(guests, end{block: block})
	}
	balancer, instances := end{part: "balancer", id: n.BalancerSecurityGroup}, end{part: "instances", id: n.InstanceSecurityGroup}
	database, cache := end{part: "database", id: n.DatabaseSecurityGroup}, end{part: "cache", id: n.CacheSecurityGroup}
	type rule struct {
		from, to end
		port     int
	}
	rules := []rule{
		{balancer, instances, httpPort},
		{instances, database, mysqlPort},
		{instances, cache, redisPort},
	}
	for _, guest := range guests {
		rules = append(rules, rule{guest, balancer, httpPort}, rule{guest, balancer, httpsPort})
	}
	for _, port := range args.Egress {
		rules = append(rules, rule{instances, world, port})
	}
	for _, r := range rules {
		if err := n.permit(ctx, name, r.from, r.to, r.port); err != nil {
			return err
		}
	}
	return nil
}

// end is one end of a connection: a part of the site, or addresses in the internet.
// The zero value is all of those.
type end struct {
	part  string
	id    pulumi.StringOutput
	block netip.Prefix
}

func (e end) isWorld() bool { return e.part == "" }

// place answers where rules find the end: as a block of addresses or as a group.
func (e end) place() (block, group pulumi.StringPtrInput) {
	if e.isWorld() && e.block.IsValid() {
		return pulumi.String(e.block.Masked().String()), nil
	}
	if e.isWorld() {
		return pulumi.String(anywhere), nil
	}
	return nil, e.id.ToStringPtrOutput()
}

// permit lets one end open connections to a port of the other.
func (n *Network) permit(ctx *pulumi.Context, name string, from, to end, port int) error {
	if !from.isWorld() {
		part, there := fmt.Sprintf("%s-%s-to-%s-%d", name, from.part, to.label(), port), fmt.Sprintf("To %s", to.label())
		block, group := to.place()
		if _, err := vpc.NewSecurityGroupEgressRule(ctx, part, &vpc.SecurityGroupEgressRuleArgs{
			SecurityGroupId:           from.id,
			Description:               pulumi.String(there),
			IpProtocol:                pulumi.String("tcp"),
			FromPort:                  pulumi.Int(port),
			ToPort:                    pulumi.Int(port),
			CidrIpv4:                  block,
			ReferencedSecurityGroupId: group,
			Tags:                      named(part),
		}, pulumi.Parent(n)); err != nil {
			return err
		}
	}
	if !to.isWorld() {
		part, there := fmt.Sprintf("%s-%s-from-%s-%d", name, to.part, from.label(), port), fmt.Sprintf("From %s", from.label())
		block, group := from.place()
		if _, err := vpc.NewSecurityGroupIngressRule(ctx, part, &vpc.SecurityGroupIngressRuleArgs{
			SecurityGroupId:           to.id,
			Description:               pulumi.String(there),
			IpProtocol:                pulumi.String("tcp"),
			FromPort:                  pulumi.Int(port),
			ToPort:                    pulumi.Int(port),
			CidrIpv4:                  block,
			ReferencedSecurityGroupId: group,
			Tags:                      named(part),
		}, pulumi.Parent(n)); err != nil {
			return err
		}
	}
	return nil
}

func (e end) label() string {
	if e.isWorld() && e.block.IsValid() {
		return "visitors-" + strings.ReplaceAll(e.block.Masked().String(), "/", "-")
	}
	if e.isWorld() {
		return "anywhere"
	}
	return e.part
}
