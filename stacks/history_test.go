package stacks

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// history is two stacks whose updates run at any time, side by side too, and may
// be killed at any point: an update reads both claims, later saves its own, later
// reads the peer's again, and only then touches a database.
type history struct {
	claims  [2]Claim
	running [2]*update
	// promoted are the epochs at which a database was made the site's, by stack.
	promoted [2][]int
	// once are the generations that were ever active, by stack; ended those whose end was asked for.
	once, ended [2][]int
	log         []string
}

// update is one run of the program on one stack.
type update struct {
	plan  Plan
	saved bool
}

// step lets one thing happen on stack i.
func (h *history) step(r *rand.Rand, i int) {
	switch u := h.running[i]; {
	case u == nil:
		want := []Role{Active, Standby}[r.IntN(2)]
		plan := Decide(want, h.claims[i], h.claims[1-i])
		if r.IntN(6) == 0 {
			plan = End(plan, 1+r.IntN(3))
		}
		h.note("%d wants %s: %s %s", i, want, plan.Do, plan.Why)
		if plan.Do != Refuse {
			h.running[i] = &update{plan: plan}
		}
	case r.IntN(5) == 0:
		h.note("%d is killed", i)
		h.running[i] = nil
	case !u.saved:
		h.end(i, u.plan.Claim)
		h.claims[i], u.saved = u.plan.Claim, true
		h.note("%d saves %+v", i, u.plan.Claim)
	default:
		if u.plan.Claim.Role == Active && Decide(Active, h.claims[i], h.claims[1-i]).Do == Keep {
			h.promoted[i] = append(h.promoted[i], u.plan.Claim.Epoch)
			h.once[i] = append(h.once[i], u.plan.Claim.Generation.Number)
			h.note("%d acts at epoch %d", i, u.plan.Claim.Epoch)
		}
		h.running[i] = nil
	}
}

// end notes the generations that leave a claim. Only one that was readied for it may.
func (h *history) end(i int, next Claim) {
	for _, old := range h.claims[i].Retired {
		if old.Ending && !slices.ContainsFunc(next.Retired, func(g Generation) bool { return g.Number == old.Number }) {
			h.ended[i] = append(h.ended[i], old.Number)
		}
	}
}

func (h *history) note(format string, args ...any) {
	h.log = append(h.log, fmt.Sprintf(format, args...))
}

// TestHistories runs ten thousand histories and holds after each step that there
// are never two stacks that may act as active, that no epoch is acted at by both,
// and that no database that was ever active is lost without having been ended.
func TestHistories(t *testing.T) {
	t.Parallel()
	acted := 0
	for seed := range uint64(10_000) {
		r := rand.New(rand.NewPCG(seed, 0))
		h := &history{}
		for range 60 {
			h.step(r, r.IntN(2))
			mayAct := func(i int) bool {
				return h.claims[i].Role == Active && Decide(Active, h.claims[i], h.claims[1-i]).Do == Keep
			}
			require.False(t, mayAct(0) && mayAct(1), "seed %d: two actives\n%v", seed, h.log)
			for i := range h.claims {
				for _, number := range h.once[i] {
					c := h.claims[i]
					held := c.Generation.Number == number || slices.Contains(h.ended[i], number) ||
						slices.ContainsFunc(c.Retired, func(g Generation) bool { return g.Number == number })
					require.True(t, held, "seed %d: generation %d of stack %d is lost\n%v", seed, number, i, h.log)
				}
			}
		}
		for _, epoch := range h.promoted[0] {
			require.NotContains(t, h.promoted[1], epoch, "seed %d: one epoch, two databases\n%v", seed, h.log)
		}
		acted += len(h.promoted[0]) + len(h.promoted[1])
	}
	require.Greater(t, acted, 10_000, "the histories are about something")
}
