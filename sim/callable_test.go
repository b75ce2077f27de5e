package sim_test

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	_ "github.com/aws/aws-sdk-go-v2/service/elasticache/types" // which only the provider calls, as the next ones
	_ "github.com/aws/aws-sdk-go-v2/service/iam/types"
	_ "github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/wire"
)

// sdkNames are the services that the SDK calls otherwise.
var sdkNames = map[string]string{"logs": "cloudwatchlogs", "elasticloadbalancing": "elasticloadbalancingv2"}

// unlinked are services that the provider alone calls: this module has no SDK of theirs.
var unlinked = []string{"events", "lambda", "sns"}

var errorCode = regexp.MustCompile(`ErrorCodeOverride == nil \{\s+return "([^"]+)"`)

// TestCallable holds that callable.json has the calls that a world can meet, and the error codes of which
// this version of the SDK has types.
func TestCallable(t *testing.T) {
	t.Parallel()
	type service struct {
		Operations string `json:"operations"`
		Codes      string `json:"codes"`
	}
	called := sim.Operations()
	for name, operations := range wire.Operations() {
		called[name] = append(called[name], operations...)
	}
	names := slices.Sorted(maps.Keys(called))
	found := map[string]service{}
	for _, name := range unlinked {
		found[name] = service{Operations: words(called[name])}
	}
	names = slices.DeleteFunc(names, func(name string) bool { return slices.Contains(unlinked, name) })
	args := []string{"list", "-find", "-f", "{{.Dir}}"}
	for _, name := range names {
		sdk := name
		if other, ok := sdkNames[name]; ok {
			sdk = other
		}
		args = append(args, "github.com/aws/aws-sdk-go-v2/service/"+sdk+"/types")
	}
	listed, err := exec.CommandContext(t.Context(), "go", args...).Output()
	require.NoError(t, err)
	dirs := strings.Fields(string(listed)) // in the order of the arguments
	require.Len(t, dirs, len(names))
	for i, name := range names {
		text, err := os.ReadFile(filepath.Join(dirs[i], "errors.go"))
		if !os.IsNotExist(err) { // EC2 has none
			require.NoError(t, err)
		}
		var codes []string
		for _, match := range errorCode.FindAllStringSubmatch(string(text), -1) {
			codes = append(codes, match[1])
		}
		found[name] = service{Operations: words(called[name]), Codes: words(codes)}
	}
	made, err := json.MarshalIndent(found, "", "  ")
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile("callable.json", append(made, '\n'), 0o600))
	}
	kept, err := os.ReadFile("callable.json")
	require.NoError(t, err)
	assert.JSONEq(t, string(made), string(kept), "go test ./sim -run Callable -update writes it anew")
}

// words are sorted, each once.
func words(all []string) string {
	slices.Sort(all)
	return strings.Join(slices.Compact(all), " ")
}
