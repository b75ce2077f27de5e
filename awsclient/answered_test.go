package awsclient_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/awsclient"
)

// calls are one of each protocol that AWS speaks.
var calls = map[string]func(context.Context, aws.Config) error{
	"query": func(ctx context.Context, cfg aws.Config) error {
		_, err := rds.NewFromConfig(cfg).DescribeDBInstances(ctx, nil)
		return err
	},
	"query of IAM": func(ctx context.Context, cfg aws.Config) error {
		_, err := iam.NewFromConfig(cfg).GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("site")})
		return err
	},
	"EC2": func(ctx context.Context, cfg aws.Config) error {
		_, err := ec2.NewFromConfig(cfg).DescribeImages(ctx, nil)
		return err
	},
	"JSON": func(ctx context.Context, cfg aws.Config) error {
		_, err := acm.NewFromConfig(cfg).DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: aws.String("arn:aws:acm:us-east-2:123456789012:certificate/1")})
		return err
	},
	"REST": func(ctx context.Context, cfg aws.Config) error {
		_, err := route53.NewFromConfig(cfg).GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: aws.String("Z1")})
		return err
	},
}

func TestAnswered(t *testing.T) {
	t.Parallel()
	const refusal = `<ErrorResponse><Error><Code>AccessDenied</Code><Message>not allowed</Message></Error></ErrorResponse>`
	for name, tc := range map[string]struct {
		status   int
		body     string
		says     string // in every protocol
		answered bool
	}{
		"a refusal":         {http.StatusForbidden, refusal, "", true},
		"a page":            {http.StatusNotImplemented, "<html><body>Not Implemented<br></html>", "", true},
		"JSON":              {http.StatusNotFound, `{"message": "no such route"}`, "", true},
		"nothing":           {http.StatusNotFound, "", "", true},
		"a page for answer": {http.StatusOK, "<html><body>Sign in<br></html>", "HTTP 200, which is no answer of AWS", true},
		"silence":           {0, "", "", false},
		"half an answer":    {-1, "<DescribeDBInstancesResponse>", "", false},
	} {
		for protocol, call := range calls {
			t.Run(name+", "+protocol, func(t *testing.T) {
				t.Parallel()
				done := make(chan struct{})
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					if tc.status > 0 {
						w.WriteHeader(tc.status)
						_, _ = w.Write([]byte(tc.body))
						return
					}
					_, _ = w.Write([]byte(tc.body))
					_ = http.NewResponseController(w).Flush()
					<-done
				}))
				t.Cleanup(func() { close(done); server.Close() })
				if tc.status == 0 {
					server.Listener.Close() // who calls is refused from now on
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				if tc.status < 0 {
					ctx, cancel = context.WithTimeout(ctx, 50*time.Millisecond)
					defer cancel()
				}
				err := call(ctx, aws.Config{
					Region: "us-east-2", BaseEndpoint: &server.URL, RetryMaxAttempts: 1, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
				})
				require.Error(t, err)
				assert.Equal(t, tc.answered, awsclient.Answered(err), "%v", err)
				if tc.says != "" {
					assert.Equal(t, tc.says, awsclient.Words(err))
				}
			})
		}
	}
	assert.False(t, awsclient.Answered(nil))
}

// broken is a client of HTTP whose requests do not get out, in words of its own.
type broken struct{}

func (broken) Do(*http.Request) (*http.Response, error) { return nil, errors.New("no way there") }

func TestUnsentIsSilence(t *testing.T) {
	t.Parallel()
	for protocol, call := range calls {
		err := call(t.Context(), aws.Config{
			Region: "us-east-2", HTTPClient: broken{}, RetryMaxAttempts: 1, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
		})
		require.ErrorContains(t, err, "no way there")
		assert.False(t, awsclient.Answered(err), protocol)
	}
}
