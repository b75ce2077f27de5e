package sim_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
)

// TestRequestedCertificates holds that ACM issues a certificate when its records stand, the same ones for all regions,
// and renews it 45 days before its end if a balancer shows it and the records still stand.
func TestRequestedCertificates(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	w := sim.New(1)
	t.Cleanup(w.Close)
	w.Clock().SetQuiet(time.Millisecond)
	w.AddZone("Z1", "example.com")
	request := func(region string) sim.Object {
		o, err := w.Create(t.Context(), sim.Call{Region: region, Type: "aws:acm/certificate:Certificate", Name: "blog", Inputs: map[string]any{
			"domainName": "www.example.com", "subjectAlternativeNames": []any{"www.example.com", "example.com"}, "validationMethod": "DNS",
		}})
		require.NoError(t, err)
		return o
	}
	is := func(region, arn, status string) sim.Certificate {
		t.Helper()
		c, err := w.Certificate(region, arn)
		require.NoError(t, err)
		assert.Equal(t, status, c.Status)
		return c
	}
	first, second := request("us-west-2"), request("us-east-2")
	assert.Equal(t, first.Props["domainValidationOptions"], second.Props["domainValidationOptions"])
	assert.NotEqual(t, first.ID, second.ID)
	validate := func(which ...int) {
		for _, i := range which {
			option := first.Props["domainValidationOptions"].([]any)[i].(map[string]any)
			_, err := w.Create(t.Context(), sim.Call{Region: "us-west-2", Type: "aws:route53/record:Record", Name: option["domainName"].(string), Inputs: map[string]any{
				"zoneId": "Z1", "name": option["resourceRecordName"], "type": "CNAME", "ttl": 300, "records": []any{option["resourceRecordValue"]}, "allowOverwrite": true,
			}})
			require.NoError(t, err)
		}
	}
	validate(0)
	w.Clock().Advance(time.Hour)
	is("us-west-2", first.ID, "PENDING_VALIDATION")
	validate(1)
	w.Clock().Advance(time.Hour)
	until := is("us-west-2", first.ID, sim.Issued).Until
	is("us-east-2", second.ID, sim.Issued)
	third := request("eu-west-1")
	w.Clock().Advance(time.Hour)
	is("eu-west-1", third.ID, sim.Issued) // its records stand already
	validate(0, 1)
	is("us-west-2", first.ID, sim.Issued) // what is issued stays so when the other side writes them again
	assert.InDelta(t, 198*day.Hours(), until.Sub(w.Clock().Now()).Hours(), 5)

	balancer := secured(t, w, "us-west-2", first.ID)
	err := w.Delete(t.Context(), sim.Call{Region: "us-west-2", Type: "aws:acm/certificate:Certificate", ID: first.ID})
	assert.ErrorContains(t, err, "ResourceInUseException")
	w.Clock().Advance(154 * day)
	renewed := is("us-west-2", first.ID, sim.Issued)
	assert.Equal(t, []string{balancer}, renewed.InUseBy)
	assert.Equal(t, until.Add(153*day), renewed.Until)
	assert.Less(t, is("us-east-2", second.ID, sim.Issued).Until, renewed.Until.Add(-150*day), "no balancer shows it")

	for _, watched := range []sim.Object{first, second} {
		_, err := w.Create(t.Context(), sim.Call{Region: watched.Region, Type: "aws:cloudwatch/metricAlarm:MetricAlarm", Name: "ends", Inputs: map[string]any{
			"name": watched.Region, "namespace": "AWS/CertificateManager", "metricName": "DaysToExpiry", "dimensions": map[string]any{"CertificateArn": watched.ID},
			"statistic": "Minimum", "comparisonOperator": "LessThanThreshold", "threshold": 30.0, "period": 86400.0, "evaluationPeriods": 1.0, "treatMissingData": "ignore",
		}})
		require.NoError(t, err)
	}
	for _, rang := range [][]string{nil, {"us-east-2"}} { // 44 days before its end, and 24
		require.NoError(t, w.EvaluateAlarms(w.Clock().Now().Add(-2*day)))
		var names []string
		for _, ring := range w.Rings() {
			names = append(names, ring.Alarm)
		}
		assert.Equal(t, rang, names)
		w.Clock().Advance(20 * day)
	}

	w.Clock().Advance(10 * day)
	require.NoError(t, w.EvaluateAlarms(w.Clock().Now().Add(-10*day)))
	is("us-east-2", second.ID, "EXPIRED")
	assert.True(t, w.Rings()[0].Ended.IsZero(), "it is measured no more, and what ignores silence rings on")

	w.ByHand(func(o *sim.Object) bool { return o.Type != "aws:route53/record:Record" })
	w.Clock().Advance(200 * day)
	is("us-west-2", first.ID, "EXPIRED")

	late := request("us-east-2")
	w.Clock().Advance(73 * time.Hour)
	is("us-east-2", late.ID, "VALIDATION_TIMED_OUT")
}

// secured makes a balancer that shows a certificate, and answers its ARN.
func secured(t *testing.T, w *sim.World, region, certificate string) string {
	t.Helper()
	create := func(typ string, inputs map[string]any) sim.Object {
		o, err := w.Create(t.Context(), sim.Call{Region: region, Type: typ, Name: "blog", Inputs: inputs})
		require.NoError(t, err)
		return o
	}
	vpc := create("aws:ec2/vpc:Vpc", map[string]any{"cidrBlock": "10.0.0.0/16"}).ID
	gateway := create("aws:ec2/internetGateway:InternetGateway", map[string]any{"vpcId": vpc}).ID
	table := create("aws:ec2/routeTable:RouteTable", map[string]any{"vpcId": vpc}).ID
	create("aws:ec2/route:Route", map[string]any{"routeTableId": table, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": gateway})
	var subnets []any
	for i, block := range []string{"10.0.0.0/24", "10.0.1.0/24"} {
		subnet := create("aws:ec2/subnet:Subnet", map[string]any{"vpcId": vpc, "cidrBlock": block, "availabilityZone": sim.Zones(region)[i]}).ID
		create("aws:ec2/routeTableAssociation:RouteTableAssociation", map[string]any{"routeTableId": table, "subnetId": subnet})
		subnets = append(subnets, subnet)
	}
	balancer := create("aws:lb/loadBalancer:LoadBalancer", map[string]any{"name": "blog", "subnets": subnets})
	targets := create("aws:lb/targetGroup:TargetGroup", map[string]any{"name": "blog", "vpcId": vpc, "port": 80, "protocol": "HTTP"})
	create("aws:lb/listener:Listener", map[string]any{
		"loadBalancerArn": balancer.Props["arn"], "port": 443, "protocol": "HTTPS", "certificateArn": certificate,
		"defaultActions": []any{map[string]any{"type": "forward", "targetGroupArn": targets.Props["arn"]}},
	})
	return balancer.Props["arn"].(string)
}
