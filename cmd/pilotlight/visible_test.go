package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/roles"
)

// nasty clears a terminal's screen, by seven bits and by eight, and turns the reading direction.
const nasty = "x\x1b[2J\u009b2J\u202ey"

// obeyed lists what a terminal would obey in a text.
func obeyed(text string) (found []rune) {
	for _, r := range text {
		if r != '\n' && unicode.IsControl(r) || r == '\u202e' {
			found = append(found, r)
		}
	}
	return found
}

// TestNothingMovesTheCursor holds that what AWS, a configuration or a report says reaches
// no terminal as it is, whatever prints it.
func TestNothingMovesTheCursor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	reported := report.Report{Site: nasty, Stack: nasty, Region: nasty, Action: nasty, Outcome: report.Outcome(nasty), Next: []string{nasty}}
	require.NoError(t, report.WriteFiles(filepath.Join(dir, filepath.FromSlash(report.Reports), "20260302T031500Z-dr-epoch-2"), &reported))
	for _, line := range []string{"report", "report --all", "report --json"} {
		out, err := pilotlight(t, append(strings.Fields(line), "-C", dir)...)
		require.NoError(t, err)
		assert.Empty(t, obeyed(out), line)
		assert.Contains(t, out, `\u001b[2J`, line)
	}

	side := ops.SideStatus{Stack: "dr", Role: roles.Standby, Region: "us-east-2", Unreachable: nasty, Database: &checks.Replica{ID: nasty, Status: nasty, Source: "x", Replication: nasty}}
	status := ops.Status{Site: nasty, Domain: nasty, Sides: []ops.SideStatus{side}, Verdict: nasty, Warnings: []string{nasty}}
	var out, progress bytes.Buffer
	root := newRootCmd(realAWS)
	show := &cobra.Command{Use: "show", RunE: func(cmd *cobra.Command, _ []string) error {
		fmt.Fprint(cmd.OutOrStdout(), statusText(status), planMarkdown(nasty, ops.Plan{Refusal: nasty, Warnings: []string{nasty}}))
		return nil
	}}
	root.AddCommand(show)
	root.SetOut(&out)
	root.SetArgs([]string{"show"})
	require.NoError(t, root.Execute())
	assert.Empty(t, obeyed(out.String()))
	assert.Contains(t, out.String(), `\u001b[2J`)

	o := operateOptions{project: project{progress: &progress, in: strings.NewReader("")}, operation: operation{verb: "failover", warning: "careful"}}
	require.Error(t, o.confirm(t.Context(), status, []ops.Change{{Stack: nasty}}))
	o.say("%s", nasty)
	assert.Empty(t, obeyed(progress.String()))
	assert.Empty(t, obeyed(complaint(nil, errors.New(nasty))))

	log, path, err := openLog(dir, "failover", time.Now())
	require.NoError(t, err)
	log.run().Say(nasty)
	log.close()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Empty(t, obeyed(string(text)))

	v := view{}
	for _, event := range []any{
		ops.Change{Stack: nasty}, report.Step{Name: nasty, Awaits: nasty, Begin: time.Now()}, nasty + ": " + nasty, nasty,
		report.Report{Steps: []report.Step{{Name: nasty, Milestone: report.Milestone(nasty), Begin: time.Now(), End: time.Now()}}},
		report.Step{Name: nasty, Begin: time.Now(), End: time.Now(), Err: nasty},
	} {
		lines := append(v.update(time.Now(), event), v.render(80, 24, time.Now())...)
		assert.Empty(t, obeyed(strings.Join(append(lines, v.leave(time.Now())...), "\n")))
	}
}
