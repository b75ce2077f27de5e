package config

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/pilotlight-dr/pilotlight/awsregion"
)

// mostCertificateNames is how many names ACM takes in a certificate that an account requests ("Quotas" of the ACM User Guide). Above
// that the provider asks for twenty minutes, since ACM's code is that of a rate (hashicorp/terraform-provider-aws#40974).
const mostCertificateNames = 10

// CertificateRequest is the App.Certificate of a stack that requests its own.
const CertificateRequest = "request"

// mostCommonName is how long the first name of a certificate is at most, in characters (ACM's reference of RequestCertificate, by RFC 5280).
const mostCommonName = 64

// HTTPS reports whether visitors are served by HTTPS.
func (a App) HTTPS() bool { return a.Certificate != "" }

// RequestsCertificate reports whether the stack requests its certificate of ACM.
func (a App) RequestsCertificate() bool { return a.Certificate == CertificateRequest }

// CertificateARN is the ARN of a certificate that somebody else made; empty where there is none.
func (a App) CertificateARN() string {
	if a.RequestsCertificate() {
		return ""
	}
	return a.Certificate
}

// validateCertificate: a balancer takes a certificate of its own region from ACM, or an IAM server
// certificate, which is of the whole account. ACM issues one to who can write into the names' zone.
func (c Config) validateCertificate(p *problems) {
	const key = "app.certificate"
	p.add(c.App.CertificateWait > 0, "app.certificateWait", c.App.CertificateWait, "set it to a duration such as 30m")
	switch {
	case !c.App.HTTPS():
		return
	case c.App.RequestsCertificate():
		p.add(c.DNS.Mode != "manual", key, c.App.Certificate,
			"set it to the ARN of a certificate, or dns.mode to record: ACM validates by records that the stack writes into the zone of %s", c.Domain)
		p.add(len(c.Domain) <= mostCommonName, key, c.App.Certificate,
			"set it to the ARN of a certificate, or domain to a shorter one: ACM wants %d characters at most, and this has %d", mostCommonName, len(c.Domain))
		p.add(len(c.AllNames()) <= mostCertificateNames, key, c.App.Certificate,
			"set it to the ARN of a certificate, or leave out some names: ACM takes %d in one that is requested, and the site has %d; "+
				"where that quota was raised, request the certificate yourself", mostCertificateNames, len(c.AllNames()))
		return
	}
	parsed, err := arn.Parse(c.App.Certificate)
	iam := err == nil && parsed.Service == "iam" && strings.HasPrefix(parsed.Resource, "server-certificate/")
	acm := err == nil && parsed.Service == "acm" && strings.HasPrefix(parsed.Resource, "certificate/")
	p.add(iam || acm, key, c.App.Certificate, "set it to the ARN of an ACM certificate or an IAM server certificate, or to %s", CertificateRequest)
	if iam || acm {
		p.add(parsed.Partition == awsregion.Partition(c.Region), key, c.App.Certificate, "it is of another partition than %s", c.Region)
		p.add(iam || parsed.Region == c.Region, key, c.App.Certificate, "a balancer in %s needs a certificate of %s: import it there", c.Region, c.Region)
	}
}
