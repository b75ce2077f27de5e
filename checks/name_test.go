package checks

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestName(t *testing.T) {
	t.Parallel()
	simple := Record{Name: "www.example.com", Type: "A", Target: "blog-prod.us-west-2.elb.amazonaws.com"}
	with := func(records ...Record) func(*Name, *Policy) {
		return func(n *Name, _ *Policy) { n.Records = append(n.Records, records...) }
	}
	only := func(records ...Record) func(*Name, *Policy) {
		return func(n *Name, _ *Policy) { n.Records = records }
	}
	further := func(records ...Record) func(*Name, *Policy) {
		return func(n *Name, p *Policy) {
			n.Records, p.Names, p.Epoch = append(n.Records, records...), append(slices.Clone(p.Names), "example.com"), 1
			n.Records[0].Target = "www.example.com" // it is ours
		}
	}
	for name, tc := range map[string]struct {
		spoil func(*Name, *Policy)
		codes []string
		says  string
	}{
		"clear":                  {func(*Name, *Policy) {}, nil, ""},
		"no record yet":          {only(), nil, ""},
		"mail goes elsewhere":    {with(Record{Type: "MX"}, Record{Type: "TXT"}), nil, ""},
		"a CNAME":                {only(Record{Type: "CNAME", Target: "lb.example.net"}), []string{NameCNAME}, "an A record that is an alias to lb.example.net"},
		"IPv6 too":               {with(Record{Type: "AAAA", Target: "2001:db8::1"}), []string{NameAAAA}, "visitors with IPv6 would stay"},
		"weighted":               {only(Record{Type: "A", Routed: "weighted", Target: "a"}, Record{Type: "A", Routed: "weighted", Target: "b"}), []string{NameRouted}, "has weighted records"},
		"no such zone":           {func(n *Name, _ *Policy) { n.Zone = "" }, []string{NameZone}, "Route 53 has no zone Z1"},
		"another zone":           {func(n *Name, _ *Policy) { n.Zone = "ample.com" }, []string{NameZone}, "which does not hold www.example.com"},
		"a private zone":         {func(n *Name, _ *Policy) { n.Private = true }, []string{NamePrivate}, "visitors never ask it"},
		"delegated elsewhere":    {func(n *Name, _ *Policy) { n.Delegated = []string{"ns.registrar.net"} }, []string{NameDelegated}, "the name servers of example.com are ns.registrar.net"},
		"delegation not seen":    {func(n *Name, _ *Policy) { n.Delegated = nil }, nil, ""},
		"not delegated at first": {func(n *Name, p *Policy) { n.Delegated, n.Records, p.Epoch = []string{"ns.registrar.net"}, nil, 1 }, nil, ""},
		"taken at first":         {func(_ *Name, p *Policy) { p.Epoch = 1 }, []string{NameTaken}, "set dns.takeOver to true"},
		"taken over at first":    {func(_ *Name, p *Policy) { p.Epoch, p.TakeOver = 1, true }, nil, ""},
		"a further name":         {further(Record{Name: "example.com", Type: "A", Target: "www.example.com"}), nil, ""},
		"a further name, taken":  {further(Record{Name: "example.com", Type: "A", Target: "192.0.2.1"}), []string{NameTaken}, "example.com leads to 192.0.2.1 already"},
		"a further CNAME":        {further(Record{Name: "blog.example.com", Type: "CNAME", Target: "a.net"}), []string{NameCNAME}, "blog.example.com is a CNAME to a.net"},
		"a name of another zone": {func(_ *Name, p *Policy) { p.Names = append(slices.Clone(p.Names), "example.net") }, []string{CertificateName, NameZone}, "which does not hold example.net"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := &Name{ZoneID: "Z1", Zone: "example.com", Records: []Record{simple}, Servers: []string{"ns-1.awsdns-01.com"}, Delegated: []string{"ns-1.awsdns-01.com"}}
			p := policy
			tc.spoil(n, &p)
			var codes []string
			var text string
			found := Activation.Blockers(Snapshot{At: noon, Name: n, Replica: productionLost().Replica, Image: productionLost().Image, Certificate: productionLost().Certificate}, p)
			for _, b := range append(found, Astray(n, p)...) {
				codes = append(codes, b.Code)
				text += b.String()
				assert.NotEmpty(t, b.Remedy)
			}
			assert.Equal(t, tc.codes, codes)
			assert.Contains(t, text, tc.says)
			assert.Equal(t, slices.Contains([]string{"IPv6 too", "delegated elsewhere"}, name), len(Astray(n, p)) > 0, "the others are refused on the night, too")
		})
	}
}
