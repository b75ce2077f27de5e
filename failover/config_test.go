package failover

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/awsclient"
)

// TestCredentialsAreFoundOnce holds that all looks in a region share the credentials of the default chain, which renew themselves, and
// that who brings a configuration is asked for it each time.
func TestCredentialsAreFoundOnce(t *testing.T) {
	t.Parallel()
	r := New(Env{}, Site{})
	first, err := r.awsIn(t.Context(), "us-east-2")
	require.NoError(t, err)
	assert.Equal(t, attempts, first.RetryMaxAttempts)
	again, err := r.awsIn(t.Context(), "us-east-2")
	require.NoError(t, err)
	assert.Same(t, first.Credentials, again.Credentials)
	assert.IsType(t, &aws.CredentialsCache{}, again.Credentials, "it asks again when they end")
	other, err := r.awsIn(t.Context(), "us-west-2")
	require.NoError(t, err)
	assert.Equal(t, "us-west-2", other.Region)
	assert.NotSame(t, first.Credentials, other.Credentials, "a role is taken on in the region that is called")

	asked := 0
	brought := New(Env{AWS: func(context.Context, string, string) (aws.Config, error) { asked++; return aws.Config{}, nil }}, Site{})
	for range 2 {
		_, err = brought.awsIn(t.Context(), "us-east-2")
		require.NoError(t, err)
	}
	assert.Equal(t, 2, asked)
}

// throttling answers every call so, a while after it came.
type throttling struct{ calls *int }

// RoundTrip is for http.Client.
func (t throttling) RoundTrip(req *http.Request) (*http.Response, error) {
	*t.calls++
	if err := sleep(req.Context(), 100*time.Millisecond); err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusBadRequest, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"__type": "ThrottlingException", "message": "Rate exceeded"}`)),
	}, nil
}

// TestThrottlingIsNoSilence holds that a call which AWS throttles ends with that answer within its time, with the SDK's own delays, and
// that it is tried as often as that time lets it.
func TestThrottlingIsNoSilence(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		limit       time.Duration
		least, most int
	}{{5 * time.Second, 2, 4}, {30 * time.Second, 9, 20}, {0, attempts, attempts}} {
		t.Run(tc.limit.String(), func(t *testing.T) {
			t.Parallel()
			for range 100 { // the delays are random
				synctest.Test(t, func(t *testing.T) {
					calls, begun := 0, time.Now()
					env := Env{AWS: func(_ context.Context, region, _ string) (aws.Config, error) {
						return aws.Config{
							Region: region, Credentials: credentials.NewStaticCredentialsProvider("AKIA", "secret", ""),
							HTTPClient: &http.Client{Transport: throttling{&calls}},
						}, nil
					}}
					ctx := t.Context()
					if tc.limit > 0 {
						bounded, cancel := context.WithTimeout(ctx, tc.limit)
						defer cancel()
						ctx = bounded
					}
					_, _, err := Parameter(ctx, env, "us-east-2", "", "/pilotlight/dr")
					assert.Equal(t, "ThrottlingException: Rate exceeded", awsclient.Words(err))
					assert.NotContains(t, passing(err), "\n")
					assert.LessOrEqual(t, time.Since(begun), cmp.Or(tc.limit, attempts*longestDelay))
					assert.True(t, tc.least <= calls && calls <= tc.most, "%d calls", calls)
				})
			}
		})
	}
}
