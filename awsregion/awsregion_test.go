package awsregion

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRegion(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct{ partition, suffix string }{
		"us-east-1":      {"aws", "amazonaws.com"},
		"ap-southeast-2": {"aws", "amazonaws.com"},
		"cn-northwest-1": {"aws-cn", "amazonaws.com.cn"},
	} {
		assert.True(t, Valid(name), name)
		assert.Equal(t, want.partition, Partition(name), name)
		assert.Equal(t, want.suffix, DNSSuffix(name), name)
	}
	for _, name := range []string{"", "us-east", "us-east-1a", "US-EAST-1", "us-east-1 "} {
		assert.False(t, Valid(name), "%q", name)
	}
}
