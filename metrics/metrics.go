// Package metrics reaches CloudWatch, for what reads its metrics and writes pilotlight's own.
package metrics

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	"github.com/aws/smithy-go/transport/http/protocol/awsquery"
)

// Namespace is that of pilotlight's own metrics.
const Namespace = "Pilotlight"

// Client is a client of CloudWatch. It speaks the query protocol, which CloudWatch has always had. The SDK would speak
// CBOR, which is newer: what stands for AWS in a test, such as moto, knows no CBOR, and answers in XML.
func Client(cfg aws.Config) *cloudwatch.Client {
	return cloudwatch.NewFromConfig(cfg, func(o *cloudwatch.Options) {
		o.Protocol = awsquery.New(schemas.GraniteServiceVersion20100801)
		o.DisableRequestCompression = true // of a few values
	})
}
