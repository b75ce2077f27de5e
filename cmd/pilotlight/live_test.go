package main

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/assert"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/report"
)

// night is a failover as a view is told of it.
type night struct {
	view
	log []string
}

var midnight = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// at is so many seconds into the night.
func at(seconds int) time.Time { return midnight.Add(time.Duration(seconds) * time.Second) }

func (n *night) tell(second int, event any) { n.log = append(n.log, n.update(at(second), event)...) }

func begins(second int, name, awaits string) report.Step {
	return report.Step{Name: name, Awaits: awaits, Begin: at(second)}
}

func ends(s report.Step, second int, reaches report.Milestone) report.Step {
	s.End, s.Milestone = at(second), reaches
	return s
}

const cacheURN = "urn:pulumi:dr::pilotlight::pilotlight:components:Cache$aws:elasticache/replicationGroup:ReplicationGroup::blog-dr-cache"

// promoting is five minutes into a failover.
func promoting() *night {
	n := &night{view: view{began: midnight}}
	n.tell(5, ops.Change{Stack: "dr", Role: "active"})
	check := begins(6, "check the standby", "")
	n.tell(6, check)
	n.tell(10, "the checks allow it; no writes are lost")
	check = ends(check, 10, "")
	n.tell(10, check)
	claim := begins(10, "update Stash claim", "")
	n.tell(10, report.Report{Steps: []report.Step{check, claim}})
	claim = ends(claim, 12, report.Claimed)
	n.tell(12, report.Report{Steps: []report.Step{check, claim}})
	nat, cache := begins(12, "create NatGateway blog-dr-nat-1", ""), begins(12, "create ReplicationGroup blog-dr-cache", "")
	cache.URN = cacheURN
	n.tell(12, report.Report{Steps: []report.Step{check, claim, nat, cache}})
	promotion := begins(12, "wait for the promotion of blog-dr-1", "the promotion of blog-dr-1")
	promotion.Milestone = report.Promoted
	n.tell(12, promotion)
	n.tell(13, ops.Progress{Awaits: "the promotion of blog-dr-1", Seen: "available"})
	n.tell(20, ops.Progress{Awaits: "the promotion of blog-dr-1", Seen: "modifying"})
	nat = ends(nat, 130, "")
	// Kept in a report, a step does not tell what it waits for.
	kept := promotion
	kept.Awaits = ""
	n.tell(130, report.Report{Steps: []report.Step{check, claim, nat, cache, kept}})
	return n
}

func TestViewLog(t *testing.T) {
	sofar := []string{
		"  0:05  pulumi up -s dr -c role=active",
		"  0:10  the checks allow it; no writes are lost",
		"  0:12  update Stash claim: done in 0:02, the site is claimed",
		"  2:10  create NatGateway blog-dr-nat-1: done in 1:58",
	}
	promotion := begins(12, "wait for the promotion of blog-dr-1", "the promotion of blog-dr-1")
	failed := ends(promotion, 305, "")
	failed.Err = "gave up waiting:\n  it \x1b[2Jtook too long"
	complaint := func(severity, urn string) events.EngineEvent {
		return events.EngineEvent{EngineEvent: apitype.EngineEvent{DiagnosticEvent: &apitype.DiagnosticEvent{
			Severity: severity, URN: urn, Message: "<{%fg 1%}>error: InsufficientCacheClusterCapacity\n",
		}}}
	}
	for name, tc := range map[string]struct {
		event any
		want  []string
	}{
		"a milestone":            {ends(promotion, 305, report.Promoted), []string{"  5:05  wait for the promotion of blog-dr-1: done in 4:53, the site is promoted: modifying"}},
		"a failure":              {failed, []string{"  5:05  wait for the promotion of blog-dr-1: failed after 4:53: gave up waiting: it took too long"}},
		"of what is waited for":  {ops.Progress{Awaits: "the promotion of blog-dr-1", Seen: "backing-up"}, nil},
		"of nothing that is":     {ops.Progress{Awaits: "database blog-prod-2", Seen: "modifying"}, []string{"  5:05  database blog-prod-2: modifying"}},
		"the engine complains":   {complaint("error", cacheURN), []string{"  5:05  create ReplicationGroup blog-dr-cache: failed after 4:53: InsufficientCacheClusterCapacity"}},
		"of one like it":         {complaint("error", strings.Replace(cacheURN, ":dr:", ":dr-drill:", 1)), nil},
		"it warns":               {complaint("warning", cacheURN), nil},
		"it complains otherwise": {complaint("error", strings.ReplaceAll(cacheURN, "cache", "other")), nil},
		"what was done before":   {report.Report{Steps: []report.Step{ends(begins(-300, "update Stash claim", ""), -200, report.Claimed)}}, nil},
		"heard before":           {promotion, nil},
		"the next change":        {ops.Change{Stack: "prod"}, []string{"  5:05  pulumi up -s prod"}},
	} {
		t.Run(name, func(t *testing.T) {
			n := promoting()
			n.tell(305, tc.event)
			assert.Equal(t, append(sofar, tc.want...), n.log)
		})
	}
}

