// The Pulumi program of both stacks: prod and dr.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/stacks"
)

func main() { pulumi.Run(stacks.Program) }
