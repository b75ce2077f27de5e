package report

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/refusal"
)

// looked is what a reader of a page gets.
type looked struct {
	text     string // outside of style
	headings []string
}

// look reads a page as a browser would, and holds what is true of every page: it is
// well formed, and needs nothing but itself.
func look(t *testing.T, page Page) looked {
	t.Helper()
	source, err := page.HTML()
	require.NoError(t, err)
	void := []string{"meta", "br"}
	var open []string
	var seen looked
	for z := html.NewTokenizer(bytes.NewReader(source)); ; {
		kind := z.Next()
		token := z.Token()
		switch kind {
		case html.ErrorToken:
			require.Equal(t, io.EOF, z.Err())
			assert.Empty(t, open, "everything is closed")
			return seen
		case html.StartTagToken:
			assert.NotContains(t, []string{"script", "img", "link", "iframe", "object", "embed", "form", "base"}, token.Data)
			for _, a := range token.Attr {
				assert.False(t, strings.HasPrefix(a.Key, "on") || slices.Contains([]string{"src", "href", "srcset", "data", "action"}, a.Key), "%s has %s", token.Data, a.Key)
				assert.NotContains(t, a.Val, "ZgotmplZ", "what a template holds for unsafe")
				if a.Key == "aria-label" {
					seen.text += a.Val
				}
			}
			if !slices.Contains(void, token.Data) {
				open = append(open, token.Data)
			}
			if strings.HasPrefix(token.Data, "h") && len(token.Data) == 2 {
				seen.headings = append(seen.headings, "")
			}
		case html.EndTagToken:
			require.NotEmpty(t, open, token.Data)
			require.Equal(t, open[len(open)-1], token.Data, "tags close in their order")
			open = open[:len(open)-1]
		case html.TextToken:
			if slices.Contains(open, "style") {
				assert.NotRegexp(t, `url\(|@import|//`, token.Data)
				continue
			}
			seen.text += token.Data
			if in := open[max(0, len(open)-1):]; len(in) > 0 && regexp.MustCompile(`^h\d$`).MatchString(in[0]) {
				seen.headings[len(seen.headings)-1] += token.Data
			}
		}
	}
}

// times are those in a text: durations as 12:57, or in (seconds).
var times = regexp.MustCompile(`\b\d+:\d\d\b|\(\d+ s\)`)

// reportOf is the last that was told of a run.
func reportOf(told []Report) *Report { return &told[len(told)-1] }

// refusedRun is a run that the checks refuse.
func refusedRun() (last Report) {
	began := time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC)
	recorder := NewRecorder(Report{
		Site: "www.example.com", Stack: "dr", Region: "us-east-2", Action: "activate", Epoch: 2, StartedAt: began, Sides: night(0)[0].Sides,
	}, NextSteps{Refused: []string{"do what the checks say"}}, func(r Report) { last = r })
	recorder.Observe(Step{Name: "check the standby", Begin: began, End: began.Add(5 * time.Second), Verdict: &checks.Verdict{
		Findings: []checks.Finding{{Subject: "image", Reason: "there is no image", Ruling: checks.Blocks}},
		Blockers: []refusal.Blocker{{Code: checks.ImageMissing, Subject: "image", Reason: "there is no image", Remedy: "set app.image"}},
		Loss:     "which writes a failover loses is unknown",
	}})
	return last
}

func TestPageOfEveryRun(t *testing.T) {
	t.Parallel()
	refused := refusedRun()
	freeze := Report{
		Site: "www.example.com", Stack: "dr", Region: "us-east-2", Action: "freeze", Epoch: 2, Outcome: Done,
		Sides: []Side{{Stack: "dr", Region: "us-east-2", Before: Standing{Role: "active", HoldsName: true}, After: Standing{Role: "frozen", HoldsName: true}}},
	}
	standby := Report{Outcome: Done, Action: "stand by", Media: &MediaComparison{Bucket: "a", Peer: "b", Files: 9, Missing: 2, FirstMissing: []string{"2026/03/<b>.jpg", "2026/04/c.jpg"}}}
	aside := refused
	aside.Outcome, aside.Verdict, aside.Accepted = Unfinished, nil, []string{checks.IgnoreProduction}
	for name, tc := range map[string]struct {
		report   *Report
		headline string
		says     []string
		headings []string
	}{
		"killed": {
			reportOf(night(300)), "Not finished: it still runs, or was stopped",
			[]string{"Before", "As far as the run got", "It claims the site, and does not serve it yet.", "no end seen", "pulumi up -s dr: it resumes"}, nil,
		},
		"recovered, with a failed step": {
			reportOf(night(1300)), "www.example.com points to us-east-2, but a step failed",
			[]string{"no capacity", "acceptDataLoss", "the replica was 12m0s behind", "640 s", "wait for the promotion of blog-dr-1: 94 % of that time", "on the longest path"}, nil,
		},
		"refused": {
			&refused, "The checks refuse it: nothing was changed",
			[]string{"there is no image", "set app.image", "Before and after", "do what the checks say", "blocks", "no risk was accepted for epoch 2"},
			[]string{"Why it was refused, and what to do", "Data"},
		},
		"frozen":                 {&freeze, "Stack dr is now frozen", []string{"maintenance page", "No checks were made in this run."}, nil},
		"stood by":               {&standby, "Done", []string{"2 of 9 files of a are not in b", "2026/03/<b>.jpg", "2026/04/c.jpg"}, []string{"Data"}},
		"accepted, for nothing":  {&aside, "Not finished: it still runs, or was stopped", []string{"Set for epoch 2, and not needed."}, nil},
		"nothing is known of it": {&Report{}, "Done", []string{"Nothing was begun."}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := look(t, tc.report.Page())
			assert.Equal(t, tc.headline, seen.headings[0])
			for _, heading := range tc.headings {
				assert.Contains(t, seen.headings, heading)
			}
			for _, says := range tc.says {
				assert.Contains(t, seen.text, says)
			}
			for _, step := range tc.report.Steps {
				assert.Contains(t, seen.text, step.Name)
			}
			for _, figure := range times.FindAllString(tc.report.String(), -1) {
				assert.Contains(t, seen.text, strings.Trim(figure, "()"), "what the text has, the page has")
			}
		})
	}
}