func TestViewRender(t *testing.T) {
	for name, tc := range map[string]struct {
		width, height int
		happens       func(*night)
		want          string
	}{
		"wide": {100, 30, func(*night) {}, `
────────────────────────────────────────────────────────────
  5:00  pulumi up -s dr -c role=active
        claimed 0:12
  >  4:48  wait for the promotion of blog-dr-1: modifying
  >  4:48  create ReplicationGroup blog-dr-cache
        longest path so far: 0:04 check the standby → 0:02 update Stash claim → 4:48 wait for the
        promotion of blog-dr-1
`},
		"narrow": {44, 30, func(*night) {}, `
───────────────────────────────────────────
  5:00  pulumi up -s dr -c role=active
        claimed 0:12
  >  4:48  wait for the promotion of blog-…
             modifying
  >  4:48  create ReplicationGroup blog-dr…
        longest path so far: … → 0:02
        update Stash claim → 4:48 wait for
        the promotion of blog-dr-1
`},
		"low": {100, 10, func(n *night) {
			n.tell(290, begins(290, "create Listener blog-dr-http", ""))
			n.tell(290, begins(290, "update Group blog-dr-instances", ""))
		}, `
  5:00  pulumi up -s dr -c role=active
        claimed 0:12
  >  4:48  wait for the promotion of blog-dr-1: modifying
  >  4:48  create ReplicationGroup blog-dr-cache
        … and 2 more
        longest path so far: … → 0:02 update Stash claim → 4:48 wait for the promotion of blog-dr-1
`},
		"hardly a terminal": {20, 4, func(*night) {}, `
  5:00  pulumi up …
        … and 2 mo…
`},
		"much is seen": {60, 24, func(n *night) {
			n.tell(200, ends(begins(12, "wait for the promotion of blog-dr-1", ""), 200, report.Promoted))
			verify := begins(200, "verify the site in depth", "the site behind the balancer")
			verify.Milestone = report.Healthy
			n.tell(200, verify)
			n.tell(201, ops.Progress{Awaits: "the site behind the balancer", Seen: "database writable, media mounted, cache ok, front page answers 200, 1 of 2 instances in service"})
		}, `
───────────────────────────────────────────────────────────
  5:00  pulumi up -s dr -c role=active
        claimed 0:12, promoted 3:20
  >  1:40  verify the site in depth
             database writable, media mounted, cache ok,
             front page answers 200, 1 of 2 instances in
             service
  >  4:48  create ReplicationGroup blog-dr-cache
        longest path so far: 0:04 check the standby → 0:02
        update Stash claim → 3:08 wait for the promotion of
        blog-dr-1 → 1:40 verify the site in depth
`},
		"resumed": {90, 30, func(n *night) {
			n.tell(290, ops.Change{Stack: "dr", Role: "active"})
			claim, halted := ends(begins(-600, "update Stash claim", ""), -590, report.Claimed), ends(begins(-590, "wait for the promotion of blog-dr-1", ""), -500, "")
			halted.Err = "the run came to a halt"
			again := begins(293, "wait for the promotion of blog-dr-1", "")
			again.Milestone = report.Promoted
			n.tell(292, report.Report{Steps: []report.Step{claim, halted}})
			n.tell(293, report.Report{Steps: []report.Step{claim, halted, again}})
		}, `
────────────────────────────────────────────────────────────
  5:00  pulumi up -s dr -c role=active
        claimed before
  >  0:07  wait for the promotion of blog-dr-1
        longest path so far: 0:10 update Stash claim → 1:30 wait for the promotion of
        blog-dr-1 → 0:07 wait for the promotion of blog-dr-1
`},
		"wide letters": {30, 24, func(n *night) { n.tell(299, ops.Change{Stack: "東京東京東京東京"}) }, `
─────────────────────────────
  5:00  pulumi up -s 東京東…
`},
	} {
		t.Run(name, func(t *testing.T) {
			n := promoting()
			tc.happens(n)
			lines := n.render(tc.width, tc.height, at(300))
			assert.Equal(t, strings.Trim(tc.want, "\n"), strings.Join(lines, "\n"))
			assert.LessOrEqual(t, len(lines), max(2, tc.height-1))
		})
	}
}

