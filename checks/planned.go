package checks

import (
	"cmp"
	"fmt"
	"strings"
)

// Planned is what a change would do to one resource of AWS, as its preview says.
type Planned struct {
	// Op is as the engine words it: create, update, delete … A replacement is two, create-replacement and delete-replaced.
	Op   string `json:"op"`
	Type string `json:"type"`
	Name string `json:"name"`
}

// String is the resource and what is done to it, in a few words.
func (p Planned) String() string { return fmt.Sprintf("%s %s %s", p.Op, p.kind(), p.Name) }

// kind is the type without its module.
func (p Planned) kind() string { return p.Type[strings.LastIndex(p.Type, ":")+1:] }

// Makes reports whether AWS makes the resource, anew or in place of another.
func (p Planned) Makes() bool { return p.Op == "create" || p.Op == "create-replacement" }

// Ends reports whether AWS deletes the resource, for good or once another stands in its place.
func (p Planned) Ends() bool { return p.Op == "delete" || p.Op == "delete-replaced" }

// Compare orders by operation, type and name.
func (p Planned) Compare(other Planned) int {
	return cmp.Or(cmp.Compare(p.Op, other.Op), cmp.Compare(p.Type, other.Type), cmp.Compare(p.Name, other.Name))
}
