package sim

import "slices"

// TargetGroups lists the ARNs of the target groups that a balancer's listeners forward to.
func (w *World) TargetGroups(region, balancer string) (arns []string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.find(balancerType, region, balancer) == nil {
		return nil, refuse("LoadBalancerNotFound", "One or more load balancers not found")
	}
	for _, listener := range w.all(listenerType, region) {
		actions, _ := listener.Props["defaultActions"].([]any)
		for _, action := range actions {
			if arn := textAt(action, "targetGroupArn"); listener.text("loadBalancerArn") == balancer && arn != "" && !slices.Contains(arns, arn) {
				arns = append(arns, arn)
			}
		}
	}
	return arns, nil
}

// A TargetGroup is one as DescribeTargetGroups shows it.
type TargetGroup struct {
	ARN, Name string
	Balancers []string // that forward to it, by ARN
}

// AllTargetGroups describes a region's target groups.
func (w *World) AllTargetGroups(region string) (all []TargetGroup) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, o := range w.all(targetsType, region) {
		g := TargetGroup{ARN: o.ID, Name: o.text("name")}
		for _, listener := range w.all(listenerType, region) {
			if slices.Contains(textsAt(listener.Props, "defaultActions.targetGroupArn"), o.ID) {
				g.Balancers = append(g.Balancers, listener.text("loadBalancerArn"))
			}
		}
		slices.Sort(g.Balancers)
		g.Balancers = slices.Compact(g.Balancers)
		all = append(all, g)
	}
	return all
}

// DeleteTargetGroup is the call of that name.
func (w *World) DeleteTargetGroup(region, arn string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.find(targetsType, region, arn)
	if o == nil {
		return noTargets(arn)
	}
	if user := w.user(o); user != nil {
		return refuse("ResourceInUse", "Target group '%s' is currently in use by a listener or a rule", arn)
	}
	w.drop(o)
	return nil
}

// A Target is an instance behind a balancer, as DescribeTargetHealth shows it.
type Target struct {
	ID      string
	Healthy bool
}

// Targets describes the health of a target group.
func (w *World) Targets(region, arn string) ([]Target, error) {
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.find(targetsType, region, arn) == nil {
		return nil, noTargets(arn)
	}
	var all []Target
	for _, i := range w.launched(region, arn) {
		all = append(all, Target{ID: i.name, Healthy: !now.Before(i.boot)})
	}
	return all, nil
}
