package checks

import (
	"cmp"
	"fmt"
	"strings"
)

// Planned is what a change would do to one resource of AWS, as its preview says.
type Planned struct {
	Op   string `json:"op"` // as the engine words it: create, update, delete, replace …
	Type string `json:"type"`
	Name string `json:"name"`
}

// String is the resource and what is done to it, in a few words.
func (p Planned) String() string { return fmt.Sprintf("%s %s %s", p.Op, p.kind(), p.Name) }

// kind is the type without its module.
func (p Planned) kind() string { return p.Type[strings.LastIndex(p.Type, ":")+1:] }

// creates reports whether it makes the resource.
func (p Planned) creates() bool {
	return p.Op == "create" || p.Op == "create-replacement" || p.Op == "replace"
}

// Compare orders by operation, type and name.
func (p Planned) Compare(other Planned) int {
	return cmp.Or(cmp.Compare(p.Op, other.Op), cmp.Compare(p.Type, other.Type), cmp.Compare(p.Name, other.Name))
}
