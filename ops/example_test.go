package ops_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// A tool looks after a site: it deploys both sides, finds out whether a failover could
// be done, is refused one while production lives, and does it once that is lost. All
// of it works on simulated AWS here; with only Dir in the options it works on the real one.
func Example() {
	ctx := context.Background()
	stage, err := scenario.Open(staged.Options())
	if err != nil {
		log.Fatal(err)
	}
	defer stage.Close()

	site, err := ops.OpenSite(stage.Options(stage.Env()))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := site.Deploy(ctx, ops.Run{}); err != nil {
		log.Fatal(err)
	}
	stage.World.Clock().Advance(time.Hour)

	ready, err := site.Check(ctx, ops.ForFailover, "", ops.Run{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("ready:", ready.Err() == nil)

	plan, err := site.PlanFailover(ctx, ops.Accepted{}, ops.Run{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("it would touch %d resources, and take %s\n", len(plan.Resources), plan.Estimate.Takes)

	_, err = site.Failover(ctx, ops.Accepted{}, ops.Run{})
	if refused, ok := errors.AsType[*ops.RefusedError](err); ok {
		fmt.Println("refused for stack", refused.Stack)
	}

	stage.World.LoseRegion("us-west-2", sim.Hang)
	stage.World.Clock().Advance(15 * time.Minute)
	outcome, err := site.Failover(ctx, ops.Accepted{}, ops.Run{
		Confirm: func(status ops.Status, changes []ops.Change) error {
			fmt.Println("approve:", changes[0])
			return nil // or an error, and nothing is changed
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(outcome.Reports[0].Outcome, "and then:", outcome.Next[len(outcome.Next)-1])

	status, err := site.Status(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("active:", status.Active, "at epoch", status.Epoch)

	// Output:
	// ready: true
	// it would touch 23 resources, and take 6 to 17 min
	// refused for stack dr
	// approve: pulumi up -s dr -c role=active
	// done and then: pilotlight reprotect, once its region is back
	// active: dr at epoch 2
}
