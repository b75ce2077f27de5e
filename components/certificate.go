package components

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/acm"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// CertificateArgs say for which names a certificate is.
type CertificateArgs struct {
	// ZoneID is of the Route 53 zone that holds all names.
	ZoneID string
	Domain string
	Names  []string // further ones
}

// Certificate is a certificate that is requested of ACM, with the records that validate it: one for each name, and the
// same in all regions of an account (ACM User Guide, "DNS validation"). So the records stay when their stack lets go
// of them, since ACM renews by them the certificate of another region, too.
type Certificate struct {
	pulumi.ResourceState

	// ARN is known before ACM has issued it, which it does once it finds Records.
	ARN     pulumi.StringOutput
	Records []pulumi.Resource
}

// NewCertificate requests a certificate, and does not wait until ACM has issued it.
func NewCertificate(ctx *pulumi.Context, name string, args CertificateArgs, opts ...pulumi.ResourceOption) (*Certificate, error) {
	c := &Certificate{}
	if err := ctx.RegisterComponentResource("pilotlight:components:Certificate", name, c, opts...); err != nil {
		return nil, err
	}
	all := append([]string{args.Domain}, args.Names...)
	requested, err := acm.NewCertificate(ctx, name+"-certificate", &acm.CertificateArgs{
		DomainName:              pulumi.String(args.Domain),
		SubjectAlternativeNames: pulumi.ToStringArray(all), // ACM adds the domain, and the provider reads it back
		ValidationMethod:        pulumi.String("DNS"),
		Tags:                    named(name),
	}, pulumi.Parent(c))
	if err != nil {
		return nil, err
	}
	for _, domain := range all {
		validation := requested.DomainValidationOptions.ApplyT(func(options []acm.CertificateDomainValidationOption) (acm.CertificateDomainValidationOption, error) {
			for _, o := range options {
				if o.DomainName != nil && *o.DomainName == domain && o.ResourceRecordName != nil {
					return o, nil
				}
			}
			return acm.CertificateDomainValidationOption{}, fmt.Errorf("ACM had not named the record that validates %s when it was last read: run pulumi up --refresh", domain)
		}).(acm.CertificateDomainValidationOptionOutput)
		record, err := route53.NewRecord(ctx, name+"-validation-"+domain, &route53.RecordArgs{
			ZoneId:         pulumi.String(args.ZoneID),
			Name:           validation.ResourceRecordName().Elem().ApplyT(func(name string) string { return strings.TrimSuffix(name, ".") }).(pulumi.StringOutput),
			Type:           validation.ResourceRecordType().Elem(),
			Ttl:            pulumi.Int(validationTTL),
			Records:        pulumi.StringArray{validation.ResourceRecordValue().Elem()},
			AllowOverwrite: pulumi.Bool(true), // the other side's is the same
		}, pulumi.Parent(c), pulumi.RetainOnDelete(true))
		if err != nil {
			return nil, err
		}
		c.Records = append(c.Records, record)
	}
	c.ARN = requested.Arn
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"arn": c.ARN})
}

// validationTTL is for how long resolvers keep such a record, in seconds. It never changes.
const validationTTL = 300
