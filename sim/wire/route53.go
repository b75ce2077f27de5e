package wire

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"

	"github.com/pilotlight-dr/pilotlight/sim"
)

// route53Protocol is restXml. The zone is in the path.
var route53Protocol = protocol{
	contentType: "text/xml",
	decode: func(req *http.Request, _ []byte) (string, input, error) {
		zone, what, _ := strings.Cut(strings.TrimPrefix(req.URL.Path, "/2013-04-01/hostedzone/"), "/")
		form := url.Values{"zone": {zone}, "name": {req.URL.Query().Get("name")}}
		switch {
		case req.Method == http.MethodGet && what == "":
			return "GetHostedZone", input{form: form}, nil
		case req.Method == http.MethodGet && what == "rrset":
			return "ListResourceRecordSets", input{form: form}, nil
		}
		return req.Method + " " + req.URL.Path, input{form: form}, nil
	},
	encode: func(_ string, result any, _ string) ([]byte, error) { return xml.Marshal(result) },
	encodeError: func(e *sim.Error) ([]byte, http.Header) {
		return mustXML(struct {
			XMLName   xml.Name `xml:"ErrorResponse"`
			Code      string   `xml:"Error>Code"`
			Message   string   `xml:"Error>Message"`
			RequestID string   `xml:"RequestId"`
		}{Code: e.Code, Message: e.Message, RequestID: e.RequestID}), nil
	},
}

func zone(in input) string { return in.form.Get("zone") }

var route53Operations = map[string]operation{
	"GetHostedZone": {zone, func(r request) (any, error) {
		z, err := r.world.Zone(zone(r.in))
		out := zoneXML{ID: "/hostedzone/" + z.ID, Name: z.Name + ".", Private: z.Private, Servers: z.Servers}
		return out, err
	}},
	"ListResourceRecordSets": {zone, func(r request) (any, error) {
		sets, err := r.world.RecordsFrom(zone(r.in), r.in.form.Get("name"))
		var out recordsXML
		for _, s := range sets {
			x := recordXML{Name: s.Name + ".", Type: s.Type, SetIdentifier: s.SetIdentifier, Weight: s.Weight}
			if s.Alias != "" {
				x.Alias = &aliasXML{DNSName: s.Alias + "."}
			}
			for _, value := range s.Values {
				x.Values = append(x.Values, valueXML{value})
			}
			out.Sets = append(out.Sets, x)
		}
		return out, err
	}},
}

type zoneXML struct {
	XMLName xml.Name `xml:"GetHostedZoneResponse"`
	ID      string   `xml:"HostedZone>Id"`
	Name    string   `xml:"HostedZone>Name"`
	Private bool     `xml:"HostedZone>Config>PrivateZone"`
	Servers []string `xml:"DelegationSet>NameServers>NameServer"`
}

type recordsXML struct {
	XMLName xml.Name    `xml:"ListResourceRecordSetsResponse"`
	Sets    []recordXML `xml:"ResourceRecordSets>ResourceRecordSet"`
}

type recordXML struct {
	Name, Type    string
	SetIdentifier string     `xml:",omitempty"`
	Weight        *int       `xml:",omitempty"`
	Values        []valueXML `xml:"ResourceRecords>ResourceRecord,omitempty"`
	Alias         *aliasXML  `xml:"AliasTarget,omitempty"`
}

type valueXML struct{ Value string }

type aliasXML struct{ DNSName string }
