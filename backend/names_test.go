package backend

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pilotlight-dr/pilotlight/refusal"
)

func TestCheckBucket(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"abc", "blog-state-123456789012-us-west-1", "my.bucket", "1bucket", strings.Repeat("a", 63)} {
		assert.NoError(t, CheckBucket(good), good)
	}
	for _, bad := range []string{
		"", "ab", strings.Repeat("a", 64), "Blog", "blog_state", "-blog", "blog-", ".blog", "blog.", "my..bucket", "192.0.2.1", "s3://blog", "blog/state", "blog state",
		"xn--blog", "sthree-blog", "amzn-s3-demo-blog", "blog-s3alias", "blog--ol-s3", "blog.mrap", "blog--x-s3", "blog--table-s3", "blög", "blog\x1b[2J", "blog\n",
	} {
		err := CheckBucket(bad)
		refused, ok := errors.AsType[*refusal.Error](err)
		if assert.True(t, ok, "%q: %v", bad, err) {
			assert.Equal(t, CodePlace, refused.Code)
			assert.NotEmpty(t, refused.Remedy)
			assert.NotContains(t, err.Error(), "\x1b")
		}
	}
}

func TestCheckRegion(t *testing.T) {
	t.Parallel()
	for region, good := range map[string]bool{"us-west-1": true, "cn-northwest-1": true, "ap-southeast-7": true, "": false, "mars": false, "us-west-1 ": false, "us-west-1a": false, "US-WEST-1": false} {
		assert.Equal(t, good, CheckRegion(region) == nil, region)
	}
}
