package failover_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/awsclient"
	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/wire"
)

// inUse is an account that has some of everything that is counted, and what asks for it.
func inUse(t *testing.T, faults ...string) (*sim.World, *failover.Runtime) {
	t.Helper()
	w := sim.New(1)
	w.Clock().SetQuiet(time.Millisecond)
	face := wire.NewFace(w)
	t.Cleanup(func() { face.Close(); w.Close() })
	w.AddImage(recovery, "ami-1", sim.Epoch)
	put := func(typ, name string, inputs map[string]any) string {
		o, err := w.Create(t.Context(), sim.Call{Region: recovery, Type: typ, Name: name, Inputs: inputs})
		require.NoError(t, err)
		return o.ID
	}
	vpc := put("aws:ec2/vpc:Vpc", "site", map[string]any{"cidrBlock": "10.0.0.0/16"})
	put("aws:ec2/internetGateway:InternetGateway", "site", map[string]any{"vpcId": vpc})
	var subnets []any
	for i, block := range []string{"10.0.0.0/24", "10.0.1.0/24"} {
		subnets = append(subnets, put("aws:ec2/subnet:Subnet", block, map[string]any{"vpcId": vpc, "cidrBlock": block, "availabilityZone": sim.Zones(recovery)[i]}))
	}
	put("aws:ec2/natGateway:NatGateway", "site", map[string]any{"subnetId": subnets[0], "allocationId": put("aws:ec2/eip:Eip", "site", map[string]any{})})
	put("aws:ec2/eip:Eip", "another", map[string]any{})
	put("aws:lb/targetGroup:TargetGroup", "site", map[string]any{"name": "site", "vpcId": vpc, "port": 80, "protocol": "HTTP"})
	put("aws:lb/loadBalancer:LoadBalancer", "site", map[string]any{"name": "site", "subnets": subnets, "securityGroups": []any{}})
	put("aws:elasticache/replicationGroup:ReplicationGroup", "site", map[string]any{"replicationGroupId": "site", "numCacheClusters": 3})
	put("aws:rds/instance:Instance", "site", map[string]any{
		"identifier": "site", "engine": "mysql", "engineVersion": "8.0", "instanceClass": "db.t4g.medium", "username": "root", "password": "correct horse", "allocatedStorage": 20,
	})
	template := put("aws:ec2/launchTemplate:LaunchTemplate", "site", map[string]any{"name": "site", "imageId": "ami-1", "instanceType": "m6i.xlarge"})
	put("aws:autoscaling/group:Group", "site", map[string]any{
		"name": "site", "minSize": 2, "maxSize": 4, "vpcZoneIdentifiers": subnets, "waitForCapacityTimeout": "0", "launchTemplate": map[string]any{"id": template, "version": "1"},
	})
	for _, text := range faults {
		fault, err := sim.ParseFault(text)
		require.NoError(t, err)
		require.NoError(t, w.Inject(fault))
	}
	return w, failover.New(failover.Env{
		AWS: func(_ context.Context, region, _ string) (aws.Config, error) { return face.Config(region), nil },
		Now: w.Clock().Now,
	}, failover.Site{Policy: checks.Policy{Region: recovery}, Limits: failover.Limits{Check: time.Minute}})
}

// refusing answers some operations with an error of AWS's own, and counts how often.
type refusing struct {
	face  *wire.Face
	calls map[string]*atomic.Int32
}

