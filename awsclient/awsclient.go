// Package awsclient configures the clients of AWS's services.
package awsclient

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/transport/http/protocol/awsquery"
)

// Config makes the configuration of the clients for a region and a profile; nil takes the default chain of credentials.
type Config func(ctx context.Context, region, profile string) (aws.Config, error)

// For is the configuration for a region and a profile; an empty one is the default. The default chain's keeps the SDK
// from writing its own warnings among what the operator reads: what matters is in errors.
func (c Config) For(ctx context.Context, region, profile string) (aws.Config, error) {
	if c != nil {
		return c(ctx, region, profile)
	}
	return config.LoadDefaultConfig(ctx, config.WithRegion(region), config.WithSharedConfigProfile(profile), config.WithLogger(logging.Nop{}))
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
