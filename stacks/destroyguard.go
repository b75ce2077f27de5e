package stacks

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/state"
)

// trackResources collects what the program registers from here on, for the destroy guard and the inventory.
func (s *site) trackResources() error {
	return s.RegisterStackTransformation(func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
		if custom, ok := args.Resource.(pulumi.CustomResource); ok {
			s.resources = append(s.resources, custom)
			if strings.HasPrefix(args.Type, "aws:") {
				s.awsResources = append(s.awsResources, awsResource{args.Type, args.Name, custom})
			}
		}
		return nil
	})
}

// destroyGuard keeps a destroy from taking half of the stack. A plain destroy
// deletes all that it may before it fails on what is protected; but what
// something protected depends on has to wait for it, and this depends on
// everything. teardown in the configuration, which names the site, lifts it.
func (s *site) destroyGuard() error {
	if s.tearingDown() {
		records := "the record of " + s.cfg.Domain
		if s.cfg.App.RequestsCertificate() {
			records += ", and those that validate its certificate, by which ACM renews the other side's too"
		}
		s.inform("pulumi destroy will now end this stack. It keeps the media bucket, the KMS key, automated backups, " +
			"a final snapshot of each database that was ever active, and " + records)
	}
	// It comes last, so its value tells that everything the claim asks for is done.
	_, err := state.Stash(s.Context, state.DestroyGuard, state.JSON(s.plan.Claim.Serial), pulumi.DependsOn(s.resources), pulumi.Protect(!s.tearingDown()))
	return err
}
