package backend_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"

	"github.com/pilotlight-dr/pilotlight/backend"
	"github.com/pilotlight-dr/pilotlight/sim/wire"
)

// telling answers a call with what it is given.
type telling struct {
	face         *wire.Face
	call, answer string
}

func (c telling) Do(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
		req.Body = io.NopCloser(strings.NewReader(string(body)))
	}
	if !strings.Contains(req.Header.Get("X-Amz-Target")+string(body), c.call) {
		return c.face.Do(req)
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(c.answer)), Request: req}, nil
}

// TestBootstrapIsToldNothing holds that an answer without what was asked for is none: KMS, say, may have the key, and another
// one must not be made.
func TestBootstrapIsToldNothing(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ call, answer, says string }{
		"of the key":     {"DescribeKey", "{}", "looking for the KMS key alias/blog-state in eu-north-1: KMS answered without it"},
		"of a new key":   {"CreateKey", "{}", "making a KMS key in eu-north-1: KMS answered without it; run this again to resume"},
		"of the account": {"GetCallerIdentity", "<R><GetCallerIdentityResult/></R>", "AWS in eu-north-1 does not say of which account the credentials are"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, face, o := world(t)
			o.AWS = func(_ context.Context, region, _ string) (aws.Config, error) {
				cfg := face.Config(region)
				cfg.HTTPClient = telling{face, tc.call, tc.answer}
				return cfg, nil
			}
			_, err := backend.Bootstrap(t.Context(), o)
			assert.ErrorContains(t, err, tc.says)
			assert.Empty(t, changes(w))
		})
	}
}
