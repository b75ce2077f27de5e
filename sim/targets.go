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