func TestPageEscapes(t *testing.T) {
	t.Parallel()
	const hostile = `"><script src="http://evil.example/x.js"></script><b style='background:url(//evil)'>`
	began := time.Now()
	r := Report{
		Site: hostile, Stack: hostile, Region: hostile, Action: hostile, Next: []string{hostile}, Accepted: []string{hostile}, Outcome: hostile,
		StartedAt: began, Reached: map[Milestone]time.Time{hostile: began},
		Steps:   []Step{{Name: hostile, Err: hostile, Begin: began}},
		Sides:   []Side{{Stack: hostile, Region: hostile, Before: Standing{Role: hostile, HoldsName: true}}, {Region: hostile}},
		Verdict: &checks.Verdict{Findings: []checks.Finding{{Subject: hostile, Reason: hostile, Ruling: hostile}}, Blockers: []refusal.Blocker{{Reason: hostile, Remedy: hostile}}, Loss: hostile, Media: hostile},
		Media:   &MediaComparison{Bucket: hostile, Peer: hostile, Missing: 1, FirstMissing: []string{hostile}},
	}
	page := r.Page()
	page.Problem, page.Compare = hostile, []Bar{{Label: hostile, Note: hostile}}
	seen := look(t, page)
	assert.Greater(t, strings.Count(seen.text, hostile), 20, "it is shown as it is")
}

func TestChartLeadsTheLongestPath(t *testing.T) {
	t.Parallel()
	c := layOut(*reportOf(night(1300)))
	require.Len(t, c.Rows, 8)
	for i, r := range c.Rows {
		assert.InDelta(t, 50, r.At+r.Wide/2, 50, "row %d is in the chart", i)
		assert.LessOrEqual(t, r.At+r.Wide, 100.01)
	}
	parts := func(at int) (parts []string) {
		for _, s := range c.Rows[at].Path {
			parts = append(parts, s.Part)
		}
		return parts
	}
	assert.Equal(t, []string{"leaves"}, parts(0))
	assert.Equal(t, []string{"arrives", "leaves"}, parts(2), "the promotion")
	assert.Equal(t, []string{"passes"}, parts(3), "the balancer is beside the path")
	assert.Equal(t, []string{"arrives"}, parts(6), "the switch ends it")
	assert.Empty(t, parts(7))
	assert.InDelta(t, 640.0/1200*100, c.Switched, 0.01)
	assert.Equal(t, []string{"0:00", "5:00", "10:00", "15:00", "20:00"}, texts(c.Ticks))

	few := layOut(refusedRun())
	assert.Len(t, few.Rows, 1, "a quick step is drawn when there is no other")
	assert.Empty(t, few.Quick)
}

func texts(ticks []tick) (all []string) {
	for _, t := range ticks {
		all = append(all, t.Text)
	}
	return all
}

func TestTicksAreFew(t *testing.T) {
	t.Parallel()
	for whole := time.Second; whole < 100*time.Hour; whole += whole/7 + time.Second {
		n := int(whole / tickEvery(whole))
		assert.True(t, n >= 1 && n <= 6, "%d for %s", n, whole)
	}
}

func TestKeep(t *testing.T) {
	t.Parallel()
	base := filepath.Join(t.TempDir(), "reports", "one")
	for _, report := range night(1300) {
		require.NoError(t, WriteFiles(base, &report))
	}
	last := reportOf(night(1300))
	files, err := filepath.Glob(base + "*")
	require.NoError(t, err)
	assert.Equal(t, []string{base + ".html", base + ".json", base + ".txt"}, files)
	read := func(ending string) []byte {
		text, err := os.ReadFile(base + ending)
		require.NoError(t, err)
		return text
	}
	var back Report
	require.NoError(t, json.Unmarshal(read(".json"), &back))
	assert.Equal(t, *last, back)
	assert.Equal(t, last.String(), string(read(".txt")))
	page, err := last.Page().HTML()
	require.NoError(t, err)
	assert.Equal(t, string(page), string(read(".html")))

	assert.ErrorContains(t, WriteFiles("/dev/null/x", last), "writing the report: ")
}
