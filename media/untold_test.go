package media_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/media"
	"github.com/pilotlight-dr/pilotlight/sim/wire"
)

// copyless is S3 as a mock stands for it that knows no copies: it takes one for an empty object, and answers with nothing.
type copyless struct{ face *wire.Face }

func (c copyless) Do(req *http.Request) (*http.Response, error) {
	if req.Header.Get("X-Amz-Copy-Source") != "" {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: req}, nil
	}
	return c.face.Do(req)
}

// TestUntoldCopy holds that a copy of which S3 tells nothing has failed, whether it is one call or several.
func TestUntoldCopy(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"in one call": 1, "in parts": 12 << 30} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, face, o := world(t)
			require.NoError(t, w.Put("ours", "film.mp4", size))
			o.AWS = func(_ context.Context, region, _ string) (aws.Config, error) {
				cfg := face.Config(region)
				cfg.HTTPClient = copyless{face}
				return cfg, nil
			}
			result, err := media.Sync(t.Context(), o)
			require.ErrorContains(t, err, "copying film.mp4: S3 answered without saying what was copied")
			assert.Equal(t, []string{"film.mp4"}, result.Failed.First)
			assert.Zero(t, w.OpenMultiparts())
		})
	}
}
