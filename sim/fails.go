package sim

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// failsAs is the state, by the call that makes it, of what AWS has accepted and failed to make: it keeps its id, is of no use and never
// becomes what was asked for (elasticache API_ReplicationGroup, Status; vpc-nat-gateways-troubleshooting, a failed gateway is
// gone after an hour; elasticloadbalancingv2 API_LoadBalancerState).
var failsAs = map[string]string{
	"elasticache:CreateReplicationGroup":      "create-failed",
	"ec2:CreateNatGateway":                    "failed",
	"elasticloadbalancing:CreateLoadBalancer": "failed",
}

// failable is an error where AWS makes at once what a call asks for.
func failable(operation string) error {
	if failsAs[operation] == "" {
		return fmt.Errorf("AWS answers by an error what it can't make; use one of %s", strings.Join(slices.Sorted(maps.Keys(failsAs)), ", "))
	}
	return nil
}

// failLater has AWS fail to make what it has accepted, at the time at which it would be ready.
func (w *World) failLater(o *Object, operation string) {
	for _, a := range w.state.Faults {
		if a.Name == "fails" && a.Operation == operation && a.Left > 0 {
			a.Left--
			a.Met++
			o.setTime("failed", o.Ready)
			return
		}
	}
}

// failed reports whether AWS has failed to make an object.
func (o *Object) failed(now time.Time) bool { return o.past("failed", now) }

// unmade is the provider's error about what AWS has failed to make: it gives up at once, but goes on waiting for a balancer
// (elbv2/load_balancer.go, waitLoadBalancerActive).
func (w *World) unmade(ctx context.Context, k *kind, c Call, o *Object, began time.Time) error {
	w.mu.Lock()
	there := w.find(o.Type, o.Region, o.ID)
	fails := there != nil && there.failed(w.clock.Now())
	w.mu.Unlock()
	if !fails {
		return nil
	}
	wait, state := waitFor(o.Type, "create", k.create), failsAs[k.service+":"+k.create]
	if o.Type != balancerType {
		return fmt.Errorf("unexpected state '%s', wanted target '%s'. last error: %%!s(<nil>)", state, wait.target)
	}
	limit := cmp.Or(c.Limit, wait.limit)
	if err := w.clock.Sleep(ctx, began.Add(limit).Sub(w.clock.Now())); err != nil {
		return err
	}
	return fmt.Errorf("timeout while waiting for state to become '%s' (last state: '%s', timeout: %s)", wait.target, state, limit)
}
