package failover

import (
	"context"
	"slices"

	"github.com/pilotlight-dr/pilotlight/checks"
)

// MissingServiceRoles are those of AWS's own roles that the account lacks. It asks IAM, which may be in
// the region that is lost: no failover asks this.
func (r *Runtime) MissingServiceRoles(ctx context.Context, needed []checks.ServiceRole) (missing []checks.ServiceRole, err error) {
	cfg, err := r.aws(ctx)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(needed))
	for i, role := range needed {
		names[i] = role.Name
	}
	there, err := partKinds["iam role"].there(ctx, cfg, names)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(needed), func(role checks.ServiceRole) bool { return slices.Contains(there, role.Name) }), nil
}
