package roles

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// history is two stacks whose updates run at any time, side by side too, and may
// be killed at any point: an update reads both claims, later saves its own, later
// reads the peer's again, only then touches a database, and moves the site's name
// last of all.
type history struct {
	claims  [2]Claim
	running [2]*update
	// promoted are the epochs at which a database was made the site's, by stack.
	promoted [2][]int
	// once are the generations that were ever active, by stack; ended those whose end was
	// asked for; named those that the site's name ever led to.
	once, ended, named [2][]int
	// open reports that a stack's database takes writes, as far as the program sees to it.
	open [2]bool
	// lost are the stacks whose region is lost: their claims can be read and saved all the same.
	lost [2]bool
	// name is the stack that the site's name points to, and dns the epoch at which it was moved there.
	name, dns int
	previews  int
	taken     int // how often the site was taken back from a lost peer
	rebuilt   int // how often a standby was to replace its replica
	acted     map[Action]int
	log       []event
}

// update is one run of the program on one stack.
type update struct {
	plan  Plan
	saved bool
	acted bool
}

// step lets one thing happen on stack i, and says what must never be.
func (h *history) step(t *testing.T, r *rand.Rand, i int) {
	switch u := h.running[i]; {
	case h.lost[i] && r.IntN(6) == 0, !h.lost[i] && r.IntN(40) == 0:
		h.lost[i] = !h.lost[i]
		h.note("the region of %d is lost: %t", i, h.lost[i])
	case u == nil && r.IntN(8) == 0:
		h.preview(t, r, i)
	case u == nil:
		h.begin(r, i)
	case r.IntN(5) == 0:
		h.note("%d is killed", i)
		h.running[i] = nil
	case h.lost[i] && (u.saved || slices.Contains([]Action{Activate, Abort, Unprotect}, u.plan.Do)): // these are checked before they claim
		h.note("%d fails: nothing answers in its region", i)
		h.running[i] = nil
	case !u.saved && u.plan.Do == Abort && h.name == i: // as is checked before
		h.note("%d does not give up: DNS points here", i)
		h.running[i] = nil
	case !u.saved:
		h.end(i, u.plan.Claim)
		h.claims[i], u.saved = u.plan.Claim, true
		h.note("%d saves %s %+v", i, u.plan.Do, u.plan.Claim)
	case !u.acted:
		if h.act(t, i, u.plan) {
			u.acted = true
		} else {
			h.running[i] = nil
		}
	default:
		h.finish(t, r, i)
		h.running[i] = nil
	}
}

// preview asks what an update would do, and holds that asking changes nothing.
func (h *history) preview(t *testing.T, r *rand.Rand, i int) {
	before := fmt.Sprintf("%+v", h.claims)
	running := h.running
	h.begin(r, i)
	h.running = running
	require.Equal(t, before, fmt.Sprintf("%+v", h.claims), "a preview changes a claim\n%v", h.log)
	h.previews++
}

// begin starts an update that somebody, or a job with an old file, asks for.
func (h *history) begin(r *rand.Rand, i int) {
	want := []Role{Active, Frozen, Standby}[r.IntN(3)]
	plan := Decide(want, h.claims[i], h.claims[1-i])
	switch r.IntN(8) {
	case 0:
		plan = DecideRetire(plan, 1+r.IntN(3), r.IntN(4) == 0)
	case 3:
		if plan = DecideRebuild(plan, h.claims[i].Generation.Number); plan.Do == StandBy && h.claims[i].Role == Standby {
			h.rebuilt++
		}
	case 1, 2:
		switch {
		case want == Standby && h.claims[i].Leads():
			plan = DecideAbort(h.claims[i], h.claims[1-i])
		case want == Active && h.lost[1-i]:
			if plan = DecideReclaim(h.claims[i], h.claims[1-i]); plan.Do == Activate && h.claims[i].Leads() && !h.claims[1-i].Aborted {
				h.taken++
			}
		}
	}
	h.note("%d wants %s: %s %s", i, want, plan.Do, plan.Why())
	if plan.Do != Refuse {
		h.running[i] = &update{plan: plan}
	}
}

