package failover_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
)

// network is what a NAT gateway and a balancer need.
type network struct {
	subnets     []any
	group, rtb  string
	vpc         string
	put         func(typ string, inputs map[string]any) string
	tags, other map[string]any
}

func newNetwork(t *testing.T, w *sim.World) *network {
	t.Helper()
	n := &network{
		tags:  map[string]any{"site": "blog", "stack": "dr"},
		other: map[string]any{"site": "blog", "stack": "prod"},
	}
	n.put = func(typ string, inputs map[string]any) string {
		o, err := w.Create(t.Context(), sim.Call{Region: recovery, Type: typ, Name: "x", Inputs: inputs})
		require.NoError(t, err)
		return o.ID
	}
	n.vpc = n.put("aws:ec2/vpc:Vpc", map[string]any{"cidrBlock": "10.0.0.0/16"})
	vpc := n.vpc
	n.put("aws:ec2/internetGateway:InternetGateway", map[string]any{"vpcId": vpc})
	for i, zone := range []string{"a", "b"} {
		n.subnets = append(n.subnets, n.put("aws:ec2/subnet:Subnet", map[string]any{"vpcId": vpc, "cidrBlock": []string{"10.0.0.0/24", "10.0.1.0/24"}[i], "availabilityZone": recovery + zone}))
	}
	n.group = n.put("aws:ec2/securityGroup:SecurityGroup", map[string]any{"vpcId": vpc, "name": "lb"})
	n.rtb = n.put("aws:ec2/routeTable:RouteTable", map[string]any{"vpcId": vpc})
	return n
}

func TestDeleteOrphanGateway(t *testing.T) {
	t.Parallel()
	w, rt, said := standby(t)
	rt.Site.Tags = map[string]string{"site": "blog", "stack": "dr"}
	n := newNetwork(t, w)
	address := n.put("aws:ec2/eip:Eip", map[string]any{})
	require.NoError(t, rt.DeleteOrphanGateway(t.Context(), address))
	assert.Empty(t, *said, "a free address is nothing to talk about")

	with := func(tags map[string]any) string {
		return n.put("aws:ec2/natGateway:NatGateway", map[string]any{"allocationId": address, "subnetId": n.subnets[0], "tags": tags})
	}
	gateway := with(n.tags)
	require.NoError(t, rt.DeleteOrphanGateway(t.Context(), "eipalloc-0123456789abcdef0"))
	assert.Len(t, w.Gateways(recovery), 1, "another's gateway is left alone")
	require.NoError(t, rt.DeleteOrphanGateway(t.Context(), address))
	assert.Contains(t, strings.Join(*said, "\n"), "still held by NAT gateway "+gateway)
	assert.Empty(t, w.Gateways(recovery))

	gateway = with(n.tags)
	n.put("aws:ec2/route:Route", map[string]any{"routeTableId": n.rtb, "destinationCidrBlock": "0.0.0.0/0", "natGatewayId": gateway})
	err := rt.DeleteOrphanGateway(t.Context(), address)
	assert.ErrorContains(t, err, "routes lead to it, so an update has used it")
	assert.ErrorContains(t, err, "pilotlight adopt")
	assert.Equal(t, "available", w.Gateways(recovery)[0].State, "instances use it")
	assert.ErrorContains(t, rt.DeleteOrphanRoute(t.Context(), n.rtb, "0.0.0.0/0", "nat-another"), "leads to NAT gateway "+gateway)
	require.NoError(t, rt.DeleteOrphanRoute(t.Context(), n.rtb, "0.0.0.0/0", gateway))
	require.NoError(t, rt.DeleteOrphanRoute(t.Context(), n.rtb, "0.0.0.0/0", gateway), "it is gone")
	require.NoError(t, rt.DeleteOrphanGateway(t.Context(), address))
	with(n.other)
	assert.ErrorContains(t, rt.DeleteOrphanGateway(t.Context(), address), "it has not the tags of this stack")
}