func (r refusing) Do(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	form, _ := url.ParseQuery(string(body)) // other protocols have no action
	if count := r.calls[form.Get("Action")]; count != nil {
		count.Add(1)
		return &http.Response{StatusCode: http.StatusInternalServerError, Header: http.Header{}, Body: http.NoBody, Request: req}, nil
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	return r.face.Do(req)
}

// TestQuotasAreAskedOnce holds that what AWS did not tell for one quota it is not asked again for the next: each
// call is tried several times, and a check has a minute.
func TestQuotasAreAskedOnce(t *testing.T) {
	t.Parallel()
	w := sim.New(1)
	face := wire.NewFace(w)
	t.Cleanup(func() { face.Close(); w.Close() })
	client := refusing{face, map[string]*atomic.Int32{"DescribeAccountAttributes": {}, "DescribeNatGateways": {}}}
	rt := failover.New(failover.Env{AWS: func(_ context.Context, region, _ string) (aws.Config, error) {
		cfg := face.Config(region)
		cfg.HTTPClient = client
		return cfg, nil
	}}, failover.Site{Policy: checks.Policy{Region: recovery}, Limits: failover.Limits{Check: time.Minute}})
	found, err := rt.Quotas(t.Context(), all)
	require.NoError(t, err)
	unseen := map[string]bool{}
	for _, q := range found {
		unseen[q.Name] = q.Unseen != ""
	}
	for _, name := range []string{"DB instances", "manual DB snapshots"} {
		assert.True(t, unseen[name], name)
	}
	for call, count := range client.calls {
		assert.EqualValues(t, awsclient.Attempts, count.Load(), call)
	}
}

// all are needs of everything that is counted.
var all = []checks.Need{
	{Resource: checks.Instances, Count: 2, Types: []string{"t3.medium", "m6i.xlarge", "g4dn.xlarge"}, Growth: 4},
	{Resource: checks.Addresses, Count: 2},
	{Resource: checks.Gateways, Count: 1, Zone: recovery + "a"}, {Resource: checks.Gateways, Count: 1, Zone: recovery + "b"},
	{Resource: checks.Balancers, Count: 1}, {Resource: checks.TargetGroups, Count: 1}, {Resource: checks.CacheNodes, Count: 2},
	{Resource: checks.Databases, Count: 1}, {Resource: checks.Storage, Count: 50}, {Resource: checks.Snapshots, Count: 1},
}

func TestQuotasAreRead(t *testing.T) {
	t.Parallel()
	_, rt := inUse(t, "quota="+recovery+":addresses:3")
	found, err := rt.Quotas(t.Context(), all)
	require.NoError(t, err)
	quota := func(name, service, code string, needs, used, limit int) checks.Quota {
		_, zone, _ := strings.Cut(name, " of zone ")
		return checks.Quota{Name: name, Service: service, Code: code, Zone: zone, Needs: needs, Used: used, Limit: limit}
	}
	standard := quota("vCPUs of standard instances", "ec2", "L-1216C47A", 4, 8, 5000)
	standard.Growth, standard.Alternative = 8, true
	others := quota("vCPUs of G and VT instances", "ec2", "L-DB2E81BA", 8, 0, 0)
	others.Growth, others.Alternative = 16, true
	others.Unseen = "Service Quotas does not have quota L-DB2E81BA of ec2 in " + recovery
	assert.Equal(t, []checks.Quota{
		standard, others,
		quota("Elastic IP addresses", "ec2", "L-0263D0A3", 2, 2, 3),
		quota("NAT gateways of zone "+recovery+"a", "vpc", "L-FE5A380F", 1, 1, 5), quota("NAT gateways of zone "+recovery+"b", "vpc", "L-FE5A380F", 1, 0, 5),
		quota("Application Load Balancers", "elasticloadbalancing", "L-53DA6B97", 1, 1, 50), quota("target groups", "elasticloadbalancing", "L-B22855CB", 1, 1, 3000),
		quota("ElastiCache nodes", "elasticache", "L-DFE45DF3", 2, 3, 300),
		quota("DB instances", "rds", "L-7B6409FD", 1, 1, 40), quota("GiB of DB storage", "rds", "L-7ADDB58A", 50, 20, 100_000), quota("manual DB snapshots", "rds", "L-272F1212", 1, 0, 100),
	}, found)
	none, err := rt.Quotas(t.Context(), nil)
	require.NoError(t, err)
	assert.Empty(t, none)
}

// TestQuotasUnread: who may not ask is told so, of that quota alone.
func TestQuotasUnread(t *testing.T) {
	t.Parallel()
	for fault, unseen := range map[string]string{
		"error=servicequotas:GetServiceQuota:AccessDeniedException:99":      "Service Quotas GetServiceQuota: AccessDeniedException",
		"error=ec2:DescribeInstances:UnauthorizedOperation:99":              "EC2 DescribeInstances: UnauthorizedOperation",
		"error=ec2:DescribeInstanceTypes:UnauthorizedOperation:99":          "EC2 DescribeInstanceTypes: UnauthorizedOperation",
		"error=ec2:DescribeAddresses:UnauthorizedOperation:99":              "EC2 DescribeAddresses: UnauthorizedOperation",
		"error=ec2:DescribeNatGateways:UnauthorizedOperation:99":            "EC2 DescribeNatGateways: UnauthorizedOperation",
		"error=ec2:DescribeSubnets:UnauthorizedOperation:99":                "EC2 DescribeSubnets: UnauthorizedOperation",
		"error=elasticloadbalancing:DescribeLoadBalancers:AccessDenied:99":  "Elastic Load Balancing v2 DescribeLoadBalancers: AccessDenied",
		"error=elasticloadbalancing:DescribeTargetGroups:AccessDenied:99":   "Elastic Load Balancing v2 DescribeTargetGroups: AccessDenied",
		"error=elasticache:DescribeCacheClusters:AccessDenied:99":           "ElastiCache DescribeCacheClusters: AccessDenied",
		"error=rds:DescribeAccountAttributes:AccessDenied:99":               "RDS DescribeAccountAttributes: AccessDenied",
		"error=elasticloadbalancing:DescribeAccountLimits:AccessDenied:99":  "Service Quotas GetServiceQuota: DEPENDENCY_ACCESS_DENIED_ERROR: Injected fault: AccessDenied.",
		"throttle=elasticloadbalancing:DescribeAccountLimits:99":            "Service Quotas GetServiceQuota: DEPENDENCY_THROTTLING_ERROR: Rate exceeded",
		"error=servicequotas:GetAWSDefaultServiceQuota:ServiceException:99": "Service Quotas GetAWSDefaultServiceQuota: ServiceException",
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			_, rt := inUse(t, fault)
			found, err := rt.Quotas(t.Context(), all)
			require.NoError(t, err)
			var said []string
			known := 0
			for _, q := range found {
				if said = append(said, q.Unseen); q.Unseen == "" {
					known++
				}
			}
			assert.Contains(t, said, unseen)
			assert.Positive(t, known)
			assert.Empty(t, checks.Quotas(found, recovery))
		})
	}
	_, rt := inUse(t, "throttle=servicequotas:GetServiceQuota")
	found, err := rt.Quotas(t.Context(), all[1:2])
	require.NoError(t, err)
	assert.Empty(t, found[0].Unseen, "a throttled call is made again")
}

