package media_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/media"
	"github.com/pilotlight-dr/pilotlight/sim/wire"
)

// lists answers every call with a list of objects.
type lists string

func (l lists) Do(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("<ListBucketResult>" + string(l) + "</ListBucketResult>"))}, nil
}

// TestBilled holds that a small file for infrequent access is billed as one of 128 KiB, and no other is.
func TestBilled(t *testing.T) {
	t.Parallel()
	object := func(class, size string) string {
		return "<Contents><Key>" + class + size + "</Key><Size>" + size + "</Size><StorageClass>" + class + "</StorageClass></Contents>"
	}
	client := s3.NewFromConfig(wire.Config("us-east-2", lists(object("STANDARD", "1000")+object("INTELLIGENT_TIERING", "1000")+object("STANDARD_IA", "1000")+object("STANDARD_IA", "131073"))))
	bytes, err := media.Billed(t.Context(), media.Side{Bucket: "media", Client: client})
	require.NoError(t, err)
	assert.EqualValues(t, 1000+1000+131072+131073, bytes)
}
