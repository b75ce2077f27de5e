package sim_test

import (
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
)

// served is a site behind a balancer, with one instance and a name.
func served(t *testing.T, w *sim.World) (balancer string, n network) {
	t.Helper()
	w.AddZone("Z1", "example.com")
	n = newNetwork(t, w, home, "site")
	lb := create(t, w, home, "aws:lb/loadBalancer:LoadBalancer", "site", props{"name": "site", "subnets": n.subnets})
	listen := func(port int, action props) {
		create(t, w, home, "aws:lb/listener:Listener", "l"+http.StatusText(port), props{
			"loadBalancerArn": lb.ID, "port": port, "protocol": "HTTP", "defaultActions": []any{action}})
	}
	listen(80, props{"type": "forward", "targetGroupArn": n.targets})
	listen(8080, props{"type": "redirect", "redirect": props{"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"}})
	create(t, w, home, "aws:route53/record:Record", "www", props{"zoneId": "Z1", "name": "www", "type": "A", "aliases": []any{
		props{"name": lb.Props["dnsName"], "zoneId": lb.Props["zoneId"], "evaluateTargetHealth": false}}})
	w.SetWorkload(func(i sim.Instance, req *http.Request) sim.Answer {
		return sim.Answer{Status: http.StatusOK, Body: i.Region() + " " + i.UserData() + " " + req.URL.Path}
	})
	return lb.Props["dnsName"].(string), n
}

func startInstances(t *testing.T, w *sim.World, n network) {
	t.Helper()
	script := base64.StdEncoding.EncodeToString([]byte("hello"))
	template := create(t, w, home, "aws:ec2/launchTemplate:LaunchTemplate", "script", props{"name": "script", "imageId": "ami-1", "userData": script}).ID
	create(t, w, home, "aws:autoscaling/group:Group", "site", props{
		"name": "site", "minSize": 1, "maxSize": 2, "vpcZoneIdentifiers": n.subnets, "targetGroupArns": []any{n.targets},
		"launchTemplate": props{"id": template},
	})
}

func visit(t *testing.T, w *sim.World, address string) (*http.Response, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	require.NoError(t, err)
	res, err := w.Visit(req)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res, string(body), nil
}

// anInstance is one at home that tests may act for.
func anInstance(t *testing.T, w *sim.World) (instance sim.Instance) {
	t.Helper()
	balancer, n := served(t, w)
	startInstances(t, w, n)
	w.SetWorkload(func(i sim.Instance, _ *http.Request) sim.Answer {
		instance = i
		return sim.Answer{Status: http.StatusOK}
	})
	_, _, err := visit(t, w, "http://"+balancer)
	require.NoError(t, err)
	return instance
}

func TestAVisit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	balancer, n := served(t, w)
	target, ok := w.Resolve("WWW.example.com.")
	assert.True(t, ok)
	assert.Equal(t, balancer, target)

	res, _, err := visit(t, w, "http://www.example.com/")
	require.NoError(t, err)
	assert.Equal(t, http.StatusServiceUnavailable, res.StatusCode, "no instance yet")
	startInstances(t, w, n)
	res, body, err := visit(t, w, "http://www.example.com/page")
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, res.StatusCode)
	assert.Equal(t, "eu-west-1 hello /page", body)

	res, _, err = visit(t, w, "http://"+balancer+":8080/page?a=b")
	require.NoError(t, err)
	assert.Equal(t, http.StatusMovedPermanently, res.StatusCode)
	assert.Equal(t, "https://"+balancer+":443/page?a=b", res.Header.Get("Location"))

	_, _, err = visit(t, w, "http://www.example.com:81/")
	assert.ErrorContains(t, err, "connection refused", "nobody listens there")
	_, _, err = visit(t, w, "http://nobody.example.com/")
	var unknown *net.DNSError
	assert.ErrorAs(t, err, &unknown)

	w.LoseRegion(home, sim.Refuse)
	_, _, err = visit(t, w, "http://www.example.com/")
	assert.ErrorContains(t, err, "connection refused")
}

func TestAnOverwrittenRecordPointsElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	served(t, w)
	inputs := props{"zoneId": "Z1", "name": "www.example.com", "type": "A", "records": []any{"192.0.2.1"}, "allowOverwrite": true}
	create(t, w, other, "aws:route53/record:Record", "www-2", inputs)
	target, ok := w.Resolve("www.example.com")
	assert.True(t, ok)
	assert.Equal(t, "192.0.2.1", target)
}

func TestWhatAnInstanceSees(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	balancer, n := served(t, w)
	startInstances(t, w, n)
	source, replica := pair(t, w)
	create(t, w, home, "aws:s3/bucketV2:BucketV2", "media", props{"bucket": "media"})
	cache := create(t, w, home, "aws:elasticache/replicationGroup:ReplicationGroup", "cache", props{"replicationGroupId": "cache"})
	create(t, w, other, "aws:ssm/parameter:Parameter", "epoch", props{"name": "/site/epoch", "type": "String", "value": "2"})
	secret := create(t, w, home, "aws:secretsmanager/secret:Secret", "secret", props{"name": "secret"}).ID
	create(t, w, home, "aws:secretsmanager/secretVersion:SecretVersion", "secret", props{"secretId": secret, "secretString": "shh"})
	w.Clock().Advance(time.Minute) // by then it has heard of the parameters
	look := func(check func(sim.Instance)) {
		w.SetWorkload(func(i sim.Instance, _ *http.Request) sim.Answer {
			check(i)
			return sim.Answer{Status: http.StatusOK}
		})
		_, _, err := visit(t, w, "http://"+balancer)
		require.NoError(t, err)
	}
	look(func(i sim.Instance) {
		assert.Equal(t, sim.DatabaseState{Exists: true, Status: "available", Writable: true}, i.Database(source.Props["address"].(string)))
		assert.Equal(t, sim.DatabaseState{Exists: true, Status: "available"}, i.Database(replica.Props["address"].(string)))
		assert.Equal(t, sim.DatabaseState{}, i.Database("nobody"))
		assert.True(t, i.Bucket("media"))
		assert.False(t, i.Bucket("nobody"))
		assert.True(t, i.Cache(cache.Props["primaryEndpointAddress"].(string), ""))
		assert.False(t, i.Cache("", ""))
		value, ok, err := i.Parameter(other, "/site/epoch")
		assert.NoError(t, err)
		assert.True(t, ok)
		assert.Equal(t, "2", value)
		text, err := i.Secret(secret)
		assert.NoError(t, err)
		assert.Equal(t, "shh", text)
		_, err = i.Secret(secret + "x")
		assert.Error(t, err)
	})
	w.LoseRegion(other, sim.Hang)
	look(func(i sim.Instance) {
		_, _, err := i.Parameter(other, "/site/epoch")
		assert.Error(t, err)
		assert.False(t, i.Database(replica.Props["address"].(string)).Exists)
	})
}

func TestADatabaseThatRebootsDoesNotWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	balancer, n := served(t, w)
	startInstances(t, w, n)
	_, replica := pair(t, w)
	_, err := w.Promote(other, "site-dr", nil)
	require.NoError(t, err)
	for {
		var state sim.DatabaseState
		w.SetWorkload(func(i sim.Instance, _ *http.Request) sim.Answer {
			state = i.Database(replica.Props["address"].(string))
			return sim.Answer{Status: http.StatusOK}
		})
		_, _, err := visit(t, w, "http://"+balancer)
		require.NoError(t, err)
		if state.Writable {
			return
		}
		require.NotEmpty(t, look(t, w).Source, "once promoted it must accept writes")
		w.Clock().Advance(10 * time.Second)
	}
}
