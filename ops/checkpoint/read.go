package checkpoint

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// Current are the resources in a state that are not yet to be deleted, in the order in which they depend on each other.
func Current(held apitype.DeploymentV3) []apitype.ResourceV3 {
	return slices.DeleteFunc(slices.Clone(held.Resources), func(r apitype.ResourceV3) bool { return r.Delete })
}

// Held are the ids that a state holds of AWS's resources, their ARNs, and the network interfaces of NAT gateways.
// Those that were replaced, and are yet to be deleted, are among them.
func Held(saved apitype.DeploymentV3) map[string]bool {
	held := map[string]bool{}
	for _, r := range saved.Resources {
		arn, _ := r.Outputs["arn"].(string)
		networkInterface, _ := r.Outputs["networkInterfaceId"].(string)
		held[string(r.ID)], held[arn], held[networkInterface] = true, true, true
	}
	delete(held, "")
	return held
}

// PendingCreations are the resources that a killed update had asked for.
func PendingCreations(held apitype.DeploymentV3) (asked []apitype.ResourceV3) {
	for _, o := range held.PendingOperations {
		if o.Type == apitype.OperationTypeCreating {
			asked = append(asked, o.Resource)
		}
	}
	return asked
}

// LeftUndone are the URNs of the resources in a state whose creation or change
// failed after AWS was asked.
func LeftUndone(held apitype.DeploymentV3) (urns []string) {
	for _, r := range Current(held) {
		if r.Custom && len(r.InitErrors) > 0 {
			urns = append(urns, string(r.URN))
		}
	}
	return urns
}

// OnAWS reports whether a resource is one of AWS's.
func OnAWS(r apitype.ResourceV3) bool { return strings.HasPrefix(string(r.Type), "aws:") }

// Described is the kind of a resource and its name in the program.
func Described(r apitype.ResourceV3) string { return KindOf(r) + " " + r.URN.Name() }

// KindOf is the last part of a resource's type, such as Instance.
func KindOf(r apitype.ResourceV3) string {
	return string(r.Type[strings.LastIndex(string(r.Type), ":")+1:])
}

// IDByInputs is what some inputs, named with colons between them, make up; empty where one is not known.
func IDByInputs(r apitype.ResourceV3, inputs string) string {
	var all []string
	for input := range strings.SplitSeq(inputs, ":") {
		text, _ := r.Inputs[input].(string)
		if text == "" {
			return ""
		}
		all = append(all, text)
	}
	return strings.Join(all, ":")
}
