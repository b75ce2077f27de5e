package state

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestInventory(t *testing.T) {
	t.Parallel()
	v := Inventory{"aws:ec2/vpc:Vpc": {"blog-dr-vpc": "vpc-0583cf0342ce8d79a"}, "aws:s3/bucketV2:BucketV2": {"blog-dr-media": "blog-dr-media-0f765d1"}}
	read, err := ParseInventory(v.String())
	require.NoError(t, err)
	assert.Equal(t, v, read)
	for _, spoilt := range []string{"", "!", "AAAA", v.String()[:20]} {
		_, err := ParseInventory(spoilt)
		assert.ErrorContains(t, err, "not of the form that this program writes", "%q", spoilt)
	}
}

// TestInventoryIsSmall holds that twice as many resources as a stack has fit into a large parameter.
func TestInventoryIsSmall(t *testing.T) {
	t.Parallel()
	v := Inventory{}
	for i := range 200 {
		kind := fmt.Sprintf("aws:ec2/kind%d:Kind%[1]d", i%35)
		if v[kind] == nil {
			v[kind] = map[string]string{}
		}
		v[kind][fmt.Sprintf("blog-dr-some-resource-%d", i)] = fmt.Sprintf("%017x", uint64(i)*0x9e3779b97f4a7c15)
	}
	assert.Less(t, len(v.String()), 8192)
}
