package wire

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/pilotlight-dr/pilotlight/sim"
)

// Calls that are made to find out what there is: their answers hold names, and nothing else of what they name.

// heldXML is a list of EC2's, of which an item holds an id.
type heldXML struct {
	set, element string
	ids          []string
}

// MarshalXML writes the list under the names that it has in the answer.
func (h heldXML) MarshalXML(e *xml.Encoder, _ xml.StartElement) error {
	type item struct {
		ID struct {
			XMLName xml.Name
			Text    string `xml:",chardata"`
		}
	}
	var list struct {
		XMLName xml.Name
		Items   []item `xml:"item"`
	}
	list.XMLName.Local = h.set
	for _, id := range h.ids {
		var one item
		one.ID.XMLName.Local, one.ID.Text = h.element, id
		list.Items = append(list.Items, one)
	}
	return e.Encode(list)
}

// held answers a call of EC2 that asks by ids, in the parameter of that name. As EC2 does, it finds all of
// them, or answers with the code, and names one that there is not.
func held(parameter, code, set, element string, types ...string) operation {
	return operation{
		subject: func(in input) string { return strings.Join(in.list(parameter), ",") },
		serve: func(r request) (any, error) {
			ids := r.in.list(parameter)
			if err := r.in.only(numbered(parameter, len(ids))...); err != nil {
				return nil, err
			}
			if len(ids) == 0 {
				return nil, unmodelled("%s without ids is not modelled by the simulator", r.operation)
			}
			found := r.world.Held(r.region, ids, types...)
			for _, id := range ids {
				if !slices.Contains(found, id) {
					return nil, &sim.Error{Status: http.StatusBadRequest, Code: code, Message: "The ID '" + id + "' does not exist"}
				}
			}
			return heldXML{set, element, found}, nil
		},
	}
}

// numbered are the names of a list's parameters: Name.1, Name.2 …
func numbered(parameter string, count int) []string {
	names := make([]string, count)
	for i := range names {
		names[i] = fmt.Sprintf("%s.%d", parameter, i+1)
	}
	return names
}

// orHeld is by for a call that asks by ids in a parameter, and otherwise for any other.
func orHeld(parameter string, by, otherwise operation) operation {
	choose := func(in input) operation {
		if len(in.list(parameter)) > 0 {
			return by
		}
		return otherwise
	}
	return operation{
		subject: func(in input) string { return choose(in).subject(in) },
		serve:   func(r request) (any, error) { return choose(r.in).serve(r) },
	}
}

// one answers a call about one thing, which is an error when there is none. answer is what is said of it.
func one(parameter, code, typ string, answer func(id string) any) operation {
	subject := func(in input) string { return in.text(parameter) + in.member(parameter) }
	return operation{
		subject: subject,
		serve: func(r request) (any, error) {
			id := subject(r.in)
			if len(r.world.Held(r.region, []string{id}, typ)) == 0 {
				return nil, &sim.Error{Status: http.StatusBadRequest, Code: code, Message: id + " does not exist"}
			}
			return answer(id), nil
		},
	}
}

// nothing is what is said of what need only be there.
func nothing(string) any { return struct{}{} }
