package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pilotlight-dr/pilotlight/awsregion"
	"github.com/pilotlight-dr/pilotlight/estimate"
)

const certificateType = "aws:acm/certificate:Certificate"

// A Certificate is one of ACM's, or an IAM server certificate.
type Certificate struct {
	ARN    string
	Status string   // such as ISSUED
	Names  []string // that it is for
	Until  time.Time
	// Validation are the records by which ACM validates one that it issues; none of one that was imported.
	Validation []RecordSet `json:"validation,omitempty"`
	// InUseBy are the ARNs of the balancers that show it.
	InUseBy []string `json:"inUseBy,omitempty"`
}

const (
	// lasts is how long ACM's own are good, and renewed is how long before the end ACM renews one that is in
	// use (AWS What's New, 2026-02-18, "AWS Certificate Manager updates default certificate validity"; it was 395 and 60 days).
	lasts   = 198 * 24 * time.Hour
	renewed = 45 * 24 * time.Hour
	// pends is how long ACM looks for the records before it gives up (ACM User Guide, "Validation times out").
	pends = 72 * time.Hour
)

func certificateKinds() map[string]*kind {
	return map[string]*kind{
		certificateType: {
			service: "acm", sdk: "ACM", noun: "ACM Certificate",
			create: "RequestCertificate", update: "AddTagsToCertificate", delete: "DeleteCertificate",
			id:    func(w *World, o *Object) string { return arn("acm", o, "certificate/"+uuid(w.madeID(o, 32))) },
			check: validCertificate,
			made:  madeCertificate,
			removed: func(w *World, o *Object) error {
				if by := w.shownBy(o.Region, o.ID); len(by) > 0 {
					return refuse("ResourceInUseException", "Certificate %s in account %s is in use.", o.ID, o.Account)
				}
				return nil
			},
			seen:     seenCertificate,
			defaults: map[string]any{"keyAlgorithm": "RSA_2048"},
		},
	}
}

// uuid words 32 hex digits as a UUID.
func uuid(hex string) string {
	return fmt.Sprintf("%s-%s-%s-%s-%s", hex[:8], hex[8:12], hex[12:16], hex[16:20], hex[20:])
}

func validCertificate(_ *World, o *Object) error {
	if o.text("validationMethod") != "DNS" {
		return fmt.Errorf("a certificate that is validated by %q is %w", o.text("validationMethod"), ErrNotModelled)
	}
	return nil
}

// madeCertificate fills in what ACM answers: the names with the domain among them, and a record for each, which is the same
// for every request of an account, in all regions (ACM User Guide, "DNS validation").
func madeCertificate(w *World, o *Object) {
	names := o.texts("subjectAlternativeNames")
	if domain := o.text("domainName"); !slices.Contains(names, domain) {
		names = append([]string{domain}, names...)
	}
	var options []any
	for _, name := range names {
		wanted := w.validation(o.Account, name)
		options = append(options, map[string]any{
			"domainName": name, "resourceRecordName": wanted.Name + ".", "resourceRecordType": wanted.Type, "resourceRecordValue": wanted.Values[0],
		})
	}
	o.Props["subjectAlternativeNames"], o.Props["domainValidationOptions"] = names, options
	o.fill(map[string]any{
		"arn": o.ID, "type": "AMAZON_ISSUED", "status": "PENDING_VALIDATION", "notBefore": "", "notAfter": "", "pendingRenewal": false,
		"renewalEligibility": "INELIGIBLE", "renewalSummaries": []any{}, "validationEmails": []any{},
		"options": map[string]any{"certificateTransparencyLoggingPreference": "ENABLED"},
	})
	if _, asked := o.Times["asked"]; !asked {
		o.setTime("asked", o.Ready)
		w.issue(o, nil)
	}
}

// validation is the record that shows ACM whose a name is.
func (w *World) validation(account, name string) RecordSet {
	hex := func(word string) string { return fmt.Sprintf("%016x", w.hash("validation", word, account, name)) }
	return RecordSet{
		Name: "_" + hex("name") + hex("of") + "." + name, Type: "CNAME",
		Values: []string{"_" + hex("value") + hex("for") + ".jkddzztszm.acm-validations.aws."},
	}
}

// validations are the records that validate a certificate.
func (w *World) validations(o *Object) (all []RecordSet) {
	options, _ := o.Props["domainValidationOptions"].([]any)
	for _, option := range options {
		all = append(all, RecordSet{
			Name: strings.TrimSuffix(textAt(option, "resourceRecordName"), "."), Type: textAt(option, "resourceRecordType"),
			Values: []string{textAt(option, "resourceRecordValue")},
		})
	}
	return all
}

// issue lets ACM issue a certificate some minutes after all its records stand. adding is a record that is about to.
func (w *World) issue(o, adding *Object) {
	if _, issued := o.Times["issued"]; issued {
		return
	}
	for _, wanted := range w.validations(o) {
		if !(adding != nil && w.validates(adding, wanted)) && !w.stands(wanted) {
			return
		}
	}
	since := w.clock.Now()
	if adding != nil {
		since = adding.Ready
	}
	if since.Sub(o.Times["asked"]) < pends {
		o.setTime("issued", since.Add(w.Duration(o.Region, estimate.Issuance, o.Name)))
	}
}

