package readiness

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/ops"
)

// elsewhere are the codes that no condition has, and why. What holds them stands behind the reason.
var elsewhere = map[string]string{
	checks.ControlPlaneLost: "of shapes, which TestEachRowIsNeeded tries, too",
	checks.ProductionServes: "it is as it should be while production lives (checks: TestBlockers)",
	checks.ReplicaReceives:  "it is as it should be while production lives (checks: TestBlockers)",
	checks.ProductionSilent: "of an abort (checks: TestNotToGiveUp)",
	checks.AlreadyServing:   "of an abort (checks: TestNotToGiveUp)",
	checks.FreezeUnseen:     "of a switchover (checks: TestPlannedActivation)",
	checks.ReplicaNotInStep: "of a switchover, and of a former database (checks: TestNotInStep)",
	checks.NameTaken:        "of a site's first activation (checks: TestName)",
	checks.FactUnknown:      "the simulated AWS tells all (failover: TestFactsLeftOut)",
	checks.Drifted:          "of --drift (test: TestDrift)",
	ops.EngineMissing:       "the tests have an engine (ops: TestEngineMissing)",
	ops.StateInRegion:       "the worlds' states are in files (ops: TestWhereTheStateLies)",
}

// TestEachCodeHasAWorld: each code that check may say is a condition's, or of elsewhere.
func TestEachCodeHasAWorld(t *testing.T) {
	t.Parallel()
	said := map[string]bool{}
	for _, c := range conditions {
		for _, code := range c.codes {
			said[code] = true
		}
	}
	documented, ofCheck := codesOfCheck(t)
	for _, code := range ofCheck {
		_, known := elsewhere[code]
		assert.NotEqual(t, said[code], known, "%s: give it a condition, or a reason in elsewhere, and not both", code)
	}
	assert.Subset(t, documented, slices.Collect(maps.Keys(said)))
	assert.Subset(t, ofCheck, slices.Collect(maps.Keys(elsewhere)))
}

// codesOfCheck are the codes that docs/codes.md has of refusals, of a change of role and of check. Of check are the last two, and those of
// refusals that package ops makes requirements of.
func codesOfCheck(t *testing.T) (documented, ofCheck []string) {
	t.Helper()
	read := func(names ...string) string {
		text, err := os.ReadFile(filepath.Join(append([]string{"..", ".."}, names...)...))
		require.NoError(t, err)
		return string(text)
	}
	below := func(heading string) (codes []string) {
		_, tables, found := strings.Cut(read("docs", "codes.md"), "\n## "+heading+"\n")
		require.True(t, found)
		for _, row := range regexp.MustCompile("(?m)^\\| (`[a-z-]+`(?:, `[a-z-]+`)*) \\|").FindAllStringSubmatch(tables, -1) {
			codes = append(codes, strings.Split(strings.ReplaceAll(row[1], "`", ""), ", ")...)
		}
		return codes
	}
	documented, ofCheck = below("Why a command did nothing, or not all"), below("What a change of role refuses")
	files, err := fs.Glob(os.DirFS("../../ops"), "*.go")
	require.NoError(t, err)
	refusals := read("refusal", "codes.go")
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		for _, used := range regexp.MustCompile(`Requirement\{.*Code: refusal\.(Code\w+)`).FindAllStringSubmatch(read("ops", name), -1) {
			value := regexp.MustCompile(used[1] + ` += "([a-z-]+)"`).FindStringSubmatch(refusals)
			require.NotNil(t, value, used[1])
			ofCheck = append(ofCheck, value[1])
		}
	}
	return documented, ofCheck
}
