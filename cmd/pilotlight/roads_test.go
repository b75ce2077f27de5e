package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestStoryOfStorage tells of a database that outgrows its ceiling, of a replica that is full, and of a ceiling that is
// lowered too far.
func TestStoryOfStorage(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	s := &story{t: t, name: "storage", stage: stage}
	later := func(d time.Duration) { stage.World.Clock().Advance(d) }
	byHand := func(region, prop string, gib float64) {
		stage.World.ByHand(func(o *sim.Object) bool {
			if o.Type == "aws:rds/instance:Instance" && o.Region == region {
				o.Props[prop] = gib
			}
			return true
		})
	}
	later(time.Hour)

	// It grows, up to its ceiling, on both sides.
	stage.World.Grow("us-west-2", "blog-prod-1", 390)
	later(30 * time.Minute)
	s.run(3, "check")
	for _, stack := range []string{scenario.Production, scenario.Recovery} {
		staged.Rewrite(t, stage, stack, "storageGiB: ", "maxStorageGiB: 1000, storageGiB: ")
	}
	s.run(0, "deploy")
	later(30 * time.Minute)
	s.run(0, "check")

	// A replica that was kept from growing is full. It can't be promoted until it has room.
	byHand("us-east-2", "maxAllocatedStorage", 450)
	stage.World.Grow("us-west-2", "blog-prod-1", 500)
	later(30 * time.Minute)
	s.run(0, "status")
	s.run(3, "check")
	night := &story{t: t, name: "storage-lost", stage: stage}
	lost := night.moveTo(staged.Options())
	lost.World.LoseRegion("us-west-2", sim.Hang)
	lost.World.Clock().Advance(15 * time.Minute)
	night.run(4, "failover --yes")
	byHand("us-east-2", "allocatedStorage", 600) // aws rds modify-db-instance
	byHand("us-east-2", "maxAllocatedStorage", 1000)
	later(time.Hour)
	s.run(0, "check")

	// Storage never shrinks.
	for _, stack := range []string{scenario.Production, scenario.Recovery} {
		staged.Rewrite(t, stage, stack, "maxStorageGiB: 1000", "maxStorageGiB: 500")
	}
	s.run(4, "deploy")
	for _, stack := range []string{scenario.Production, scenario.Recovery} {
		staged.Rewrite(t, stage, stack, "maxStorageGiB: 500", "maxStorageGiB: 1000")
	}
	s.run(0, "deploy")

	// No file lets it grow to where RDS stripes it.
	staged.Rewrite(t, stage, scenario.Production, "storageGiB: 100", "storageGiB: 500")
	s.run(4, "deploy")
	staged.Rewrite(t, stage, scenario.Production, "storageGiB: 500", "storageGiB: 100")

	stage.World.LoseRegion("us-west-2", sim.Hang)
	later(15 * time.Minute)
	s.run(0, "failover --yes")
	assert.Equal(t, "visitors are served from us-east-2", stage.Visit())
}
