package awsclient

import (
	"errors"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/stretchr/testify/assert"
)

// TestUnasked holds that a profile which needs a code says how to get on without one.
func TestUnasked(t *testing.T) {
	t.Parallel()
	assert.NoError(t, unasked(nil, "ops"))
	other := errors.New("no such profile")
	assert.Equal(t, other, unasked(other, "ops"))
	err := unasked(fmt.Errorf("loading: %w", config.AssumeRoleTokenProviderNotSetError{}), "ops")
	assert.ErrorContains(t, err, `eval "$(aws configure export-credentials --profile ops --format env)", take aws:profile out of the stacks' files`)
	assert.ErrorAs(t, err, &config.AssumeRoleTokenProviderNotSetError{})
	assert.ErrorContains(t, unasked(config.AssumeRoleTokenProviderNotSetError{}, ""), "unset AWS_PROFILE")
}
