package sim

import (
	"slices"
	"strings"
)

// ProviderCalls are what the real provider asks of AWS for one type of resource, with the
// arguments that the program gives it.
type ProviderCalls struct {
	Type       string   // Pulumi's token
	Operations []string // create, update, delete, read
	Calls      []string // the API's operations, such as ec2:CreateVpc
	// When says on what the calls depend; empty for always.
	When   string
	Source string // the file below internal/service of terraform-provider-aws
}

// Calls lists what the real provider asks of AWS, by type and operation. A create and an
// update end in a read.
func Calls() []ProviderCalls {
	list := slices.Clone(calls)
	slices.SortStableFunc(list, func(a, b ProviderCalls) int { return strings.Compare(a.Type, b.Type) })
	return list
}

// Actions are what IAM must allow a caller of one of the API's operations, such as
// s3:HeadBucket: the action that the operation stands for, and those that AWS checks beside
// it. It is empty for an operation that everybody may call.
func Actions(operation string) []string {
	actions, other := actionsOf[operation]
	if !other {
		actions = operation
	}
	return strings.Fields(actions + " " + checkedBeside[operation])
}

// of are the calls of some operations on a type.
func of(typ, source string, operations []string, calls string) ProviderCalls {
	return ProviderCalls{Type: typ, Operations: operations, Calls: strings.Fields(calls), Source: source}
}

// when says on what the calls depend.
func (c ProviderCalls) when(condition string) ProviderCalls {
	c.When = condition
	return c
}

// readCalls are the API's operations by which the provider reads a resource, by type.
var readCalls = func() map[string][]string {
	all := map[string][]string{}
	for _, c := range calls {
		if slices.Contains(c.Operations, "read") && c.When == "" {
			all[c.Type] = append(all[c.Type], c.Calls...)
		}
	}
	return all
}()
