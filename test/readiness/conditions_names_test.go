package readiness

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/sim"
)

// nameConditions are about the site's name, and the certificate for it.
var nameConditions = []condition{
	{name: "zone that nobody asks", codes: []string{checks.NameDelegated}, fits: routed, spoil: faults("zone=elsewhere")},
	{name: "CNAME at the name", of: "record", finding: "B10r", codes: []string{checks.NameCNAME}, fits: routed, spoil: record(true, map[string]any{"type": "CNAME"})},
	{name: "AAAA at the name", of: "record", finding: "B10r", codes: []string{checks.NameAAAA}, fits: routed, spoil: record(false, map[string]any{"type": "AAAA", "records": []any{"2001:db8::1"}})},
	{name: "weighted records at the name", of: "record", finding: "B10r", codes: []string{checks.NameRouted}, fits: routed, spoil: record(true, map[string]any{"setIdentifier": "blue", "weight": 10.0})},
	{name: "private zone", codes: []string{checks.NamePrivate, checks.NameDelegated}, fits: routed, spoil: zone(func(w *world, id string) { w.sim.MakePrivate(id) })},
	{name: "zone of another name", codes: []string{checks.NameZone}, fits: routed, spoil: zone(func(w *world, id string) { w.sim.AddZone(id, "example.org") })},
	{name: "zone unseen, with a CNAME", of: "record", codes: []string{checks.NameUnseen}, fits: routed, spoil: func(w *world) error {
		if err := record(true, map[string]any{"type": "CNAME"})(w); err != nil {
			return err
		}
		return faults("error=route53:ListResourceRecordSets:AccessDenied:99")(w)
	}},

	{name: "certificate missing", codes: []string{checks.CertificateMissing}, fits: secure, spoil: func(w *world) error {
		w.sim.RemoveCertificate(w.certificate())
		return nil
	}},
	{name: "certificate pending", codes: []string{checks.CertificateState}, fits: secure, spoil: certificate(func(_ *world, c *sim.Certificate) { c.Status = "PENDING_VALIDATION" })},
	{name: "certificate of another name", codes: []string{checks.CertificateName}, fits: secure, spoil: certificate(func(_ *world, c *sim.Certificate) { c.Names = []string{"shop.example.com"} })},
	{name: "certificate that ends", codes: []string{checks.CertificateExpires}, fits: secure, spoil: certificate(func(w *world, c *sim.Certificate) { c.Until = w.sim.Clock().Now().Add(45 * time.Minute) })},
	{name: "certificate unseen, and of another name", codes: []string{checks.CertificateUnseen}, fits: secure, spoil: func(w *world) error {
		return errors.Join(
			certificate(func(_ *world, c *sim.Certificate) { c.Names = []string{"shop.example.com"} })(w),
			faults("error=acm:DescribeCertificate:AccessDeniedException:99")(w),
		)
	}},
	{
		name: "certificate that ACM does not renew", codes: []string{checks.CertificateUnused}, fits: requests, spoil: certificate(func(w *world, c *sim.Certificate) { c.Until = w.sim.Clock().Now().AddDate(0, 0, 50) }),
		later: func(w *world) { w.sim.Clock().Advance(50 * 24 * time.Hour) },
	},
	{name: "record of the certificate deleted", codes: []string{checks.CertificateRecord}, fits: requests, spoil: func(w *world) error {
		w.sim.ByHand(func(o *sim.Object) bool { return !strings.Contains(o.Name, "-validation-") })
		return nil
	}},
}

// record makes a record at the site's name, in place of the one that is there or beside it.
func record(instead bool, props map[string]any) func(*world) error {
	return func(w *world) error {
		c := w.peer().Config
		inputs := map[string]any{"zoneId": c.DNS.ZoneID, "name": c.Domain, "ttl": 60.0}
		w.sim.ByHand(func(o *sim.Object) bool {
			if o.Type != recordType || o.Props["zoneId"] != c.DNS.ZoneID || strings.Contains(o.Name, "-validation-") {
				return true
			}
			if instead {
				for _, prop := range []string{"type", "aliases"} {
					inputs[prop] = o.Props[prop]
				}
			}
			return !instead
		})
		for prop, value := range props {
			inputs[prop] = value
		}
		if inputs["type"] == "CNAME" {
			delete(inputs, "aliases")
			inputs["records"] = []any{w.sim.Balancers(c.Region)[0].DNSName}
		}
		_, err := w.sim.Create(context.Background(), sim.Call{Region: c.Region, Type: recordType, Name: "by hand", Inputs: inputs})
		return err
	}
}

// zone lets another zone of the same name be the one that visitors ask.
func zone(other func(*world, string)) func(*world) error {
	return func(w *world) error {
		c := w.peer().Config
		held, err := w.sim.Zone(c.DNS.ZoneID)
		if err != nil {
			return err
		}
		w.sim.AddZone("ZPUBLIC", held.Name)
		w.sim.SetRecord(c.Region, "ZPUBLIC", c.Domain, w.sim.Balancers(c.Region)[0].DNSName)
		other(w, c.DNS.ZoneID)
		return nil
	}
}

func certificate(change func(*world, *sim.Certificate)) func(*world) error {
	return func(w *world) error {
		c := w.own().Config
		found, err := w.sim.Certificate(c.Region, w.certificate())
		change(w, &found)
		w.sim.AddCertificate(found)
		return err
	}
}

func routed(c config.Config) bool { return c.DNS.ZoneID != "" }
func secure(c config.Config) bool { return c.App.HTTPS() }

func requests(c config.Config) bool { return c.App.RequestsCertificate() }