// act is what comes once the claim is saved and the peer's was read again; false is a refusal.
func (h *history) act(t *testing.T, i int, plan Plan) bool {
	own, peer := h.claims[i], h.claims[1-i]
	switch own.Role {
	case Active:
		if why := Overtaken(own, peer); why != "" {
			h.note("%d is overtaken: %s", i, why)
			return false
		}
		if !own.Switched() && own.Reason == ReasonSwitchover {
			// The run waits until the other side is seen to take no writes.
			if h.open[1-i] || h.lost[1-i] {
				h.note("%d waits in vain for the freeze", i)
				return false
			}
			require.NotEqual(t, Active, peer.Role, "a planned promotion beside an active side\n%v", h.log)
		}
		h.open[i] = true
		h.promoted[i] = append(h.promoted[i], own.Epoch)
		h.once[i] = append(h.once[i], own.Generation.Number)
		h.claims[i].Progress = max(h.claims[i].Progress, Promoted)
	default:
		h.open[i] = false // frozen, or another generation
	}
	h.acted[plan.Do]++
	h.note("%d acts at epoch %d", i, own.Epoch)
	return true
}

// finish moves the site's name, when that has not been done at this epoch, and
// the peer's claim was read once more.
func (h *history) finish(t *testing.T, r *rand.Rand, i int) {
	if own := &h.claims[i]; own.Role == Active && !own.Switched() && Overtaken(*own, h.claims[1-i]) == "" {
		again := h.name == i && h.dns == own.Epoch
		require.True(t, again || own.Epoch > h.dns, "the site's name is moved to a stale side\n%v", h.log)
		h.name, h.dns = i, own.Epoch
		if r.IntN(6) > 0 {
			own.Progress = Switched
		}
		h.named[i] = append(h.named[i], own.Generation.Number)
		h.note("%d has the site's name, and wrote that down: %t", i, own.Switched())
	}
}

// end notes the generations that leave a claim. Only one that was readied for it may.
func (h *history) end(i int, next Claim) {
	for _, old := range h.claims[i].Former {
		if old.DeleteRequested && !slices.ContainsFunc(next.Former, func(g Generation) bool { return g.Number == old.Number }) {
			h.ended[i] = append(h.ended[i], old.Number)
		}
	}
}

// event is a line of a history, put into words for one that fails.
type event struct {
	format string
	args   []any
}

func (e event) String() string { return fmt.Sprintf(e.format, e.args...) + "\n" }

func (h *history) note(format string, args ...any) { h.log = append(h.log, event{format, args}) }

// TestHistories runs twenty thousand histories and holds after each step that there
// are never two stacks that may act as active, that the site's name never goes to a
// side that was overtaken, that no epoch is acted at by both, and that no database
// that was ever active is lost without having been ended.
func TestHistories(t *testing.T) {
	t.Parallel()
	acted, previews, taken, rebuilt := map[Action]int{}, 0, 0, 0
	for seed := range uint64(20_000) {
		r := rand.New(rand.NewPCG(seed, 0))
		h := &history{acted: acted}
		for range 80 {
			h.step(t, r, r.IntN(2))
			mayAct := func(i int) bool {
				return h.claims[i].Role == Active && Decide(Active, h.claims[i], h.claims[1-i]).Do == Keep
			}
			require.False(t, mayAct(0) && mayAct(1), "seed %d: two actives\n%v", seed, h.log)
			for i := range h.claims {
				for _, number := range h.once[i] {
					c := h.claims[i]
					held := c.Generation.Number == number || slices.Contains(h.ended[i], number) ||
						slices.ContainsFunc(c.Former, func(g Generation) bool { return g.Number == number })
					require.True(t, held, "seed %d: generation %d of stack %d is lost\n%v", seed, number, i, h.log)
				}
				for _, g := range h.claims[i].Former {
					require.False(t, g.SkipFinalSnapshot && slices.Contains(h.named[i], g.Number), "seed %d: generation %d of stack %d served, and would leave no snapshot\n%v", seed, g.Number, i, h.log)
				}
			}
		}
		previews, taken, rebuilt = previews+h.previews, taken+h.taken, rebuilt+h.rebuilt
		for _, epoch := range h.promoted[0] {
			require.NotContains(t, h.promoted[1], epoch, "seed %d: one epoch, two databases\n%v", seed, h.log)
		}
	}
	require.Greater(t, previews, 300)
	require.Greater(t, taken, 200)
	require.Greater(t, rebuilt, 200)
	for _, action := range []Action{Keep, Activate, Freeze, Thaw, Abort, StandBy, Unprotect} {
		require.Greater(t, acted[action], 300, "the histories are about %s too", action)
	}
}
