// Package components holds the building blocks of a stack as Pulumi component
// resources: a network, a database, the tier that serves the site, its media, its
// name. Each takes typed arguments and can be used alone. They know AWS, and
// nothing of roles, of the stack they are in, or of its peer.
//
// Pass the provider of the region with pulumi.Provider: every child uses it. A
// name is short and lower case, such as "blog-dr": what is made carries it, and
// with more than 20 characters the names of balancers and target groups no longer
// fit.
package components

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// named is the tag under which the console lists a resource.
func named(name string) pulumi.StringMap {
	return pulumi.StringMap{"Name": pulumi.String(name)}
}

// Types of the components whose resources may come later than the component, see Reserve.
const (
	EgressType   = "pilotlight:components:Egress"
	CacheType    = "pilotlight:components:Cache"
	BalancerType = "pilotlight:components:Balancer"
	RecordType   = "pilotlight:components:Record"
)

// Reserve registers a component of a type without its resources. Making these later then
// saves only their own checkpoints, and not two or three of the component, each of which
// takes four calls where the state lies in S3.
func Reserve(ctx *pulumi.Context, kind, name string, opts ...pulumi.ResourceOption) error {
	empty := &struct{ pulumi.ResourceState }{}
	if err := ctx.RegisterComponentResource(kind, name, empty, opts...); err != nil {
		return err
	}
	return ctx.RegisterResourceOutputs(empty, pulumi.Map{})
}

// hooked binds hooks to a resource; nil for none.
func hooked(hooks *pulumi.ResourceHookBinding) []pulumi.ResourceOption {
	if hooks == nil {
		return nil
	}
	return []pulumi.ResourceOption{pulumi.ResourceHooks(hooks)}
}
