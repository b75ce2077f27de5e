package state

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRollout(t *testing.T) {
	t.Parallel()
	m, err := Parse([]byte(`{"resources": [
		{"urn": "urn:pulumi:prod::p::aws:autoscaling/group:Group::blog-prod-instances", "outputs": {"tags": [
			{"key": "Name", "value": "blog-prod", "propagateAtLaunch": true},
			{"key": "pilotlight:rollout", "value": "ami-1 at 2026-03-01T12:00:00Z", "propagateAtLaunch": false}]}},
		{"urn": "urn:pulumi:prod::p::aws:ssm/parameter:Parameter::blog-prod-image", "outputs": {"dataType": "aws:ec2:image", "insecureValue": "ami-2"}},
		{"urn": "urn:pulumi:prod::p::aws:ssm/parameter:Parameter::blog-prod-site", "outputs": {"dataType": "text", "insecureValue": "https://www.example.com"}}]}`))
	require.NoError(t, err)
	assert.Equal(t, "ami-1 at 2026-03-01T12:00:00Z", m.Rollout)
	assert.Equal(t, "ami-2", m.Image)
}