func TestViewColours(t *testing.T) {
	n := promoting()
	plain := n.render(60, 24, at(300))
	n.colours = true
	coloured := n.render(60, 24, at(300))
	assert.NotEqual(t, plain, coloured)
	for i := range coloured {
		assert.Equal(t, plain[i], ansi.Strip(coloured[i]))
	}
}

func TestViewLeaves(t *testing.T) {
	assert.Equal(t, []string{
		"  5:05  create ReplicationGroup blog-dr-cache: not done after 4:53",
		"  5:05  wait for the promotion of blog-dr-1: not done after 4:53, last seen: modifying",
	}, promoting().leave(at(305)))
}

func TestViewBeforeAnything(t *testing.T) {
	n := night{view: view{began: midnight}}
	assert.Empty(t, n.render(80, 24, at(1)))
}

func TestFrame(t *testing.T) {
	for name, tc := range map[string]struct {
		width int
		drawn []string
		want  string
	}{
		"the first":           {80, nil, "done\nview\n"},
		"over two lines":      {80, []string{"one", "two"}, "\r\x1b[2A\x1b[Jdone\nview\n"},
		"the window narrowed": {4, []string{"\x1b[1mnine more\x1b[m", "two"}, "\r\x1b[4A\x1b[Jdone\nview\n"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tc.want, frame(tc.width, tc.drawn, []string{"done"}, []string{"view"}))
		})
	}
}

func TestRedraws(t *testing.T) {
	for name, tc := range map[string]struct {
		env  map[string]string
		want bool
	}{
		"a terminal":     {map[string]string{"TERM": "xterm"}, true},
		"no colours":     {map[string]string{"TERM": "xterm", "NO_COLOR": "1"}, true},
		"a dumb one":     {map[string]string{"TERM": "dumb"}, false},
		"one unnamed":    {nil, false},
		"a CI's":         {map[string]string{"TERM": "xterm", "CI": "true"}, false},
		"one of no CI's": {map[string]string{"TERM": "xterm", "CI": ""}, true},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tc.want, redraws(func(key string) string { return tc.env[key] }))
		})
	}
}

// TestLive counts what a terminal is sent.
func TestLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		l := newLive(&out, view{began: time.Now()}, func() (int, int) { return 80, 24 })
		run := l.run()
		run.Begin(ops.Change{Stack: "dr"})
		step := report.Step{Name: "wait for it", Awaits: "it", Begin: time.Now()}
		run.Step(step)
		for range 1000 { // in one second
			time.Sleep(time.Millisecond)
			run.Progress(ops.Progress{Awaits: "it", Seen: "comes"})
		}
		synctest.Wait()
		busy := strings.Count(out.String(), "pulumi up -s dr")
		assert.InDelta(t, 10, busy, 2)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		idle := strings.Count(out.String(), "pulumi up -s dr") - busy
		assert.InDelta(t, 10, idle, 1)
		l.close()
		shown := out.String()
		assert.Equal(t, "    0:11  wait for it: not done after 0:11, last seen: comes\n", "  "+shown[strings.LastIndex(shown, "\x1b[J")+len("\x1b[J"):])
		assert.NotContains(t, shown, "\x1b[?", "a mode of the terminal was changed")
	})
}