// TestOrphanMayGoMeanwhile has another end what was found, before it is deleted here.
func TestOrphanMayGoMeanwhile(t *testing.T) {
	t.Parallel()
	w, rt, _ := standby(t, "error=elasticloadbalancing:DeleteLoadBalancer:LoadBalancerNotFound",
		"error=ec2:DeleteRoute:InvalidRoute.NotFound")
	rt.Site.Tags = map[string]string{"site": "blog", "stack": "dr"}
	n := newNetwork(t, w)
	address := n.put("aws:ec2/eip:Eip", map[string]any{})
	gateway := n.put("aws:ec2/natGateway:NatGateway", map[string]any{"allocationId": address, "subnetId": n.subnets[0], "tags": n.tags})
	n.put("aws:ec2/route:Route", map[string]any{"routeTableId": n.rtb, "destinationCidrBlock": "0.0.0.0/0", "natGatewayId": gateway})
	require.NoError(t, rt.DeleteOrphanRoute(t.Context(), n.rtb, "0.0.0.0/0", gateway))
	n.put("aws:lb/loadBalancer:LoadBalancer", map[string]any{"name": "blog-dr-lb-1234567", "subnets": n.subnets, "securityGroups": []any{n.group}, "tags": n.tags})
	require.NoError(t, rt.DeleteOrphanBalancers(t.Context(), "blog-dr-lb", []string{n.group}))
	assert.Len(t, w.Balancers(recovery), 1, "the call was answered by the fault")
}

func TestDeleteOrphanBalancers(t *testing.T) {
	t.Parallel()
	w, rt, said := standby(t)
	rt.Site.Tags = map[string]string{"site": "blog", "stack": "dr"}
	n := newNetwork(t, w)
	with := func(name string, tags map[string]any) string {
		return n.put("aws:lb/loadBalancer:LoadBalancer", map[string]any{"name": name, "subnets": n.subnets, "securityGroups": []any{n.group}, "tags": tags})
	}
	with("blog-dr-lb-1234567", n.tags)
	with("blog-dr-lb-abcdef0", n.other)
	kept := with("blog-dr-lb-7654321", n.tags)
	with("blog-dr-lb-other", n.tags)
	rt.Site.ResourceIDs = []string{kept}
	require.NoError(t, rt.DeleteOrphanBalancers(t.Context(), "blog-dr-lb", []string{n.group}))
	var left []string
	for _, b := range w.Balancers(recovery) {
		left = append(left, b.Name)
	}
	assert.ElementsMatch(t, []string{"blog-dr-lb-abcdef0", "blog-dr-lb-7654321", "blog-dr-lb-other"}, left)
	told := strings.Join(*said, "\n")
	assert.Contains(t, told, "deleting balancer blog-dr-lb-1234567, which a killed update left")
	assert.Contains(t, told, "balancer blog-dr-lb-7654321 is left alone: the state holds it")
}

// TestDeleteOrphanListener leaves the listener of a balancer alone that visitors use: the same
// one asked for again is AWS's answer.
func TestDeleteOrphanListener(t *testing.T) {
	t.Parallel()
	w, rt, said := standby(t)
	w.AddZone("Z1", "example.com")
	n := newNetwork(t, w)
	lb, err := w.Create(t.Context(), sim.Call{Region: recovery, Type: "aws:lb/loadBalancer:LoadBalancer", Name: "lb", Inputs: map[string]any{
		"name": "blog-dr-lb", "subnets": n.subnets, "securityGroups": []any{n.group}, "tags": n.tags}})
	require.NoError(t, err)
	balancer := lb.ID
	settings := map[string]any{"loadBalancerArn": balancer, "port": 80, "protocol": "HTTP", "defaultActions": []any{
		map[string]any{"type": "redirect", "redirect": map[string]any{"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"}}}}
	listener := n.put("aws:lb/listener:Listener", settings)
	require.NoError(t, rt.DeleteOrphanListener(t.Context(), balancer, 80))
	again := n.put("aws:lb/listener:Listener", settings)
	assert.NotEqual(t, listener, again, "nothing leads to its balancer, so it was deleted")
	assert.Empty(t, *said)

	n.put("aws:route53/record:Record", map[string]any{"zoneId": "Z1", "name": "www.example.com", "type": "A", "aliases": []any{
		map[string]any{"name": lb.Props["dnsName"], "zoneId": lb.Props["zoneId"], "evaluateTargetHealth": false}}})
	require.NoError(t, rt.DeleteOrphanListener(t.Context(), balancer, 80))
	assert.Equal(t, again, n.put("aws:lb/listener:Listener", settings))
	assert.Contains(t, strings.Join(*said, "\n"), "is left alone: DNS points to its balancer")
}
