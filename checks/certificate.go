package checks

import (
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/when"
)

// Codes of a certificate that could not be shown, or not for long.
const (
	CertificateMissing = "certificate-missing"
	CertificateUnseen  = "certificate-unseen"
	CertificateState   = "certificate-state"
	CertificateName    = "certificate-name"
	CertificateExpires = "certificate-expires"
	CertificateUnused  = "certificate-unused"
	CertificateRecord  = "certificate-record"
)

// takes is about how long a failover lasts: a certificate that ends within it is of no use.
const takes = time.Hour

// The states of a certificate that an update waits for, or with: the rest is as ACM words it.
const (
	Issued  = "ISSUED" // a balancer can show it
	pending = "PENDING_VALIDATION"
)

// renews is how long before its end a certificate is one that ACM should renew. ACM begins 45 days before the end of one that is good
// for 198 days, and 60 days before the end of one that was issued before February 2026, for 395 days.
const renews = 60 * 24 * time.Hour

// requesting is what makes a stack request a certificate, or wait for the one that it requested. It is none
// that is active already: that would be the failover. It asks nothing of the other side.
func requesting(p Policy) string {
	return fmt.Sprintf("update this stack as a standby (pilotlight deploy %s, or pulumi up -s %[1]s)", p.Stack)
}

// certificate finds out whether the balancer can show one that visitors accept.
func certificate(s Snapshot, p Policy) (all []refusal.Blocker) {
	var (
		another = requesting(p) + ", which requests one and waits until ACM has issued it"
		// An update takes the state's word for the certificate, unless pilotlight has looked.
		instead = fmt.Sprintf("run pilotlight deploy %s, or pulumi up -s %[1]s with --replace and the URN of the certificate (docs/runbook.md, certificate): "+
			"each requests another one and waits until ACM has issued it", p.Stack)
		wait = requesting(p) + ", which waits until ACM has issued it"
	)
	if !p.RequestsCertificate {
		given := fmt.Sprintf("set app.certificate to an issued one in %s, or to one of IAM, that covers %s", p.Region, join(p.Names, "and"))
		another, instead, wait = given, given, given
	}
	c := s.Certificate
	switch {
	case p.Certificate == "" && !p.RequestsCertificate, c != nil && c.Unseen:
		return nil
	case p.Certificate == "" && p.Epoch <= 1: // the first activation requests it, and waits for it
		return nil
	case p.Certificate == "":
		return []refusal.Blocker{block(CertificateMissing, another, "this stack has requested no certificate yet")}
	case c == nil:
		return []refusal.Blocker{block(CertificateMissing, instead, "there is no certificate %s in %s", p.Certificate, p.Region)}
	case c.Status == pending:
		all = append(all, block(CertificateState, wait, "certificate %s is %s", p.Certificate, c.Status))
	case c.Status != Issued && c.Status != "":
		all = append(all, block(CertificateState, instead, // no balancer takes such a one
			"certificate %s is %s", p.Certificate, c.Status))
	case c.endsBefore(s.At.Add(takes)):
		all = append(all, block(CertificateExpires, orAcceptStandby(instead, p), "certificate %s ends at %s", p.Certificate, when.Date(c.Until)))
	}
	for _, name := range p.Names {
		if len(c.Names) > 0 && !covers(c.Names, name) {
			all = append(all, block(CertificateName, orAcceptStandby(another, p), "certificate %s is for %v, not for %s", p.Certificate, c.Names, name))
		}
	}
	return all
}

// endsBefore reports whether it ends before a time. Of one that is not issued, and where ACM does not say, that is not known.
func (c Certificate) endsBefore(at time.Time) bool { return !c.Until.IsZero() && c.Until.Before(at) }

// covers reports whether a client that asks for domain accepts a certificate of these names.
func covers(names []string, domain string) bool {
	return (&x509.Certificate{DNSNames: slices.Clone(names)}).VerifyHostname(domain) == nil
}

// unrenewed reports whether a certificate of ACM is about to end, and ACM does not renew it since no balancer shows
// it: that of a standby without a balancer.
func (c Certificate) unrenewed(now time.Time) bool {
	return c.Managed && !c.InUse && c.Status == Issued && c.endsBefore(now.Add(renews))
}

// NeedsAnother reports whether a stack has to request another certificate in place of the one that it requested: ACM does
// not have it, never issues it, or does not renew it. nil is one that ACM does not have.
func NeedsAnother(c *Certificate, now time.Time) bool {
	return c == nil || !slices.Contains([]string{Issued, pending, ""}, c.Status) || c.unrenewed(now)
}

// Renewal finds out what keeps ACM from renewing a certificate that is still good. No failover is refused for it.
func Renewal(s Snapshot, p Policy) (all []refusal.Blocker) {
	c := s.Certificate
	if c == nil {
		return nil
	}
	if c.unrenewed(s.At) && !c.endsBefore(s.At.Add(takes)) {
		remedy := "set app.certificate to another one of ACM, which you request, or to request, which has this stack do it; or add balancer to keepWarm"
		if p.RequestsCertificate {
			remedy = fmt.Sprintf("run pilotlight deploy %s, which requests another in its place", p.Stack)
		}
		all = append(all, refusal.Blocker{
			Code: CertificateUnused, Subject: "certificate", Remedy: remedy,
			Reason: fmt.Sprintf("certificate %s ends at %s, and ACM renews none that no balancer shows", p.Certificate, when.Date(c.Until)),
		})
	}
	for _, r := range c.Absent {
		all = append(all, refusal.Blocker{
			Code: CertificateRecord, Subject: "certificate", Remedy: fmt.Sprintf("run pulumi up -s %s --refresh, which writes it again", p.Stack),
			Reason: fmt.Sprintf("the zone has no record %s %s %s, by which ACM renews certificate %s before it ends%s", r.Name, r.Type, r.Target, p.Certificate, c.end()),
		})
	}
	return all
}

// IssuedYet reports whether ACM has issued a certificate that was requested. Its error is that it never will.
func IssuedYet(arn string, c Certificate) (bool, error) {
	switch c.Status {
	case Issued:
		return true, nil
	case pending, "":
		return false, nil
	}
	state := c.Status
	if c.Failure != "" {
		state += " (" + c.Failure + ")"
	}
	return false, fmt.Errorf("certificate %s is %s: mend that, and run pilotlight deploy, which requests another", arn, state)
}

func seenOfCertificate(s Snapshot, p Policy) string {
	c := s.Certificate
	switch {
	case p.Certificate == "" || c == nil || c.Unseen:
		return ""
	case c.Status == "" || len(c.Names) == 0:
		return fmt.Sprintf("certificate %s is there, and ends%s", p.Certificate, c.end())
	}
	return fmt.Sprintf("certificate %s is issued, covers %s and ends%s", p.Certificate, join(p.Names, "and"), c.end())
}

// end is when it ends, behind a verb.
func (c Certificate) end() string {
	if c.Until.IsZero() {
		return " at a time that is not known"
	}
	return " at " + when.Date(c.Until)
}
