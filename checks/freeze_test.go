package checks

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestFreezing(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		page              DeepPage
		stopped, readOnly bool
	}{
		"no answer":  {DeepPage{}, false, false},
		"not heard":  {DeepPage{OK: true, Epoch: 2, Database: "writable"}, false, false},
		"stopped":    {DeepPage{Epoch: 2, Frozen: true, Database: "writable"}, true, false},
		"read-only":  {DeepPage{Epoch: 2, Frozen: true, Database: "read-only"}, true, true},
		"a replica":  {DeepPage{Epoch: 2, Database: "read-only"}, false, false},
		"overtaken":  {DeepPage{Epoch: 2, Frozen: true, Fenced: true, Database: "read-only"}, true, true},
		"unbound":    {DeepPage{Epoch: 2, Frozen: true, Database: "writable", IgnoresReadOnly: true}, true, false},
		"database 0": {DeepPage{Epoch: 2, Frozen: true, Database: "unreachable"}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stopped, seen := Stopped(tc.page)
			assert.Equal(t, tc.stopped, stopped, seen)
			readOnly, seen := ReadOnly(tc.page)
			assert.Equal(t, tc.readOnly, readOnly, seen)
			assert.NotEmpty(t, seen)
			assert.Equal(t, tc.page.IgnoresReadOnly, Unbound(tc.page) != "")
		})
	}
}

func TestCaughtUp(t *testing.T) {
	t.Parallel()
	theirs := DeepPage{Epoch: 2, Frozen: true, Database: "read-only", Marker: "b"}
	ours := DeepPage{Epoch: 3, Database: "read-only", Marker: "b"}
	lag := &Lag{At: noon}
	for name, tc := range map[string]struct {
		spoil func(theirs, ours *DeepPage, lag *Lag)
		seen  string
	}{
		"caught up":         {func(_, _ *DeepPage, _ *Lag) {}, ""},
		"silence":           {func(theirs, _ *DeepPage, _ *Lag) { *theirs = DeepPage{} }, "not frozen: no answer"},
		"freeze taken back": {func(theirs, _ *DeepPage, _ *Lag) { theirs.Frozen = false }, "not frozen: an instance still serves"},
		"writes go on":      {func(theirs, _ *DeepPage, _ *Lag) { theirs.Database = "writable" }, "not frozen: the database is writable"},
		"no marker at all":  {func(theirs, ours *DeepPage, _ *Lag) { theirs.Marker, ours.Marker = "", "" }, "shows no marker"},
		"still booting":     {func(_, ours *DeepPage, _ *Lag) { *ours = DeepPage{} }, "no instance answers here yet"},
		"an older marker":   {func(_, ours *DeepPage, _ *Lag) { ours.Marker = "a" }, "last marker, b, is not here yet"},
		"measured before":   {func(_, _ *DeepPage, lag *Lag) { lag.At = noon.Add(-time.Second) }, "not measured yet"},
		"behind":            {func(_, _ *DeepPage, lag *Lag) { lag.Value = time.Second }, "1s behind"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			theirs, ours, lag := theirs, ours, *lag
			tc.spoil(&theirs, &ours, &lag)
			ready, seen := CaughtUp(theirs, ours, &lag, noon)
			assert.Equal(t, tc.seen == "", ready, seen)
			assert.Contains(t, seen, tc.seen)
		})
	}
	ready, _ := CaughtUp(theirs, ours, nil, noon)
	assert.False(t, ready, "without a measurement")
}

func TestNotToGiveUp(t *testing.T) {
	t.Parallel()
	given := Policy{Epoch: 3} // activation 2 is given up
	assert.Empty(t, Abort.Blockers(Snapshot{Site: DeepPage{Epoch: 1, Fenced: true}}, given))
	for page, want := range map[DeepPage][2]string{{}: {ProductionSilent, "production"}, {OK: true, Epoch: 2}: {AlreadyServing, "site"}} {
		blockers := Abort.Blockers(Snapshot{Site: page}, given)
		assert.Len(t, blockers, 1)
		assert.Equal(t, want, [2]string{blockers[0].Code, blockers[0].Subject})
	}
}

func TestClaimingAgainWhatAPeerGaveUp(t *testing.T) {
	t.Parallel()
	p := Policy{Image: "ami-1", Epoch: 4, ReclaimedEpoch: 1}
	s := Snapshot{Image: &Image{State: "available"}, Site: DeepPage{OK: true, Epoch: 1}}
	assert.Empty(t, Activation.Blockers(s, p), "it is this side that serves")
	s.Site = DeepPage{Epoch: 3, Media: "missing"}
	stand, overruled := Overrule(Activation.Blockers(s, p), []string{IgnoreProduction})
	assert.Empty(t, stand)
	assert.Equal(t, ProductionServes, overruled[0].Code, "the other side has the site's name, be it well or not")
	s.Site = DeepPage{OK: true, Epoch: 1}
	p.ReclaimedEpoch = 0
	assert.Len(t, Activation.Blockers(s, p), 1)
}

func TestPlannedActivation(t *testing.T) {
	t.Parallel()
	s, p := productionLost(), policy
	p.Switchover = true
	s.Replica.Replication, s.Replica.Message = "replicating", ""
	s.Site = DeepPage{Epoch: 1, Frozen: true, Database: "read-only"}
	assert.Empty(t, Activation.Blockers(s, p), "a frozen side lives, and its replica receives")
	for _, page := range []DeepPage{{}, {OK: true, Epoch: 1}, {Epoch: 1, Frozen: true, Database: "writable"}} {
		s.Site = page
		stand, overruled := Overrule(Activation.Blockers(s, p), []string{AcceptDataLoss})
		assert.Empty(t, stand)
		assert.Len(t, overruled, 1)
		assert.Equal(t, FreezeUnseen, overruled[0].Code)
	}
}
