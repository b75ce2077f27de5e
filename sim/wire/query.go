package wire

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pilotlight-dr/pilotlight/sim"
)

// input is a call's parameters: a form in the query protocols, a map in JSON, the
// request itself in REST.
type input struct {
	form url.Values
	json map[string]any
	rest rest
}

func (in input) text(name string) string { return in.form.Get(name) }

// list reads Name.1, Name.2 …
func (in input) list(name string) []string {
	var all []string
	for i := 1; in.form.Has(name + "." + strconv.Itoa(i)); i++ {
		all = append(all, in.form.Get(name+"."+strconv.Itoa(i)))
	}
	return all
}

// filters reads the values of EC2's filters by their names.
func (in input) filters() map[string][]string {
	all := map[string][]string{}
	for i := 1; in.form.Has(fmt.Sprintf("Filter.%d.Name", i)); i++ {
		all[in.form.Get(fmt.Sprintf("Filter.%d.Name", i))] = in.list(fmt.Sprintf("Filter.%d.Value", i))
	}
	return all
}

// tooManyFilterValues is how EC2 refuses a call with more than 200 values in all its filters; nil for others
// (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html, FilterLimitExceeded).
func (in input) tooManyFilterValues() error {
	count := 0
	for _, values := range in.filters() {
		count += len(values)
	}
	if count <= 200 {
		return nil
	}
	return &sim.Error{Status: http.StatusBadRequest, Code: "FilterLimitExceeded", Message: "The maximum number of filter values specified on a single call is 200"}
}

// tagFilters reads filters by tags; an empty value stands for any. others are filters of another kind.
func (in input) tagFilters() (tags map[string]string, others []string) {
	tags = map[string]string{}
	for name, values := range in.filters() {
		switch key, byTag := strings.CutPrefix(name, "tag:"); {
		case byTag && len(values) == 1:
			tags[key] = values[0]
		case name == "tag-key" && len(values) == 1:
			tags[values[0]] = ""
		default:
			others = append(others, name)
		}
	}
	return tags, others
}

// tagSpecifications reads the tags that a call gives to what it makes, by its kind.
func (in input) tagSpecifications() map[string]map[string]string {
	all := map[string]map[string]string{}
	for i := 1; in.form.Has(fmt.Sprintf("TagSpecification.%d.ResourceType", i)); i++ {
		all[in.form.Get(fmt.Sprintf("TagSpecification.%d.ResourceType", i))] = in.tags(fmt.Sprintf("TagSpecification.%d.Tag", i))
	}
	return all
}

// tags reads Name.1.Key, Name.1.Value, Name.2.Key …
func (in input) tags(name string) map[string]string {
	tags := map[string]string{}
	for i := 1; in.form.Has(fmt.Sprintf("%s.%d.Key", name, i)); i++ {
		tags[in.form.Get(fmt.Sprintf("%s.%d.Key", name, i))] = in.form.Get(fmt.Sprintf("%s.%d.Value", name, i))
	}
	return tags
}

// instanceTypes reads the values of EC2's filter of that name.
func (in input) instanceTypes() []string {
	for i := 1; in.form.Has(fmt.Sprintf("Filter.%d.Name", i)); i++ {
		if in.form.Get(fmt.Sprintf("Filter.%d.Name", i)) == "instance-type" {
			return in.list(fmt.Sprintf("Filter.%d.Value", i))
		}
	}
	return nil
}

// members reads Name.member.1, Name.member.2 …
func (in input) members(name string) []string { return in.list(name + ".member") }

// structs are what the parameters of a list's structures begin with: Name.member.1., Name.member.2. …
func (in input) structs(name string) (prefixes []string) {
	for i := 1; ; i++ {
		prefix := fmt.Sprintf("%s.member.%d.", name, i)
		begins := func(parameter string) bool { return strings.HasPrefix(parameter, prefix) }
		if !slices.ContainsFunc(slices.Collect(maps.Keys(in.form)), begins) {
			return prefixes
		}
		prefixes = append(prefixes, prefix)
	}
}

// only refuses parameters that an operation doesn't look at: it must not
// pretend that it did.
func (in input) only(known ...string) error {
	ok := map[string]bool{"Action": true, "Version": true}
	for _, name := range known {
		ok[name] = true
	}
	for name := range in.form {
		if !ok[name] {
			return unmodelled("parameter %s of %s is not modelled by the simulator", name, in.form.Get("Action"))
		}
	}
	return nil
}

// queryProtocol is awsQuery: a form in, XML out.
func queryProtocol(namespace string) protocol {
	return protocol{
		decode: decodeForm, contentType: "text/xml",
		encode: func(operation string, result any, requestID string) ([]byte, error) {
			return wrapXML(operation+"Response", namespace, func(e *xml.Encoder) error {
				if err := e.EncodeElement(result, element(operation+"Result")); err != nil {
					return err
				}
				return e.EncodeElement(struct{ RequestId string }{requestID}, element("ResponseMetadata"))
			})
		},
		encodeError: func(e *sim.Error) ([]byte, http.Header) {
			kind := "Sender"
			if e.Status >= http.StatusInternalServerError {
				kind = "Receiver"
			}
			return mustXML(struct {
				XMLName   xml.Name `xml:"ErrorResponse"`
				Type      string   `xml:"Error>Type"`
				Code      string   `xml:"Error>Code"`
				Message   string   `xml:"Error>Message"`
				RequestID string   `xml:"RequestId"`
			}{Type: kind, Code: e.Code, Message: e.Message, RequestID: e.RequestID}), nil
		},
	}
}

// ec2Protocol is ec2Query: the result's members stand in the response itself.
var ec2Protocol = protocol{
	decode: decodeForm, contentType: "text/xml",
	encode: func(operation string, result any, requestID string) ([]byte, error) {
		return wrapXML(operation+"Response", "http://ec2.amazonaws.com/doc/2016-11-15/", func(e *xml.Encoder) error {
			if err := e.EncodeElement(requestID, element("requestId")); err != nil {
				return err
			}
			return e.Encode(result)
		})
	},
	encodeError: func(e *sim.Error) ([]byte, http.Header) {
		return mustXML(struct {
			XMLName   xml.Name `xml:"Response"`
			Code      string   `xml:"Errors>Error>Code"`
			Message   string   `xml:"Errors>Error>Message"`
			RequestID string
		}{Code: e.Code, Message: e.Message, RequestID: e.RequestID}), nil
	},
}

func decodeForm(_ *http.Request, body []byte) (string, input, error) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return "", input{}, fmt.Errorf("reading a form: %w", err)
	}
	return form.Get("Action"), input{form: form}, nil
}

func element(name string) xml.StartElement {
	return xml.StartElement{Name: xml.Name{Local: name}}
}

func wrapXML(name, namespace string, content func(*xml.Encoder) error) ([]byte, error) {
	var out bytes.Buffer
	e := xml.NewEncoder(&out)
	start := element(name)
	start.Attr = []xml.Attr{{Name: xml.Name{Local: "xmlns"}, Value: namespace}}
	if err := e.EncodeToken(start); err != nil {
		return nil, err
	}
	if err := content(e); err != nil {
		return nil, err
	}
	if err := e.EncodeToken(start.End()); err != nil {
		return nil, err
	}
	err := e.Close()
	return out.Bytes(), err
}

func mustXML(v any) []byte {
	text, err := xml.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("an error is plain data, yet: %v", err))
	}
	return text
}
