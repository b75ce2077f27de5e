package sim

// LackServiceRole makes the account one that never had a service-linked role, such as
// AWSServiceRoleForElastiCache. An account has all of them otherwise, as one that is in use for long.
func (w *World) LackServiceRole(name string) { w.setServiceRole(name, false) }

// HasServiceRole reports whether a role is one of AWS's own that the account has. AWS makes it with the
// first resource that needs it, in any region
// (https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/using-service-linked-roles.html).
func (w *World) HasServiceRole(name string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, k := range kinds {
		if k.role == name && name != "" {
			return !w.state.Roleless[name]
		}
	}
	return false
}

func (w *World) setServiceRole(name string, has bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if has {
		delete(w.state.Roleless, name)
		return
	}
	if w.state.Roleless == nil {
		w.state.Roleless = map[string]bool{}
	}
	w.state.Roleless[name] = true
}
