package failover_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/sim"
)

const zone = "Z1"

// requested is the standby whose stack has requested a certificate, whose records are not written yet.
func requested(t *testing.T) (w *sim.World, rt *failover.Runtime, said *[]string, validate func()) {
	t.Helper()
	w, rt, said = standby(t)
	w.AddZone(zone, "example.com")
	made, err := w.Create(t.Context(), sim.Call{Region: recovery, Type: "aws:acm/certificate:Certificate", Name: "site", Inputs: map[string]any{
		"domainName": "www.example.com", "subjectAlternativeNames": []any{"www.example.com"}, "validationMethod": "DNS",
	}})
	require.NoError(t, err)
	rt.Site.Certificate, rt.Site.RequestsCertificate, rt.Site.ZoneID = made.ID, true, zone
	rt.Site.Limits.Certificate = time.Hour
	return w, rt, said, func() {
		option := made.Props["domainValidationOptions"].([]any)[0].(map[string]any)
		_, err := w.Create(t.Context(), sim.Call{Region: recovery, Type: "aws:route53/record:Record", Name: "validation", Inputs: map[string]any{
			"zoneId": zone, "name": option["resourceRecordName"], "type": "CNAME", "ttl": 300, "records": []any{option["resourceRecordValue"]}, "allowOverwrite": true,
		}})
		require.NoError(t, err)
	}
}

func TestWaitIssued(t *testing.T) {
	t.Parallel()
	w, rt, said, validate := requested(t)
	validate()
	require.NoError(t, rt.WaitIssued(t.Context(), rt.Site.Certificate))
	seen, err := w.Certificate(recovery, rt.Site.Certificate)
	require.NoError(t, err)
	assert.Equal(t, sim.Issued, seen.Status)
	assert.Equal(t, []string{"PENDING_VALIDATION", "ISSUED"}, lastWords(*said))
}

// lastWords are those of lines.
func lastWords(lines []string) (words []string) {
	for _, line := range lines {
		words = append(words, line[strings.LastIndex(line, " ")+1:])
	}
	return words
}

// TestWaitIssuedGivesUp holds that it ends at its limit, and names the record that ACM does not find.
func TestWaitIssuedGivesUp(t *testing.T) {
	t.Parallel()
	w, rt, _, _ := requested(t)
	began := w.Clock().Now()
	err := rt.WaitIssued(t.Context(), rt.Site.Certificate)
	assert.True(t, isTimeout(err))
	assert.ErrorContains(t, err, `last saw "PENDING_VALIDATION": ACM does not find the records that validate it, such as _`)
	assert.ErrorContains(t, err, "see whether the internet asks zone Z1 for it (dig +short CNAME _")
	assert.InDelta(t, time.Hour.Seconds(), w.Clock().Now().Sub(began).Seconds(), 10)
}

// TestWaitIssuedEndsWithoutHope holds that a state that no wait changes ends it at once.
func TestWaitIssuedEndsWithoutHope(t *testing.T) {
	t.Parallel()
	w, rt, _, _ := requested(t)
	w.Clock().Advance(73 * time.Hour)
	began := w.Clock().Now()
	err := rt.WaitIssued(t.Context(), rt.Site.Certificate)
	assert.ErrorContains(t, err, "is VALIDATION_TIMED_OUT: mend that, and run pilotlight deploy, which requests another")
	assert.Less(t, w.Clock().Now().Sub(began), time.Minute)
}

// TestCheckOfARequestedCertificate holds that it is a reason against an activation until it is issued, and that
// a record that somebody deleted is told.
func TestCheckOfARequestedCertificate(t *testing.T) {
	t.Parallel()
	w, rt, _, validate := requested(t)
	shortfalls := func(want ...string) {
		t.Helper()
		verdict, err := rt.Check(t.Context())
		require.NoError(t, err)
		var found []string
		for _, b := range verdict.Shortfalls {
			if b.Subject == "certificate" {
				found = append(found, b.Code)
			}
		}
		assert.Equal(t, want, found)
	}
	refused := func(want ...string) {
		t.Helper()
		verdict, err := rt.Check(t.Context())
		require.NoError(t, err)
		assert.Equal(t, want, codes(verdict))
	}
	refused(checks.CertificateState)
	validate()
	w.Clock().Advance(20 * time.Minute)
	refused()
	shortfalls()

	w.ByHand(func(o *sim.Object) bool { return o.Name != "validation" })
	refused()
	shortfalls(checks.CertificateRecord)
	w.SetRecord(recovery, zone, "unlike.example.com", "192.0.2.1") // the next one is none
	shortfalls(checks.CertificateRecord)
	rt.Site.PeerRegion = "us-east-1"
	shortfalls() // Route 53 is not asked there
	rt.Site.PeerRegion = lost

	validate()
	w.Clock().Advance((198 - 59) * 24 * time.Hour)
	found, err := rt.RequestedCertificate(t.Context())
	require.NoError(t, err)
	assert.True(t, checks.NeedsAnother(found, w.Clock().Now()), "no balancer shows it, so ACM does not renew it")

	w.RemoveCertificate(rt.Site.Certificate)
	found, err = rt.RequestedCertificate(t.Context())
	require.NoError(t, err)
	assert.Nil(t, found)
}

// TestLook holds that a brief look sees all that its subjects are judged by, and nothing of what it leaves out: a fact
// that is new in the snapshot belongs to one or the other.
func TestLook(t *testing.T) {
	t.Parallel()
	w, rt, _, _ := requested(t)
	w.EncryptVolumes(recovery, "arn:aws:kms:us-east-2:123456789012:key/gone")
	rt.Site.InstanceTypes, rt.Site.Zones = []string{"t3.medium"}, []string{recovery + "a"}
	vpc, err := w.Create(t.Context(), sim.Call{Region: recovery, Type: "aws:ec2/vpc:Vpc", Name: "blog", Inputs: map[string]any{"cidrBlock": "10.0.0.0/16"}})
	require.NoError(t, err)
	w.BlockPublicAccess(recovery, "block-ingress")
	rt.Site.ResourceIDs = []string{"arn:aws:ec2:us-east-2:123456789012:subnet/subnet-gone", "arn:aws:ec2:us-east-2:123456789012:vpc/" + vpc.ID}
	elsewhere := []string{"At", "Source", "Class", "Backlog", "Site", "Unread"} // or not measured in this world
	leftOut := map[string][]string{"Types": {"instances"}, "VolumeKey": {"volumes"}, "Missing": {"parts"}, "Blocked": {"network"}, "Name": {"name", "certificate"}, "Shortfalls": nil}

	whole, err := rt.Survey(t.Context())
	require.NoError(t, err)
	brief, err := rt.Look(t.Context())
	require.NoError(t, err)
	brief.Replica.Free = nil // which an activation does not ask
	assert.NotEmpty(t, whole.Certificate.Absent)
	whole.Certificate.Absent = nil // those are found in the zone, with Name
	for _, field := range reflect.VisibleFields(reflect.TypeOf(whole)) {
		all, some := reflect.ValueOf(whole).FieldByIndex(field.Index), reflect.ValueOf(brief).FieldByIndex(field.Index)
		subjects, out := leftOut[field.Name]
		switch {
		case slices.Contains(elsewhere, field.Name):
		case out:
			assert.False(t, all.IsZero(), field.Name)
			assert.True(t, some.IsZero(), field.Name)
		default:
			assert.False(t, all.IsZero(), field.Name)
			assert.Equal(t, all.Interface(), some.Interface(), field.Name)
		}
		for _, subject := range subjects {
			assert.NotContains(t, failover.LookedAt, subject, "status would forget what the last check found")
		}
	}
}
