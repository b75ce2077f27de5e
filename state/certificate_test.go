package state

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCertificate holds that a stack's certificate is the one that was requested last: one that it replaces is in the
// state until it is deleted.
func TestCertificate(t *testing.T) {
	t.Parallel()
	m, err := Parse([]byte(`{"resources": [
		{"urn": "urn:pulumi:dr::pilotlight::pilotlight:components:Certificate::blog-dr", "outputs": {"arn": "arn:component"}},
		{"urn": "urn:pulumi:dr::pilotlight::pilotlight:components:Certificate$aws:acm/certificate:Certificate::blog-dr-certificate", "outputs": {"arn": "arn:new"}},
		{"urn": "urn:pulumi:dr::pilotlight::pilotlight:components:Certificate$aws:acm/certificate:Certificate::blog-dr-certificate", "delete": true, "outputs": {"arn": "arn:old"}}
	]}`))
	require.NoError(t, err)
	assert.Equal(t, "arn:new", m.Certificate)
	assert.Equal(t, []string{"arn:new"}, m.ResourceIDs)
}
