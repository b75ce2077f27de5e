package components

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// tlsPolicy offers TLS 1.3 and 1.2.
const tlsPolicy = "ELBSecurityPolicy-TLS13-1-2-2021-06"

// TargetsArgs describes a target group.
type TargetsArgs struct {
	VPCID pulumi.StringInput
	// SlowStartSeconds is how long the share of an instance grows that joins healthy ones: 30 to 900, or 0. AWS has it
	// with round robin alone, which is the default.
	SlowStartSeconds int
}

// Targets is the target group that instances join and a balancer forwards to. It
// costs nothing without a balancer.
type Targets struct {
	pulumi.ResourceState

	ARN pulumi.StringOutput
	// ARNSuffix is how metrics name the group.
	ARNSuffix pulumi.StringOutput
}

// NewTargets makes a target group. Its health check asks HealthPath, and decides two
// things at once, as the group of instances takes its word (type ELB): who gets visitors,
// and, once graceSeconds are over, who is replaced. So the page is 503 for what a
// replacement would mend, an instance that can't read its settings or mount its media; and 200
// for what it would not, such as a database or an S3 that is away.
func NewTargets(ctx *pulumi.Context, name string, args TargetsArgs, opts ...pulumi.ResourceOption) (*Targets, error) {
	t := &Targets{}
	if err := ctx.RegisterComponentResource("pilotlight:components:Targets", name, t, opts...); err != nil {
		return nil, err
	}
	group, err := lb.NewTargetGroup(ctx, name+"-tg", &lb.TargetGroupArgs{
		VpcId:               args.VPCID.ToStringOutput().ToStringPtrOutput(),
		Port:                pulumi.Int(httpPort),
		Protocol:            pulumi.String("HTTP"),
		TargetType:          pulumi.String("instance"),
		SlowStart:           pulumi.Int(args.SlowStartSeconds),
		DeregistrationDelay: pulumi.Int(30),
		HealthCheck: lb.TargetGroupHealthCheckArgs{
			Path:               pulumi.String(HealthPath),
			Matcher:            pulumi.String("200"),
			Interval:           pulumi.Int(10),
			Timeout:            pulumi.Int(5),
			HealthyThreshold:   pulumi.Int(2),
			UnhealthyThreshold: pulumi.Int(3),
		},
		Tags: named(name),
	}, pulumi.Parent(t))
	if err != nil {
		return nil, err
	}
	t.ARN, t.ARNSuffix = group.Arn, group.ArnSuffix
	return t, ctx.RegisterResourceOutputs(t, pulumi.Map{"arn": t.ARN})
}

// BalancerArgs describes an application load balancer.
type BalancerArgs struct {
	SubnetIDs       pulumi.StringArray
	SecurityGroupID pulumi.StringInput
	TargetGroupARN  pulumi.StringInput
	// CertificateARN is of a certificate in the balancer's region; nil means plain HTTP.
	CertificateARN pulumi.StringInput
	// Hooks run around the creation of the balancer and of each listener; nil for none.
	Hooks *pulumi.ResourceHookBinding
}

// Balancer is an application load balancer that faces the internet.
type Balancer struct {
	pulumi.ResourceState

	DNSName pulumi.StringOutput
	ZoneID  pulumi.StringOutput
	// ARNSuffix is how metrics name the balancer.
	ARNSuffix pulumi.StringOutput
	// Listeners are what instances wait for whose health the balancer is to judge.
	Listeners []pulumi.Resource
}

// NewBalancer makes a balancer. With a certificate it serves HTTPS and sends HTTP
// there; without one it serves HTTP.
func NewBalancer(ctx *pulumi.Context, name string, args BalancerArgs, opts ...pulumi.ResourceOption) (*Balancer, error) {
	b := &Balancer{}
	if err := ctx.RegisterComponentResource(BalancerType, name, b, opts...); err != nil {
		return nil, err
	}
	childOpts := append(hooked(args.Hooks), pulumi.Parent(b), patience)
	balancer, err := lb.NewLoadBalancer(ctx, name+"-lb", &lb.LoadBalancerArgs{
		LoadBalancerType:        pulumi.String("application"),
		Subnets:                 args.SubnetIDs,
		SecurityGroups:          pulumi.StringArray{args.SecurityGroupID},
		DropInvalidHeaderFields: pulumi.Bool(true),
		IdleTimeout:             pulumi.Int(idleSeconds),
		Tags:                    named(name),
	}, childOpts...)
	if err != nil {
		return nil, err
	}
	b.DNSName, b.ZoneID, b.ARNSuffix = balancer.DnsName, balancer.ZoneId, balancer.ArnSuffix

	forward := lb.ListenerDefaultActionArgs{
		Type: pulumi.String("forward"), TargetGroupArn: args.TargetGroupARN.ToStringOutput().ToStringPtrOutput(),
	}
	http := &lb.ListenerArgs{
		LoadBalancerArn: balancer.Arn,
		Port:            pulumi.Int(httpPort),
		Protocol:        pulumi.String("HTTP"),
		DefaultActions:  lb.ListenerDefaultActionArray{forward},
		Tags:            named(name + "-http"),
	}
	if args.CertificateARN != nil {
		http.DefaultActions = lb.ListenerDefaultActionArray{lb.ListenerDefaultActionArgs{
			Type: pulumi.String("redirect"),
			Redirect: lb.ListenerDefaultActionRedirectArgs{
				Protocol: pulumi.String("HTTPS"), Port: pulumi.String("443"), StatusCode: pulumi.String("HTTP_301"),
			},
		}}
		https, err := lb.NewListener(ctx, name+"-https", &lb.ListenerArgs{
			LoadBalancerArn: balancer.Arn,
			Port:            pulumi.Int(httpsPort),
			Protocol:        pulumi.String("HTTPS"),
			SslPolicy:       pulumi.String(tlsPolicy),
			CertificateArn:  args.CertificateARN.ToStringOutput().ToStringPtrOutput(),
			DefaultActions:  lb.ListenerDefaultActionArray{forward},
			Tags:            named(name + "-https"),
		}, childOpts...)
		if err != nil {
			return nil, err
		}
		b.Listeners = append(b.Listeners, https)
	}
	listener, err := lb.NewListener(ctx, name+"-http", http, childOpts...)
	if err != nil {
		return nil, err
	}
	b.Listeners = append(b.Listeners, listener)
	return b, ctx.RegisterResourceOutputs(b, pulumi.Map{"dnsName": b.DNSName, "zoneId": b.ZoneID})
}
