package failover

// Again is the runtime of another process, which knows nothing of what this one asked for.
func (r *Runtime) Again() *Runtime { return New(r.env, r.Site) }
