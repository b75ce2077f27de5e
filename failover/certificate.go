package failover

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/pilotlight-dr/pilotlight/awsregion"
	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/refusal"
)

// certificateLimit bounds the look at a certificate of IAM. Where that can't be had, it must hold up no failover.
const certificateLimit = 15 * time.Second

// certificate is the balancer's certificate, as ACM or IAM knows it; nil when there is none such. IAM
// is not asked where that is in the region that is lost. That it could not be asked is no error.
func (r *Runtime) certificate(ctx context.Context, cfg aws.Config) (found *checks.Certificate, unseen []refusal.Blocker, err error) {
	switch {
	case r.Site.Certificate == "":
		return nil, nil, nil
	case strings.Contains(r.Site.Certificate, ":acm:"):
		found, err = findCertificate(ctx, acm.NewFromConfig(cfg), r.Site.Certificate)
		return found, nil, orAbsent(err)
	case r.Site.PeerRegion == awsregion.ControlPlane("iam", r.Site.Region):
		return &checks.Certificate{Unseen: true}, nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, certificateLimit)
	defer cancel()
	found, err = findServerCertificate(ctx, iam.NewFromConfig(cfg), r.Site.Certificate)
	if err := orAbsent(err); err != nil {
		return &checks.Certificate{Unseen: true}, []refusal.Blocker{{
			Code: checks.CertificateUnseen, Subject: "certificate", Reason: "the certificate could not be read: " + err.Error(),
			Remedy: "let these credentials read it (iam:GetServerCertificate), and check again",
		}}, nil
	}
	return found, nil, nil
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
	return &checks.Certificate{Status: string(c.Status), Names: append(c.SubjectAlternativeNames, aws.ToString(c.DomainName)), Until: aws.ToTime(c.NotAfter)}, nil
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
