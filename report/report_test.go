package report

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/refusal"
)

var update = flag.Bool("update", false, "write the golden files anew")

// night tells a recorder of a failover as far as until, a number of seconds.
func night(until int) (told []Report) {
	began := time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC)
	at := func(seconds int) time.Time { return began.Add(time.Duration(seconds) * time.Second) }
	recorder := NewRecorder(Report{
		Site: "www.example.com", Stack: "dr", Region: "us-east-2", Action: "activate", Epoch: 2, StartedAt: began, Accepted: []string{checks.AcceptDataLoss},
		Sides: []Side{
			{Stack: "prod", Region: "us-west-2", Before: Standing{Role: "active", HoldsName: true}, After: Standing{Role: "overtaken"}},
			{Stack: "dr", Region: "us-east-2", Before: Standing{Role: "standby"}, After: Standing{Role: "active", HoldsName: true}},
		},
	}, NextSteps{Unfinished: []string{"pulumi up -s dr: it resumes"}, Done: []string{"commit Pulumi.dr.yaml"}}, func(r Report) { told = append(told, r) })
	verdict := &checks.Verdict{
		Findings: []checks.Finding{
			{Subject: "production", Reason: "production does not answer under the site's name", Ruling: checks.Passed},
			{Subject: "lag", Reason: "the replica was 12m0s behind", Ruling: checks.Overruled},
		},
		Overruled: []refusal.Blocker{{Code: checks.LagTooHigh, Subject: "lag", Reason: "the replica was 12m0s behind"}},
		Loss:      "a failover loses what was written after 03:40:00 UTC", Media: "what was uploaded in the last 15 minutes may be missing",
		LastGood: &checks.Lag{Value: 12 * time.Minute, At: began.Add(-8 * time.Minute)},
	}
	for _, s := range []struct {
		begin, end int
		step       Step
	}{
		{0, 2, Step{Name: "check the standby", Verdict: verdict}},
		{2, 3, Step{Name: "update Stash claim", Milestone: Claimed}},
		{3, 603, Step{Name: "wait for the promotion of blog-dr-1", Milestone: Promoted}},
		{3, 183, Step{Name: "create LoadBalancer blog-dr-lb"}},
		{4, 600, Step{Name: "create ReplicationGroup blog-dr-cache", Err: "no capacity"}},
		{603, 610, Step{Name: "verify the site in depth", Milestone: Healthy}},
		{610, 640, Step{Name: "create Record blog-dr-switch-2", Milestone: Switched}},
		{640, 1200, Step{Name: "update Instance blog-dr-1-instance"}},
	} {
		if s.begin > until {
			continue
		}
		step := s.step
		step.Begin = at(s.begin)
		recorder.Observe(Step{Name: step.Name, Begin: step.Begin})
		if step.End = at(s.end); s.end <= until {
			recorder.Observe(step)
		}
	}
	return told
}

func TestReportGoesAlong(t *testing.T) {
	t.Parallel()
	told := night(200)
	assert.Greater(t, len(told), 8, "it is told at every change")
	last := told[len(told)-1]
	assert.Equal(t, Unfinished, last.Outcome)
	assert.Equal(t, []string{"pulumi up -s dr: it resumes"}, last.Next)
	assert.Zero(t, last.TimeToRecover)
	assert.Contains(t, last.Reached, Claimed)
	assert.NotContains(t, last.Reached, Promoted)
	assert.Empty(t, told[0].Steps, "what was told before is not changed later")
}

// TestReportResumes holds that a run which resumes counts from the start of the
// one that came to a halt, and says what that one found.
func TestReportResumes(t *testing.T) {
	t.Parallel()
	told := night(200)
	halted := told[len(told)-1]
	resumed := Report{Action: "resume", StartedAt: halted.StartedAt.Add(time.Hour)}.Resume(halted)
	var last Report
	recorder := NewRecorder(resumed, NextSteps{}, func(r Report) { last = r })
	promotion := Step{Name: "wait for the promotion of blog-dr-1", Begin: halted.StartedAt.Add(time.Hour)}
	recorder.Observe(promotion)
	promotion.End, promotion.Milestone = halted.StartedAt.Add(90*time.Minute), Promoted
	recorder.Observe(promotion)
	recorder.Observe(Step{Name: "create Record blog-dr-switch-2", Begin: promotion.End, End: promotion.End.Add(time.Minute), Milestone: Switched})

	assert.Equal(t, halted.StartedAt, last.StartedAt)
	assert.Equal(t, halted.Verdict, last.Verdict)
	assert.Equal(t, halted.Reached[Claimed], last.Reached[Claimed])
	assert.InDelta(t, 91*60, last.TimeToRecover, 0)
	var halts []string
	for _, s := range last.Steps {
		assert.False(t, s.End.IsZero(), s.Name)
		if s.Err != "" {
			halts = append(halts, s.Name)
		}
	}
	assert.Equal(t, []string{"wait for the promotion of blog-dr-1", "create ReplicationGroup blog-dr-cache"}, halts)
	assert.NotContains(t, halted.Reached, Promoted, "what was told before is not changed later")
	assert.Zero(t, halted.Steps[2].End)
}

