package ops

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
)

// TestDrifts holds what is told of a resource that the engine has read again: what the program gave, and none of
// what the provider notes beside it.
func TestDrifts(t *testing.T) {
	t.Parallel()
	notes := func(v map[string]any) map[string]any {
		v["__defaults"] = []any{"scaleIn"}
		return v
	}
	secret := map[string]any{resource.SigKey: resource.SecretSig}
	for name, tc := range map[string]struct {
		made, found any
		says        []string
	}{
		"another value":                 {"on", "off", []string{`Policy cpu: setting is "off", and was "on"`}},
		"gone":                          {"on", nil, []string{`Policy cpu: setting is gone, it was "on"`}},
		"set":                           {nil, 3.0, []string{"Policy cpu: setting is 3, and was not set"}},
		"below notes":                   {notes(map[string]any{"days": 1.0}), notes(map[string]any{"days": 2.0}), []string{`Policy cpu: setting is {"days":2}, and was {"days":1}`}},
		"notes in a list":               {[]any{notes(map[string]any{"days": 1.0})}, []any{map[string]any{"days": 2.0}}, []string{`Policy cpu: setting is [{"days":2}], and was [{"days":1}]`}},
		"notes alone":                   {notes(map[string]any{"days": 1.0}), map[string]any{"days": 1.0}, nil},
		"nothing that the program gave": {nil, nil, nil},
		"a secret":                      {secret, secret, []string{`Policy cpu: setting is another than it was: "[secret]"`}},
		"a long value, at its end":      {strings.Repeat("x", 200) + "a", strings.Repeat("x", 200) + "b", []string{`Policy cpu: setting is another than it was: "` + strings.Repeat("x", 99) + "…"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			state := func(v any) *apitype.StepEventStateMetadata {
				inputs := map[string]any{}
				if v != nil {
					inputs["setting"] = v
				}
				return &apitype.StepEventStateMetadata{Inputs: inputs}
			}
			read := apitype.StepEventMetadata{
				Type: "aws:autoscaling/policy:Policy", URN: "urn:pulumi:dr::pilotlight::aws:autoscaling/policy:Policy::cpu", Op: apitype.OpUpdate,
				Diffs: []string{"setting"}, Old: state(tc.made), New: state(tc.found),
			}
			var says []string
			for _, d := range drifts(read) {
				says = append(says, d.String())
			}
			assert.Equal(t, tc.says, says)
		})
	}
}
