package provider

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Types lists the types of the table.
func Types() []string { return slices.Sorted(maps.Keys(schema.Resources)) }

// Mistyped lists outputs that are not of the type that the table gives them, or
// missing though the provider always shows them; objects may be.
func Mistyped(typ string, outputs resource.PropertyMap) []string {
	s := schema.Resources[typ]
	all := maps.Clone(s.Outputs)
	maps.Copy(all, s.Inputs)
	always := slices.DeleteFunc(slices.Clone(s.Computed), func(name string) bool { return all[name].shape()[0] == '@' })
	c := &checker{resource: typ}
	c.object("", all, always, outputs)
	var reasons []string
	for _, f := range c.failures {
		reasons = append(reasons, f.Reason)
	}
	return reasons
}
