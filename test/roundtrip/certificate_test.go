package roundtrip

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/stacks"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

const (
	certificateType = "aws:acm/certificate:Certificate"
	recordType      = "aws:route53/record:Record"
)

// requesting makes both stacks of a site request their certificates, and have a dashboard.
func requesting(t *testing.T, stage *scenario.Stage) {
	t.Helper()
	for _, stack := range []string{scenario.Production, scenario.Recovery} {
		staged.Rewrite(t, stage, stack, "    # certificate: request", "    certificate: request")
		staged.Rewrite(t, stage, stack, "  pilotlight:cache:", "  pilotlight:alarms: {dashboard: true}\n  pilotlight:cache:")
	}
}

// validations are the records that validate certificates.
func validations(w *sim.World) (names []string) {
	w.ByHand(func(o *sim.Object) bool {
		if o.Type == recordType && o.Props["type"] == "CNAME" {
			names = append(names, o.Props["name"].(string))
		}
		return true
	})
	return names
}

// certificates are the states of those in a region.
func certificates(t *testing.T, w *sim.World, region string) (all []sim.Certificate) {
	t.Helper()
	var arns []string
	w.ByHand(func(o *sim.Object) bool {
		if o.Type == certificateType && o.Region == region {
			arns = append(arns, o.ID)
		}
		return true
	})
	for _, arn := range arns {
		c, err := w.Certificate(region, arn)
		require.NoError(t, err)
		all = append(all, c)
	}
	return all
}

// dashboard is what a stack's dashboard shows.
func dashboard(w *sim.World, name string) (body string) {
	w.ByHand(func(o *sim.Object) bool {
		if o.Type == "aws:cloudwatch/dashboard:Dashboard" && o.ID == name {
			body = o.Props["dashboardBody"].(string)
		}
		return true
	})
	return body
}

// TestRequestedCertificate takes a site that requests its certificates there and back: they are issued before they are
// needed, and an activation changes neither them nor their records.
func TestRequestedCertificate(t *testing.T) {
	t.Parallel()
	stage, err := scenario.Open(staged.Options())
	require.NoError(t, err)
	t.Cleanup(stage.Close)
	requesting(t, stage)
	require.NoError(t, stage.DeploySite(t.Context()))
	w := stage.World
	for _, region := range []string{"us-west-2", "us-east-2"} {
		all := certificates(t, w, region)
		require.Len(t, all, 1)
		assert.Equal(t, sim.Issued, all[0].Status)
		assert.Equal(t, region == "us-west-2", len(all[0].InUseBy) > 0)
	}
	assert.Len(t, validations(w), 1, "both sides write the same record")
	assert.Equal(t, "https://www.example.com", staged.Outputs(t, stage, scenario.Production)[stacks.OutputURL])

	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	before := staged.Changes(w)
	_, err = site.Deploy(t.Context(), ops.Run{})
	require.NoError(t, err)
	assert.Equal(t, before, staged.Changes(w), "the same again changes nothing")

	w.Clock().Advance(time.Hour)
	require.NoError(t, stage.Lose())
	begin := w.Clock().Now()
	assert.Contains(t, dashboard(w, "blog-dr"), "TimeToRecover")
	staged.FailOver(t, stage)
	assert.Contains(t, dashboard(w, "blog-dr"), "RequestCount", "it shows what the side does now")
	for _, step := range w.Journal() {
		if step.Kind == "provider" && !step.Begin.Before(begin) && step.Operation != "read" {
			assert.NotEqual(t, certificateType, step.Type, "%+v", step)
			assert.False(t, step.Type == recordType && strings.Contains(step.Name, "validation"), "%+v", step)
		}
	}
	shown := certificates(t, w, "us-east-2")
	require.Len(t, shown, 1)
	assert.NotEmpty(t, shown[0].InUseBy)

	w.ReturnRegion("us-west-2")
	w.Clock().Advance(time.Hour)
	_, err = site.Reprotect(t.Context(), ops.Run{})
	require.NoError(t, err)
	assert.Len(t, certificates(t, w, "us-west-2"), 1)
	staged.NothingLeft(t, stage)
}

