package failover

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	route53types "github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/pilotlight-dr/pilotlight/awsregion"
	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/refusal"
)

// certificateLimit bounds the look at a certificate. Where that can't be had, it must block nothing.
const certificateLimit = 15 * time.Second

// certificate is the balancer's certificate, as ACM or IAM knows it; nil when there is none such. IAM
// is not asked where that is in the region that is lost. That it could not be read is no error.
func (r *Runtime) certificate(ctx context.Context, cfg aws.Config) (found *checks.Certificate, unseen []refusal.Blocker) {
	ctx, cancel := context.WithTimeout(ctx, certificateLimit)
	defer cancel()
	var err error
	right := "acm:DescribeCertificate"
	switch {
	case r.Site.Certificate == "":
		return nil, nil
	case strings.Contains(r.Site.Certificate, ":acm:"):
		found, err = findCertificate(ctx, acm.NewFromConfig(cfg), r.Site.Certificate)
	case r.Site.PeerRegion == awsregion.ControlPlane("iam", r.Site.Region):
		return &checks.Certificate{Unseen: true}, nil
	default:
		right = "iam:GetServerCertificate"
		found, err = findServerCertificate(ctx, iam.NewFromConfig(cfg), r.Site.Certificate)
	}
	if err := orAbsent(err); err != nil {
		return &checks.Certificate{Unseen: true}, []refusal.Blocker{{
			Code: checks.CertificateUnseen, Subject: "certificate", Reason: "the certificate could not be read: " + err.Error(),
			Remedy: toRead(err, "read it ("+right+")"),
		}}
	}
	return found, nil
}

func findCertificate(ctx context.Context, client *acm.Client, arn string) (*checks.Certificate, error) {
	out, err := client.DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: &arn})
	if _, gone := errors.AsType[*acmtypes.ResourceNotFoundException](err); gone {
		return nil, fmt.Errorf("certificate %s: %w", arn, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("describing certificate %s: %w", arn, err)
	}
	c := out.Certificate
	if c == nil {
		return nil, fmt.Errorf("describing certificate %s: %w", arn, ErrNothingTold)
	}
	found := &checks.Certificate{
		Status: string(c.Status), Names: nonEmpty(append(c.SubjectAlternativeNames, aws.ToString(c.DomainName))), Until: aws.ToTime(c.NotAfter),
		Failure: string(c.FailureReason), Managed: c.Type == acmtypes.CertificateTypeAmazonIssued, InUse: len(c.InUseBy) > 0,
	}
	for _, v := range c.DomainValidationOptions {
		if r := v.ResourceRecord; r != nil { // it has none while ACM makes it up
			found.Validation = append(found.Validation, checks.Record{Name: plainName(aws.ToString(r.Name)), Type: string(r.Type), Target: plainName(aws.ToString(r.Value))})
		}
	}
	return found, nil
}

// ErrNothingTold is an answer that is empty, as of what stands for AWS in a test. It is no silence.
var ErrNothingTold = errors.New("the answer tells nothing of it")

// nonEmpty leaves out names that are none.
func nonEmpty(names []string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

// RequestedCertificate is the certificate that the stack has requested, as ACM knows it; nil when ACM has none such.
func (r *Runtime) RequestedCertificate(ctx context.Context) (*checks.Certificate, error) {
	ctx, cancel := context.WithTimeout(ctx, certificateLimit)
	defer cancel()
	cfg, err := r.aws(ctx)
	if err != nil {
		return nil, err
	}
	found, err := findCertificate(ctx, acm.NewFromConfig(cfg), r.Site.Certificate)
	return found, orAbsent(err)
}

// findAbsent finds the records that a requested certificate is validated by and that the site's zone lacks, if the names
// could be looked at there: what keeps that from being seen is told already.
func (r *Runtime) findAbsent(ctx context.Context, cfg aws.Config, c *checks.Certificate, n *checks.Name) {
	if c == nil || n == nil || !r.Site.RequestsCertificate || !n.Holds(r.Site.domain()) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, nameLimit)
	defer cancel()
	client := route53.NewFromConfig(cfg)
	for _, wanted := range c.Validation {
		out, err := client.ListResourceRecordSets(ctx, &route53.ListResourceRecordSetsInput{
			HostedZoneId: &r.Site.ZoneID, StartRecordName: &wanted.Name, StartRecordType: route53types.RRType(wanted.Type), MaxItems: aws.Int32(1),
		})
		if err != nil {
			return
		}
		stands := slices.ContainsFunc(out.ResourceRecordSets, func(set route53types.ResourceRecordSet) bool {
			return recordOf(plainName(aws.ToString(set.Name)), set) == wanted
		})
		if !stands {
			c.Absent = append(c.Absent, wanted)
		}
	}
}

// WaitIssued waits until ACM has issued a certificate. ACM does, once it finds the records that validate it.
func (r *Runtime) WaitIssued(ctx context.Context, arn string) error {
	cfg, err := r.aws(ctx)
	if err != nil {
		return err
	}
	client := acm.NewFromConfig(cfg)
	var last checks.Certificate
	err = r.wait(ctx, "ACM to issue certificate "+arn, r.Site.Limits.Certificate, func(ctx context.Context) (bool, string, error) {
		found, err := findCertificate(ctx, client, arn)
		if err != nil {
			return false, "", err
		}
		last = *found
		issued, err := checks.IssuedYet(arn, last)
		return issued, last.Status, err
	})
	if timeout, ok := errors.AsType[*TimeoutError](err); ok && len(last.Validation) > 0 {
		timeout.Cause = fmt.Sprintf("ACM does not find the records that validate it, such as %s", last.Validation[0].Name)
		timeout.Remedy = fmt.Sprintf("see whether the internet asks zone %s for it (dig +short CNAME %s)", r.Site.ZoneID, last.Validation[0].Name)
	}
	return err
}

// findServerCertificate reads a certificate of IAM, which are usual in China. IAM tells its text, and
// not what is in it.
func findServerCertificate(ctx context.Context, client *iam.Client, arn string) (*checks.Certificate, error) {
	out, err := client.GetServerCertificate(ctx, &iam.GetServerCertificateInput{ServerCertificateName: aws.String(arn[strings.LastIndex(arn, "/")+1:])})
	if _, gone := errors.AsType[*iamtypes.NoSuchEntityException](err); gone {
		return nil, fmt.Errorf("certificate %s: %w", arn, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("reading certificate %s: %w", arn, err)
	}
	if out.ServerCertificate == nil {
		return nil, fmt.Errorf("reading certificate %s: %w", arn, ErrNothingTold)
	}
	block, _ := pem.Decode([]byte(aws.ToString(out.ServerCertificate.CertificateBody)))
	if block == nil {
		return nil, fmt.Errorf("reading certificate %s: what IAM tells is no PEM", arn)
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("reading certificate %s: %w", arn, err)
	}
	return &checks.Certificate{Status: checks.Issued, Names: leaf.DNSNames, Until: leaf.NotAfter}, nil
}
