package checks

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// TestUntold holds that nothing is held against a fact that AWS leaves out, and that it is told.
func TestUntold(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(*Snapshot)
		says  string // of the one shortfall; empty for none
	}{
		"all told":            {func(*Snapshot) {}, ""},
		"no version":          {func(s *Snapshot) { s.Replica.Engine = "" }, "AWS does not say of database blog-dr-1 which version of MySQL it runs: look at it yourself (aws rds describe-db-instances --db-instance-identifier blog-dr-1 --region us-east-2)"},
		"of a promoted one":   {func(s *Snapshot) { s.Replica.Engine, s.Replica.Source = "", "" }, ""},
		"image without state": {func(s *Snapshot) { s.Image.State = "" }, "AWS does not say of image ami-1 in which state it is: look at it yourself (aws ec2 describe-images --image-ids ami-1 --region us-east-2)"},
		"image of nothing":    {func(s *Snapshot) { *s.Image = Image{ID: "ami-1"} }, "in which state it is and when it was made"},
		"certificate without an end": {
			func(s *Snapshot) { s.Certificate.Until = time.Time{} }, "AWS does not say of certificate arn:certificate when it ends: look at it yourself (aws acm describe-certificate --certificate-arn arn:certificate --region us-east-2)",
		},
		"certificate of nothing":  {func(s *Snapshot) { *s.Certificate = Certificate{} }, "in which state it is and for which names it is"},
		"certificate not read":    {func(s *Snapshot) { *s.Certificate = Certificate{Unseen: true} }, ""},
		"nothing there":           {func(s *Snapshot) { s.Image, s.Replica, s.Certificate = nil, nil, nil }, ""},
		"certificate in the make": {func(s *Snapshot) { s.Certificate.Status, s.Certificate.Until = pending, time.Time{} }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := productionLost()
			tc.spoil(&s)
			found := Untold(s, policy)
			if tc.says == "" {
				assert.Empty(t, found)
				return
			}
			if assert.Len(t, found, 1) {
				assert.Equal(t, FactUnknown, found[0].Code)
				assert.Contains(t, found[0].String(), tc.says)
			}
			assert.Empty(t, Activation.Blockers(s, policy))
			for _, f := range Activation.Findings(s, policy) {
				assert.NotContains(t, f.Reason, "0001-01-01")
				assert.NotContains(t, f.Reason, "  ", "a word is missing")
			}
		})
	}
	undated := policy
	undated.PeerImage = time.Time{}
	assert.Empty(t, Untold(Snapshot{Image: &Image{ID: "ami-1", State: "available"}}, undated), "nobody asks for its age")
}

// TestUntoldCertificate holds that a stack requests no other certificate in place of one of which ACM does not tell all.
func TestUntoldCertificate(t *testing.T) {
	t.Parallel()
	assert.False(t, NeedsAnother(&Certificate{Status: Issued, Managed: true}, noon))
	assert.False(t, NeedsAnother(&Certificate{Managed: true}, noon))
	assert.Empty(t, Renewal(Snapshot{At: noon, Certificate: &Certificate{Status: Issued, Managed: true}}, policy))
	issued, err := IssuedYet("arn:certificate", Certificate{})
	assert.False(t, issued)
	assert.NoError(t, err)
}

// TestUntoldVersions holds that databases whose versions are not all known are not compared.
func TestUntoldVersions(t *testing.T) {
	t.Parallel()
	for _, s := range []Snapshot{
		{At: noon, Replica: &Replica{ID: "blog-dr-1"}, Source: &Replica{ID: "blog-prod-1", Engine: "8.0.42"}},
		{At: noon, Replica: &Replica{ID: "blog-dr-1", Engine: "8.0.42"}, Source: &Replica{ID: "blog-prod-1"}},
	} {
		assert.Empty(t, mysql(s, policy))
		assert.Equal(t, "which versions of MySQL both databases run is not known", seenOfMySQL(s, policy))
	}
}

// TestUnreadParameters holds that parameters which could not be read are not compared.
func TestUnreadParameters(t *testing.T) {
	t.Parallel()
	read, unread := &Replica{ID: "blog-prod-1", Set: map[string]string{"sql_mode": "ANSI"}}, &Replica{ID: "blog-dr-1", ParametersUnread: "AccessDenied"}
	for _, s := range []Snapshot{{Replica: unread, Source: read}, {Replica: read, Source: unread}} {
		assert.Empty(t, parameters(s, policy))
		assert.Empty(t, seenOfParameters(s, policy))
	}
}
