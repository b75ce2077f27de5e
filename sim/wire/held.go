package wire

import (
	"encoding/xml"
	"net/http"
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

// held answers a call of EC2 that asks which of some ids there are, by a filter.
func held(filter, set, element string, types ...string) operation {
	return operation{
		subject: func(in input) string { return strings.Join(in.list("Filter.1.Value"), ",") },
		serve: func(r request) (any, error) {
			if by := r.in.text("Filter.1.Name"); by != filter {
				return nil, unmodelled("%s by %q is not modelled by the simulator", r.operation, by)
			}
			return heldXML{set, element, r.world.Held(r.region, r.in.list("Filter.1.Value"), types...)}, nil
		},
	}
}

// orHeld is held for a call that is made in another way, too.
func orHeld(otherwise operation, filter, set, element, typ string) operation {
	by := held(filter, set, element, typ)
	choose := func(in input) operation {
		if in.text("Filter.1.Name") == filter {
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
