package checks

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// TestRequestedCertificate holds when an activation may show a certificate that its stack requested, and that
// the remedy is an update of the standby.
func TestRequestedCertificate(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(*Snapshot, *Policy)
		code  string
		says  string
	}{
		"issued":           {func(*Snapshot, *Policy) {}, "", ""},
		"not requested":    {func(s *Snapshot, p *Policy) { s.Certificate, p.Certificate = nil, "" }, CertificateMissing, "this stack has requested no certificate yet"},
		"first activation": {func(s *Snapshot, p *Policy) { s.Certificate, p.Certificate, p.Epoch = nil, "", 1 }, "", ""},
		"deleted":          {func(s *Snapshot, _ *Policy) { s.Certificate = nil }, CertificateMissing, "each requests another one and waits"},
		"not issued": {func(s *Snapshot, _ *Policy) {
			*s.Certificate = Certificate{Status: pending, Names: s.Certificate.Names}
		}, CertificateState, "which waits until ACM has issued it"},
		"never issued":         {func(s *Snapshot, _ *Policy) { s.Certificate.Status = "FAILED" }, CertificateState, "each requests another one and waits"},
		"ended":                {func(s *Snapshot, _ *Policy) { s.Certificate.Until = noon }, CertificateExpires, "each requests another one and waits"},
		"a name was added":     {func(_ *Snapshot, p *Policy) { p.Names = []string{"www.example.com", "example.net"} }, CertificateName, "not for example.net"},
		"given, and not there": {func(s *Snapshot, p *Policy) { s.Certificate, p.RequestsCertificate = nil, false }, CertificateMissing, "set app.certificate to an issued one"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, p := productionLost(), policy
			p.RequestsCertificate = true
			tc.spoil(&s, &p)
			found := certificate(s, p)
			if tc.code == "" {
				assert.Empty(t, found)
				return
			}
			if assert.Len(t, found, 1) {
				assert.Equal(t, tc.code, found[0].Code)
				assert.Contains(t, found[0].String(), tc.says)
			}
		})
	}
}

// TestRenewal holds what keeps ACM from renewing a certificate, and that a stack requests another in time.
func TestRenewal(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	for name, tc := range map[string]struct {
		spoil   func(*Certificate)
		code    string
		another bool
	}{
		"in use, and ends soon":   {func(c *Certificate) { c.InUse, c.Until = true, noon.Add(10*day) }, "", false},
		"unused, with time left":  {func(c *Certificate) { c.Until = noon.Add(61 * day) }, "", false},
		"unused, and ends soon":   {func(c *Certificate) { c.Until = noon.Add(59 * day) }, CertificateUnused, true},
		"imported, and ends soon": {func(c *Certificate) { c.Managed, c.Until = false, noon.Add(10*day) }, "", false},
		"unused, ended":           {func(c *Certificate) { c.Until = noon.Add(-day) }, "", true}, // a blocker says so
		"pending":                 {func(c *Certificate) { *c = Certificate{Status: pending, Managed: true} }, "", false},
		"never issued":            {func(c *Certificate) { c.Status = "VALIDATION_TIMED_OUT" }, "", true},
		"its record was deleted": {func(c *Certificate) {
			c.Absent = []Record{{Name: "_a.www.example.com", Type: "CNAME", Target: "_b.aws"}}
		}, CertificateRecord, false},
		"good for a long time, too": {func(c *Certificate) { c.InUse = true }, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := productionLost()
			s.Certificate.Managed, s.Certificate.Until = true, noon.Add(300*day)
			tc.spoil(s.Certificate)
			var codes []string
			for _, b := range Renewal(s, policy) {
				codes = append(codes, b.Code)
			}
			var want []string
			if tc.code != "" {
				want = []string{tc.code}
			}
			assert.Equal(t, want, codes)
			assert.Equal(t, tc.another, NeedsAnother(s.Certificate, noon))
		})
	}
	assert.True(t, NeedsAnother(nil, noon), "ACM does not have it")
	assert.Empty(t, Renewal(Snapshot{At: noon}, policy))
}

func TestIssuedYet(t *testing.T) {
	t.Parallel()
	issued, err := IssuedYet("arn:x", Certificate{Status: Issued})
	assert.True(t, issued)
	assert.NoError(t, err)
	issued, err = IssuedYet("arn:x", Certificate{Status: pending})
	assert.False(t, issued)
	assert.NoError(t, err)
	_, err = IssuedYet("arn:x", Certificate{Status: "FAILED", Failure: "CAA_ERROR"})
	assert.ErrorContains(t, err, "certificate arn:x is FAILED (CAA_ERROR): mend that, and run pilotlight deploy, which requests another")
}