func TestReportKnowsTheLongestPath(t *testing.T) {
	t.Parallel()
	told := night(1300)
	last := told[len(told)-1]
	var longest []string
	for _, step := range last.Steps {
		if step.OnLongestPath {
			longest = append(longest, step.Name)
		}
	}
	assert.Equal(t, []string{
		"check the standby", "update Stash claim", "wait for the promotion of blog-dr-1", "verify the site in depth", "create Record blog-dr-switch-2",
	}, longest)
	assert.InDelta(t, 640, last.TimeToRecover, 0)
	assert.Equal(t, Failed, last.Outcome, "the site serves, and something is left to do")

	text, err := json.Marshal(last)
	require.NoError(t, err)
	var back Report
	require.NoError(t, json.Unmarshal(text, &back))
	assert.Equal(t, last, back)
}

func TestReportText(t *testing.T) {
	t.Parallel()
	for name, until := range map[string]int{"killed": 300, "recovered": 1300} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			told := night(until)
			text := told[len(told)-1].String()
			golden := filepath.Join("testdata", name+".golden")
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(text), 0o600))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			assert.Equal(t, string(want), text, "go test ./failover -update writes it anew")
		})
	}
}

func TestReportPutsTheSidesWhereTheRunGot(t *testing.T) {
	t.Parallel()
	for until, want := range map[int]string{
		1:    "prod in us-west-2: active, DNS points here; dr in us-east-2: standby",
		3:    "prod in us-west-2: active, DNS points here -> overtaken, DNS points here; dr in us-east-2: standby -> active",
		1300: "prod in us-west-2: active, DNS points here -> overtaken; dr in us-east-2: standby -> active, DNS points here",
	} {
		told := night(until)
		assert.Equal(t, want, sidesText(told[len(told)-1].Sides))
		assert.Equal(t, told[0].Sides[1].Before, told[0].Sides[1].After, "what was told before is not changed later")
	}
	var last Report
	frozen := []Side{{Region: "us-east-2", Before: Standing{Role: "active", HoldsName: true}, After: Standing{Role: "frozen", HoldsName: true}}}
	NewRecorder(Report{Sides: frozen}, NextSteps{}, func(r Report) { last = r }).Done()
	assert.Equal(t, frozen, last.Sides)
}

func TestReportOfARefusal(t *testing.T) {
	t.Parallel()
	var last Report
	recorder := NewRecorder(Report{}, NextSteps{Unfinished: []string{"run it again"}, Refused: []string{"do what they say"}}, func(r Report) { last = r })
	now := time.Now()
	recorder.Observe(Step{Name: "check", Begin: now, End: now, Verdict: &checks.Verdict{Blockers: []refusal.Blocker{{Reason: "no image", Remedy: "make one"}}}})
	assert.Equal(t, Refused, last.Outcome)
	assert.Contains(t, last.String(), "refused     no image: make one")
	assert.Equal(t, []string{"do what they say"}, last.Next)
}

// TestReportForPrograms holds that no list is null, and that times are UTC wherever the command runs.
func TestReportForPrograms(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.FixedZone("", 8*60*60))
	var last Report
	recorder := NewRecorder(Report{StartedAt: noon}, NextSteps{}, func(r Report) { last = r })
	text, err := json.Marshal(last)
	require.NoError(t, err)
	assert.JSONEq(t, `{"site": "", "stack": "", "region": "", "action": "", "epoch": 0, "startedAt": "2026-03-01T04:00:00Z", "outcome": "unfinished",
		"steps": [], "reached": {}, "timeToRecoverSeconds": 0, "next": []}`, string(text))
	recorder.Observe(Step{Name: "claim", Begin: noon})
	recorder.Observe(Step{Name: "claim", End: noon.Add(time.Second), Milestone: Claimed})
	for _, at := range []time.Time{last.Steps[0].Begin, last.Steps[0].End, last.Reached[Claimed]} {
		assert.Equal(t, time.UTC, at.Location())
	}
}

// TestReportOfADrill has a run that is over when the site works, without its name.
func TestReportOfADrill(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := func(minute int) time.Time { return noon.Add(time.Duration(minute) * time.Minute) }
	var told Report
	r := NewRecorder(Report{Site: "www.example.com", Region: "us-east-2", Action: "drill", Goal: Healthy, StartedAt: noon, Notes: []string{"no name is moved"}},
		NextSteps{}, func(report Report) { told = report })
	r.Observe(Step{Name: "create Instance copy", Begin: at(0), End: at(10)})
	r.Observe(Step{Name: "verify the site in depth", Begin: at(10)})
	r.Observe(Step{Name: "verify the site in depth", Begin: at(10), End: at(11), Milestone: Healthy})
	r.Done()
	assert.True(t, told.Steps[0].OnLongestPath && told.Steps[1].OnLongestPath, "the path to the goal")
	assert.Zero(t, told.TimeToRecover, "nothing was recovered")
	assert.Contains(t, told.String(), "time        11:00 (660 s) until it was healthy\nnote        no name is moved\n")
	page := told.Page()
	assert.Equal(t, "Drill", page.Kind)
	assert.Equal(t, "A copy of www.example.com was healthy in us-east-2", page.Headline)
	assert.Contains(t, page.Facts, Fact{"Note", "no name is moved"})
	_, err := page.HTML()
	assert.NoError(t, err)
}