// TestRequestedCertificateChanges holds what becomes of requested certificates: one that ACM does not issue is a NO, one that it
// does not renew is replaced, another one is for other names, and the records outlive all of it.
func TestRequestedCertificateChanges(t *testing.T) {
	t.Parallel()
	stage, err := scenario.Open(staged.Options())
	require.NoError(t, err)
	t.Cleanup(stage.Close)
	requesting(t, stage)
	w := stage.World
	up := func(stack string) error { return staged.Up(t, stage, stage.Env(), stack, nil) }
	require.NoError(t, up(scenario.Production))
	w.MakePrivate("Z00000000000000000000") // so the internet does not find what is in it
	err = up(scenario.Recovery)
	require.ErrorContains(t, err, `last saw "PENDING_VALIDATION": ACM does not find the records that validate it`)
	require.ErrorContains(t, err, "run the same command again to resume")

	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	says := func(code string) string {
		t.Helper()
		ready, err := site.Check(t.Context(), ops.ForFailover, "", ops.Run{})
		require.NoError(t, err)
		for _, q := range ready.Requirements {
			if q.Subject == "certificate" && q.Code == code && !q.OK {
				return q.Reason + ": " + q.Remedy
			}
		}
		assert.Fail(t, "nothing has the code", "%s: %+v", code, ready.Requirements)
		return ""
	}
	assert.Contains(t, says(checks.CertificateState), "is PENDING_VALIDATION: update this stack as a standby")
	w.MakePrivate("another")
	require.NoError(t, up(scenario.Recovery))
	require.NoError(t, up(scenario.Production))

	names := map[string]string{"names": `["example.com"]`}
	for _, stack := range []string{scenario.Production, scenario.Recovery} {
		require.NoError(t, staged.Up(t, stage, stage.Env(), stack, names))
	}
	for _, region := range []string{"us-west-2", "us-east-2"} {
		all := certificates(t, w, region)
		require.Len(t, all, 1, "the one before is gone")
		assert.Equal(t, []string{"www.example.com", "example.com"}, all[0].Names)
		assert.Equal(t, region == "us-west-2", len(all[0].InUseBy) > 0, "the listener shows the new one")
	}
	assert.Len(t, validations(w), 2)

	w.Clock().Advance(140 * 24 * time.Hour)
	before := certificates(t, w, "us-east-2")[0]
	assert.Contains(t, says(checks.CertificateUnused), "ACM renews none that no balancer shows: run pilotlight deploy")
	var said []string
	_, err = site.Deploy(t.Context(), ops.Run{Say: func(line string) { said = append(said, line) }})
	require.NoError(t, err)
	assert.Contains(t, strings.Join(said, "\n"), "certificate "+before.ARN+" ends at ")
	after := certificates(t, w, "us-east-2")
	require.Len(t, after, 1)
	assert.NotEqual(t, before.ARN, after[0].ARN)
	assert.Equal(t, sim.Issued, after[0].Status)
	assert.Less(t, w.Clock().Now().Add(190*24*time.Hour), after[0].Until)
	assert.Len(t, validations(w), 2, "the records are the same")

	w.ByHand(func(o *sim.Object) bool {
		return o.Type != recordType || o.Props["type"] != "CNAME" || !strings.HasSuffix(o.Props["name"].(string), ".www.example.com")
	})
	assert.Contains(t, says(checks.CertificateRecord), "run pulumi up -s dr --refresh, which writes it again")
	drift, err := site.Drift(t.Context(), scenario.Recovery, ops.Run{})
	require.NoError(t, err)
	require.Len(t, drift, 1)
	assert.Equal(t, "Record blog-dr-validation-www.example.com is gone", drift[0].String())

	said = nil
	_, err = site.Destroy(t.Context(), ops.Run{Say: func(line string) { said = append(said, line) }})
	require.NoError(t, err)
	assert.Contains(t, strings.Join(said, "\n"), "the record of www.example.com, and those that validate its certificate")
	assert.Len(t, validations(w), 1)
	for _, region := range []string{"us-west-2", "us-east-2"} {
		assert.Empty(t, certificates(t, w, region))
	}
}