// issueAll looks at what a record that is about to stand lets ACM issue.
func (w *World) issueAll(adding *Object) {
	for _, o := range w.where(func(o *Object) bool { return o.Type == certificateType }) {
		w.issue(o, adding)
	}
}

// stands reports whether the internet finds a record.
func (w *World) stands(wanted RecordSet) bool {
	return len(w.where(func(o *Object) bool { return w.validates(o, wanted) })) > 0
}

func (w *World) validates(o *Object, wanted RecordSet) bool {
	return o.Type == recordType && !w.state.Private[o.text("zoneId")] && w.recordName(o) == wanted.Name && o.text("type") == wanted.Type &&
		slices.Equal(o.texts("records"), wanted.Values)
}

// shownBy are the balancers whose listeners have a certificate.
func (w *World) shownBy(region, certificate string) (balancers []string) {
	for _, l := range w.all(listenerType, region) {
		if l.text("certificateArn") == certificate {
			balancers = append(balancers, l.text("loadBalancerArn"))
		}
	}
	return balancers
}

// requested is a certificate of ACM's own as it is now. ACM renews it while a balancer shows it and its records stand.
func (w *World) requested(o *Object) Certificate {
	now := w.clock.Now()
	w.issue(o, nil)
	c := Certificate{ARN: o.ID, Status: "PENDING_VALIDATION", Names: o.texts("subjectAlternativeNames"), Validation: w.validations(o), InUseBy: w.shownBy(o.Region, o.ID)}
	_, issued := o.Times["issued"]
	switch {
	case !issued && now.Sub(o.Times["asked"]) >= pends:
		c.Status = "VALIDATION_TIMED_OUT"
		return c
	case !o.past("issued", now):
		return c
	}
	c.Status, c.Until = Issued, o.Times["issued"].Add(lasts)
	if until, renewed := o.Times["until"]; renewed {
		c.Until = until
	}
	lost := slices.ContainsFunc(c.Validation, func(r RecordSet) bool { return !w.stands(r) })
	for len(c.InUseBy) > 0 && !lost && !now.Before(c.Until.Add(-renewed)) && now.Before(c.Until) {
		c.Until = c.Until.Add(lasts - renewed)
		o.setTime("until", c.Until)
	}
	if !now.Before(c.Until) {
		c.Status = "EXPIRED"
	}
	return c
}

// Issued is the state of a certificate that a balancer can show.
const Issued = "ISSUED"

// seenCertificate: what ACM says of it changes by itself.
func seenCertificate(w *World, o *Object) {
	c := w.requested(w.find(certificateType, o.Region, o.ID))
	o.Props["status"] = c.Status
	if !c.Until.IsZero() {
		o.Props["notAfter"], o.Props["notBefore"] = c.Until.Format(time.RFC3339), c.Until.Add(-lasts).Format(time.RFC3339)
	}
	if len(c.InUseBy) > 0 {
		o.Props["renewalEligibility"] = "ELIGIBLE"
	}
}

// AddCertificate puts a certificate into the region of its ARN; IAM's are in none. It hides one that ACM was
// asked for, of the same ARN.
func (w *World) AddCertificate(c Certificate) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state.Certificates[c.ARN] = c
}

// Certificate is what DescribeCertificate finds in a region.
func (w *World) Certificate(region, arn string) (Certificate, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, ok := w.certified(region, arn)
	if !ok || arnService(arn) != "acm" {
		return Certificate{}, refuse("ResourceNotFoundException", "Could not find certificate %s.", arn)
	}
	return c, nil
}

// ServerCertificate is what IAM's GetServerCertificate finds by a name, for a partition's regions.
func (w *World) ServerCertificate(region, name string) (Certificate, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, at := range slices.Sorted(maps.Keys(w.state.Certificates)) {
		if arnService(at) == "iam" && strings.HasPrefix(at, "arn:"+awsregion.Partition(region)+":") && strings.HasSuffix(at, "/"+name) {
			return w.state.Certificates[at], nil
		}
	}
	return Certificate{}, &Error{Status: 404, Code: "NoSuchEntity", Message: "The Server Certificate with name " + name + " cannot be found."}
}

// certified is a certificate that a balancer in a region can use, or could. One of IAM's is for all
// regions (ELB guide, "Create an HTTPS listener").
func (w *World) certified(region, arn string) (Certificate, bool) {
	c, ok := w.state.Certificates[arn]
	if o := w.find(certificateType, region, arn); !ok && o != nil {
		return w.requested(o), true
	}
	c.InUseBy = w.shownBy(region, arn)
	return c, ok && (arnRegion(arn) == region || arnService(arn) == "iam")
}

// RemoveCertificate takes a certificate away.
func (w *World) RemoveCertificate(arn string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.state.Certificates, arn)
	if o := w.find(certificateType, arnRegion(arn), arn); o != nil {
		w.drop(o)
	}
}
