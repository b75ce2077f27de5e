package drill

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/state"
)

func TestName(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "blog-dr-drill", config.Config{Site: "blog", Stack: "dr"}.DrillName())
	long := config.Config{Site: "averylongsitena", Stack: "prod"}.DrillName()
	assert.Equal(t, "averylongsiten-drill", long)
	assert.Equal(t, "averylongsi-x-drill", config.Config{Site: "averylongsi", Stack: "x"}.DrillName())
}

func TestRecall(t *testing.T) {
	t.Parallel()
	const held = `{"resources": [
		{"urn": "urn:pulumi:dr-drill::pilotlight::pulumi:index:Stash::copy", "type": "pulumi:index:Stash", "inputs": {"input": "{\"of\":\"dr\",\"snapshot\":{\"id\":\"rds:x\",\"encrypted\":true},\"expires\":\"2026-03-01T12:00:00Z\",\"visitors\":\"192.0.2.7/32\"}"}}`
	read := func(text string) (Copy, string, error) {
		decoded, err := state.Decode([]byte(text))
		require.NoError(t, err)
		return CopyIn(decoded)
	}
	c, balancer, err := read(held + "]}")
	require.NoError(t, err)
	assert.Equal(t, "dr", c.Of)
	assert.Equal(t, "rds:x", c.Snapshot.ID)
	assert.Equal(t, "192.0.2.7/32", c.Visitors.String())
	assert.Equal(t, time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), c.Expires)
	assert.Empty(t, balancer)
	_, balancer, err = read(held + `, {"urn": "urn:pulumi:dr-drill::pilotlight::pulumi:index:Stash::served", "type": "pulumi:index:Stash", "inputs": {"input": "lb.example.com"}}]}`)
	require.NoError(t, err)
	assert.Equal(t, "lb.example.com", balancer)
	c, _, err = read("")
	require.NoError(t, err)
	assert.Zero(t, c)
	_, _, err = read(`{"resources": [{"urn": "urn:pulumi:s::p::pulumi:index:Stash::copy", "type": "pulumi:index:Stash", "inputs": {"input": "{"}}]}`)
	assert.ErrorContains(t, err, "reading the state of a drill")
}

func TestTimings(t *testing.T) {
	t.Parallel()
	at := func(minute int) time.Time { return time.Date(2026, 3, 1, 12, minute, 0, 0, time.UTC) }
	timings := Timings(report.Report{Steps: []report.Step{
		{Kind: report.ResourceStep, Type: "aws:rds/instance:Instance", Name: "create Instance blog-dr-drill-instance", Begin: at(1), End: at(11)},
		{Kind: report.ResourceStep, Type: "aws:ec2/natGateway:NatGateway", Name: "create NatGateway blog-dr-drill-nat-1", Begin: at(1), End: at(3)},
		{Kind: report.ResourceStep, Type: "aws:ec2/natGateway:NatGateway", Name: "create NatGateway blog-dr-drill-nat-2", Begin: at(2), End: at(4)},
		{Kind: report.ResourceStep, Type: "aws:lb/loadBalancer:LoadBalancer", Name: "create LoadBalancer blog-dr-drill-lb", Begin: at(1), End: at(2), Err: "no"},
		{Kind: report.InstanceStep, Name: "wait for the instances", Begin: at(4)},
		{Kind: report.VerifyStep, Name: "verify the site in depth", Begin: at(11), End: at(12)},
	}})
	assert.Equal(t, []Timing{
		{What: "database, restored", Seconds: 600, Instead: "a failover promotes the replica"},
		{What: "way out (NAT)", Seconds: 180, Failover: true},
		{What: "verification in depth", Seconds: 60, Failover: true},
	}, timings)
}
