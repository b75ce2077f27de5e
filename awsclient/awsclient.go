// Package awsclient configures the clients of AWS's services, and tells their answers from silence.
package awsclient

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/transport/http/protocol/awsquery"
)

// Config makes the configuration of the clients for a region and a profile; nil takes the default chain of credentials.
type Config func(ctx context.Context, region, profile string) (aws.Config, error)

// answerWithin is how long a call waits for the first byte of an answer, from the end of its request. Then the connection counts as
// lost, and the call is tried again on another. The SDK sets no limit, and half a region may take calls and never answer them.
// S3 copies up to 5 GiB in one call: such a call has copiedWithin.
const (
	answerWithin = 30 * time.Second
	copiedWithin = 10 * time.Minute
)

// limited is an HTTP client that waits so long for an answer.
func limited(client *awshttp.BuildableClient, limit time.Duration) *awshttp.BuildableClient {
	return client.WithTransportOptions(func(t *http.Transport) { t.ResponseHeaderTimeout = limit })
}

// For is the configuration for a region and a profile; an empty one is the default. The default chain's keeps the SDK
// from writing its own warnings among what the operator reads: what matters is in errors.
func (c Config) For(ctx context.Context, region, profile string) (aws.Config, error) {
	if c != nil {
		return c(ctx, region, profile)
	}
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(region), config.WithSharedConfigProfile(profile), config.WithLogger(logging.Nop{}),
		config.WithHTTPClient(limited(awshttp.NewBuildableClient(), answerWithin)))
	return cfg, unasked(err, profile)
}

// unasked adds to the error of a profile with mfa_serial what to do. The SDK does not ask for a code, nor do Pulumi and its provider, which
// would each need one; the AWS CLI does. A profile that is named goes before a session that is in the environment.
func unasked(err error, profile string) error {
	if _, ok := errors.AsType[config.AssumeRoleTokenProviderNotSetError](err); !ok {
		return err
	}
	then := "take aws:profile out of the stacks' files"
	if profile == "" {
		profile, then = cmp.Or(os.Getenv("AWS_PROFILE"), "default"), "unset AWS_PROFILE"
	}
	return fmt.Errorf(`%w profile %s needs a code, and there is no prompt for it here: get a session by eval "$(aws configure export-credentials --profile %[2]s --format env)", `+
		"%s, and run the same again in that shell", err, profile, then)
}

// With makes the same configurations with these credentials in place of their own.
func (c Config) With(held aws.CredentialsProvider) Config {
	return func(ctx context.Context, region, profile string) (aws.Config, error) {
		cfg, err := c.For(ctx, region, profile)
		cfg.Credentials = held
		return cfg, err
	}
}

// Retrieved are credentials once they were found. They may come from a service that does not answer, or no longer. Those of a role
// (role_arn, a web identity) come from STS in the region of the configuration. within bounds the search.
func Retrieved(ctx context.Context, from aws.CredentialsProvider, within time.Duration) (aws.CredentialsProvider, error) {
	if from == nil {
		return nil, errors.New("there are none")
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	credentials, err := from.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return credentials, nil }), nil
}

// Attempts is how often a call is tried that a change of role or a copy needs. Control planes of a region that others
// flee to are throttled, as are parallel copies; the SDK's three attempts are over within seconds.
const Attempts = 8

// Namespace is that of pilotlight's own metrics.
const Namespace = "Pilotlight"

// CloudWatch is a client of CloudWatch. It speaks the query protocol, which CloudWatch has always had. The SDK would speak
// CBOR, which is newer: what stands for AWS in a test, such as moto, knows no CBOR, and answers in XML.
func CloudWatch(cfg aws.Config) *cloudwatch.Client {
	return cloudwatch.NewFromConfig(cfg, func(o *cloudwatch.Options) {
		o.Protocol = awsquery.New(schemas.GraniteServiceVersion20100801)
		o.DisableRequestCompression = true // of a few values
	})
}

// S3 is a client of S3. Where an endpoint is set (AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_S3, endpoint_url of a profile), the name of a
// bucket is in the path. The SDK would put it before the endpoint's host, and the network knows no host such as
// uploads.localstack. AWS takes both forms.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
func S3(cfg aws.Config, options ...func(*s3.Options)) *s3.Client {
	own := func(o *s3.Options) {
		o.UsePathStyle = o.UsePathStyle || o.BaseEndpoint != nil
		if client, ok := o.HTTPClient.(*awshttp.BuildableClient); ok {
			o.HTTPClient = copying{client, limited(client, copiedWithin)}
		}
	}
	return s3.NewFromConfig(cfg, append([]func(*s3.Options){own}, options...)...)
}

// copying has the calls that copy wait longer than all else. They are those with a source: CopyObject and UploadPartCopy.
type copying struct{ usual, copies s3.HTTPClient }

// Do is for s3.HTTPClient.
func (c copying) Do(req *http.Request) (*http.Response, error) {
	if req.Header.Get("X-Amz-Copy-Source") != "" {
		return c.copies.Do(req)
	}
	return c.usual.Do(req)
}
