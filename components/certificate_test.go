package components

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCertificate holds that one certificate is requested for all names, and that each has the record that
// validates it: over whatever is there, since the other region's is the same, and left there for that reason.
func TestCertificate(t *testing.T) {
	c := deploy(t, "us-west-2", func(ctx *pulumi.Context) error {
		made, err := NewCertificate(ctx, "blog-dr", CertificateArgs{ZoneID: "Z9", Domain: "www.example.com", Names: []string{"example.com"}})
		if err == nil {
			assert.Len(t, made.Records, 2)
		}
		return err
	})
	requested := c.one(t, "acm/certificate:Certificate").Inputs
	assert.Equal(t, "www.example.com", requested["domainName"])
	assert.Equal(t, []any{"www.example.com", "example.com"}, requested["subjectAlternativeNames"])
	assert.Equal(t, "DNS", requested["validationMethod"])
	byName := map[string]registration{}
	for _, record := range c.of("route53/record:Record") {
		byName[record.Name] = record
	}
	require.Len(t, byName, 2)
	for _, domain := range []string{"www.example.com", "example.com"} {
		record := byName["blog-dr-validation-"+domain]
		assert.Equal(t, "_a."+domain, record.Inputs["name"])
		assert.Equal(t, "CNAME", record.Inputs["type"])
		assert.Equal(t, []any{"_b." + domain + ".acm-validations.aws."}, record.Inputs["records"])
		assert.Equal(t, "Z9", record.Inputs["zoneId"])
		assert.Equal(t, true, record.Inputs["allowOverwrite"])
		assert.True(t, record.Retained)
	}
}
