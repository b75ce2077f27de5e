package awsclient_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/awsclient"
)

// asked answers every request with nothing, and keeps its address.
type asked struct{ url string }

func (a *asked) RoundTrip(req *http.Request) (*http.Response, error) {
	a.url = req.URL.String()
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: req}, nil
}

// TestS3 holds that a bucket is in the path where an endpoint is set, wherever that is, and else in the host.
func TestS3(t *testing.T) {
	t.Parallel()
	profile := filepath.Join(t.TempDir(), "config")
	require.NoError(t, os.WriteFile(profile, []byte("[default]\nservices = mock\n[services mock]\ns3 =\n  endpoint_url = http://moto:5000\n"), 0o600))
	load := func(files ...string) aws.Config {
		cfg, err := config.LoadDefaultConfig(t.Context(), config.WithSharedConfigFiles(files), config.WithRegion("us-east-2"))
		require.NoError(t, err)
		return cfg
	}
	set := load()
	set.BaseEndpoint = aws.String("http://moto:5000")
	for name, tc := range map[string]struct {
		cfg     aws.Config
		options []func(*s3.Options)
		want    string
	}{
		"AWS":                          {load(), nil, "https://uploads.s3.us-east-2.amazonaws.com/"},
		"an endpoint":                  {set, nil, "http://moto:5000/uploads"},
		"an endpoint in a profile":     {load(profile), nil, "http://moto:5000/uploads"},
		"an endpoint of a state's URL": {load(), []func(*s3.Options){func(o *s3.Options) { o.BaseEndpoint = aws.String("http://store:9000") }}, "http://uploads.store:9000/"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			transport := &asked{}
			tc.cfg.HTTPClient, tc.cfg.Credentials = &http.Client{Transport: transport}, credentials.NewStaticCredentialsProvider("AKIA", "secret", "")
			_, err := awsclient.S3(tc.cfg, tc.options...).HeadBucket(context.Background(), &s3.HeadBucketInput{Bucket: aws.String("uploads")})
			require.NoError(t, err)
			assert.Equal(t, tc.want, transport.url)
		})
	}
}