// TestQuotasOfASilentService: what else there is to know of quotas is told all the same, soon.
func TestQuotasOfASilentService(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rt := failover.New(failover.Env{
			AWS: func(_ context.Context, region, _ string) (aws.Config, error) {
				return aws.Config{Region: region, Credentials: aws.AnonymousCredentials{}, HTTPClient: silentQuotas{}}, nil
			},
			Now: time.Now,
		}, failover.Site{Policy: checks.Policy{Region: recovery}, Limits: failover.Limits{Check: 2 * time.Minute}})
		began := time.Now()
		found, err := rt.Quotas(t.Context(), []checks.Need{{Resource: checks.Addresses, Count: 1}, {Resource: checks.Balancers, Count: 1}, {Resource: checks.Databases, Count: 1}})
		require.NoError(t, err)
		assert.Less(t, time.Since(began), 20*time.Second)
		assert.Equal(t, "Service Quotas does not answer in "+recovery, found[0].Unseen)
		assert.Equal(t, found[0].Unseen, found[1].Unseen)
		assert.Equal(t, [2]int{3, 40}, [2]int{found[2].Used, found[2].Limit})
	})
}

// silentQuotas is AWS in which Service Quotas does not answer.
type silentQuotas struct{}

func (silentQuotas) Do(req *http.Request) (*http.Response, error) {
	if strings.HasPrefix(req.URL.Host, "servicequotas.") {
		<-req.Context().Done()
		return nil, req.Context().Err()
	}
	asked, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	body := "<Answer/>"
	if strings.Contains(string(asked), "Action=DescribeAccountAttributes") {
		body = "<DescribeAccountAttributesResponse><DescribeAccountAttributesResult><AccountQuotas><AccountQuota>" +
			"<AccountQuotaName>DBInstances</AccountQuotaName><Used>3</Used><Max>40</Max>" +
			"</AccountQuota></AccountQuotas></DescribeAccountAttributesResult></DescribeAccountAttributesResponse>"
	}
	if strings.Contains(string(asked), "Action=DescribeLoadBalancers") {
		body = "<DescribeLoadBalancersResponse><DescribeLoadBalancersResult/></DescribeLoadBalancersResponse>"
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: req}, nil
}

// TestIncreasesAreAskedForOnce also holds that AWS grants what it was asked for.
func TestIncreasesAreAskedForOnce(t *testing.T) {
	t.Parallel()
	w, rt := inUse(t, "quota="+recovery+":addresses:2", "quota="+recovery+":balancers:1", "quota="+recovery+":databases:1")
	found, err := rt.Quotas(t.Context(), all)
	require.NoError(t, err)
	wanted := checks.MostUrgent(found)
	require.Len(t, wanted, 3)
	ask := func(q checks.Quota) checks.Increase {
		increase, err := rt.RequestIncrease(t.Context(), q)
		require.NoError(t, err)
		return increase
	}
	first := ask(wanted[0])
	assert.Equal(t, checks.Increase{Quota: "Elastic IP addresses", Service: "ec2", Code: "L-0263D0A3", Region: recovery, Desired: 4, Status: "PENDING"}, first)
	w.Clock().Advance(time.Hour)
	again := ask(wanted[0])
	assert.Equal(t, w.Clock().Now().Add(-time.Hour).Unix(), again.Before.Unix())
	assert.Equal(t, "PENDING", again.Status)
	asked, _ := w.Increases(recovery, "ec2", "L-0263D0A3")
	assert.Len(t, asked, 1, "no second request was made")
	assert.Equal(t, "PENDING", ask(wanted[1]).Status)
	assert.Contains(t, ask(wanted[2]).Refused, "AWS takes no more requests in this region")
	w.Clock().Advance(24 * time.Hour)
	found, err = rt.Quotas(t.Context(), all)
	require.NoError(t, err)
	short := checks.Quotas(found, recovery)
	require.Len(t, short, 1)
	assert.Contains(t, short[0].Reason, "DB instances")

	_, rt = inUse(t, "error=servicequotas:RequestServiceQuotaIncrease:AccessDeniedException")
	_, err = rt.RequestIncrease(t.Context(), wanted[0])
	assert.ErrorContains(t, err, "asking for 4 Elastic IP addresses in "+recovery)
}
