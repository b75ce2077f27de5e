package awsclient_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/awsclient"
)

// TestAnAnswerIsAwaitedForAWhile holds that a call which AWS takes and never answers ends, and that S3 has more time for a copy, and
// for nothing else.
func TestAnAnswerIsAwaitedForAWhile(t *testing.T) {
	t.Parallel()
	cfg, err := awsclient.Config(nil).For(t.Context(), "us-east-2", "")
	require.NoError(t, err)
	client, ok := cfg.HTTPClient.(*awshttp.BuildableClient)
	require.True(t, ok, "AWS_CA_BUNDLE is given to such a one alone")
	assert.Equal(t, 30*time.Second, client.GetTransport().ResponseHeaderTimeout)
	cfg.HTTPClient = client.WithTransportOptions(func(t *http.Transport) { t.DialContext = mute })
	cfg.BaseEndpoint, cfg.Credentials, cfg.RetryMaxAttempts = aws.String("http://store"), credentials.NewStaticCredentialsProvider("AKIA", "secret", ""), 1
	media, key := aws.String("media"), aws.String("a.jpg")
	for name, tc := range map[string]struct {
		call func(context.Context, *s3.Client) error
		want time.Duration
	}{
		"a look": {func(ctx context.Context, c *s3.Client) error {
			_, err := c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: media, Key: key})
			return err
		}, 30 * time.Second},
		"a copy": {func(ctx context.Context, c *s3.Client) error {
			_, err := c.CopyObject(ctx, &s3.CopyObjectInput{Bucket: media, Key: key, CopySource: aws.String("uploads/a.jpg")})
			return err
		}, 10 * time.Minute},
		"a copy of a part": {func(ctx context.Context, c *s3.Client) error {
			_, err := c.UploadPartCopy(ctx, &s3.UploadPartCopyInput{
				Bucket: media, Key: key, CopySource: aws.String("uploads/a.jpg"), PartNumber: aws.Int32(1), UploadId: aws.String("1"),
			})
			return err
		}, 10 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				require.ErrorContains(t, tc.call(t.Context(), awsclient.S3(cfg)), "timeout awaiting response headers")
				assert.Equal(t, tc.want, time.Since(begun))
			})
		})
	}
}

// mute dials one who reads and never answers.
func mute(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	go func() { _, _ = io.Copy(io.Discard, theirs) }()
	return ours, nil
}
