package readiness

import (
	"maps"
	"math/rand/v2"
	"time"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/stacks"
)

// sizes are what changes nothing of the graph of a failover: limits, and how large the parts of a site are.
type sizes struct {
	limits              config.FailoverLimits
	least, most, served int    // instances, and with how many production served at its last update
	nodes               int    // of Redis
	class               string // of both databases
	storage, ceiling    int    // GiB that they have, and up to where that grows by itself
	backupDays          int
	secondZone          time.Duration // after which a failover adds it
}

// drawSizes draws what is valid, and what AWS usually takes no longer than.
func drawSizes(random *rand.Rand) *sizes {
	minutes := func(of ...int) config.Duration {
		return config.Duration(time.Duration(one(random, of...)) * time.Minute)
	}
	s := &sizes{
		limits: config.FailoverLimits{
			Probe: random.IntN(4) > 0, RequireCache: random.IntN(3) == 0,
			MaxLag: minutes(1, 2, 5, 10, 15), LagWindow: minutes(30, 2*60, 6*60), MaxImageAge: minutes(24*60, 7*24*60, 90*24*60),
			Promote: minutes(30, 45, 2*60), Healthy: minutes(10, 20, 60), DNS: minutes(5, 15, 60),
		},
		least: 1 + random.IntN(4), served: 1 + random.IntN(8), nodes: 2 + random.IntN(3),
		class: one(random, "db.m6g.large", "db.m6g.xlarge", "db.r6g.large"), storage: one(random, 20, 100, 399, 400, 3000), backupDays: one(random, 1, 7, 35),
		secondZone: one(random, 0, 5*time.Minute, 10*time.Minute),
	}
	s.most = s.least + random.IntN(5)
	s.ceiling = s.storage * one(random, 2, 4, 10)
	return s
}

func one[T any](random *rand.Rand, of ...T) T { return of[random.IntN(len(of))] }

// in is a configuration with these sizes.
func (s *sizes) in(c config.Config) config.Config {
	if s == nil {
		return c
	}
	c.Failover, c.App.Min, c.App.Max, c.Cache.Nodes = s.limits, s.least, s.most, s.nodes
	c.Database.Class, c.Database.StorageGiB, c.Database.MaxStorageGiB, c.Database.BackupDays = s.class, s.storage, s.ceiling, s.backupDays
	c.Database.MultiAZDelay = config.Duration(s.secondZone)
	return c
}

// resize gives a site the sizes: as if both files had had them when it was deployed.
func (w *world) resize(s *sizes) {
	if w.sizes = s; s == nil {
		return
	}
	for i := range w.sides {
		w.sides[i].Config = s.in(w.sides[i].Config)
	}
	w.peer().State.Published.Instances = s.served
	w.sim.ByHand(func(o *sim.Object) bool {
		if o.Type == databaseType {
			s.database(o.Props)
		}
		return true
	})
}

// database puts what is drawn of a database in place of what a reference has.
func (s *sizes) database(props map[string]any) {
	for name, value := range map[string]any{
		"instanceClass": s.class, "allocatedStorage": float64(s.storage), "maxAllocatedStorage": float64(s.ceiling), "backupRetentionPeriod": float64(s.backupDays),
	} {
		if _, given := props[name]; given {
			props[name] = value
		}
	}
}

// start is how many instances a failover starts (stacks, chooseStart): no check of these worlds is published.
func (w *world) start() int {
	return w.own().Config.App.Start(stacks.Lately(w.own().State, w.peer().State))
}

// asked is a call of the reference as the world's configuration has it.
func (w *world) asked(call sim.Call) sim.Call {
	c := w.own().Config
	call.Inputs, call.Old = maps.Clone(call.Inputs), maps.Clone(call.Old)
	switch call.Type {
	case databaseType:
		if w.sizes != nil {
			w.sizes.database(call.Inputs)
			w.sizes.database(call.Old)
		}
		call.Inputs["engineVersion"], call.Inputs["instanceClass"] = c.Database.EngineVersion, c.Database.Class
	case scalingType:
		call.Inputs["minSize"], call.Inputs["maxSize"] = float64(w.start()), float64(c.App.Max)
	case cacheType:
		call.Inputs["numCacheClusters"] = float64(c.Cache.Nodes)
	}
	return call
}

const scalingType = "aws:autoscaling/group:Group"
