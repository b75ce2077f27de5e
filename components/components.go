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
