package stacks

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// UnderAdoption is the sentinel's value while an adoption has not come to its end.
const UnderAdoption = -1

// SentinelName is what a refused destroy shows, so it says what to do. Its value is the
// serial of the last claim for which everything was done.
const SentinelName = "destroy-needs-teardown-in-the-configuration"

// watch collects what the program registers from here on, for the sentinel.
func (s *site) watch() error {
	return s.RegisterStackTransformation(func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
		if custom, ok := args.Resource.(pulumi.CustomResource); ok {
			s.watched = append(s.watched, custom)
			if strings.HasPrefix(args.Type, "aws:") {
				s.owned = append(s.owned, owned{args.Type, args.Name, custom})
			}
		}
		return nil
	})
}

// sentinel keeps a destroy from taking half of the stack. A plain destroy
// deletes all that it may before it fails on what is protected; but what
// something protected depends on has to wait for it, and this depends on
// everything. teardown in the configuration, which names the site, lifts it.
func (s *site) sentinel() error {
	if s.tearingDown() {
		if err := s.Log.Info(fmt.Sprintf("pulumi destroy will now end this stack. It keeps the media bucket, the KMS key, automated backups, "+
			"a last snapshot of each database that was ever active, and the record of %s", s.cfg.Domain), nil); err != nil {
			return err
		}
	}
	// It comes last, so its value tells that everything the claim asks for is done.
	_, err := stash(s.Context, SentinelName, jsonString(s.plan.Claim.Serial), pulumi.DependsOn(s.watched), pulumi.Protect(!s.tearingDown()))
	return err
}

func (s *site) tearingDown() bool { return s.cfg.Teardown == s.cfg.Site }

// mayTearDown refuses to ready a stack for its end while the peer replicates its
// database: RDS would promote that replica when its source goes.
func mayTearDown(own, peer Claim) error {
	if own.Leads() && peer.Role == Standby {
		return refused(CodeClaims, "the peer replicates this stack's database: destroy the peer first (teardown, then pulumi destroy), then this one")
	}
	return nil
}
