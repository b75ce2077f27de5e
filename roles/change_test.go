package roles

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestChange holds that the file, the command and JSON say the same of a change, and that the file keeps
// nothing of an earlier one but the role.
func TestChange(t *testing.T) {
	t.Parallel()
	cleared := map[string]any{"acceptDataLoss": nil, "ignoreProduction": nil, "acceptStandby": nil, "abort": nil, "rebuild": nil, "retire": nil, "acceptNoSnapshot": nil, "rotate": nil, "teardown": nil}
	with := func(set map[string]any) map[string]any {
		all := map[string]any{}
		for key := range cleared {
			all[key] = set[key]
		}
		if role, ok := set["role"]; ok {
			all["role"] = role
		}
		return all
	}
	for name, tc := range map[string]struct {
		change  Change
		set     map[string]any
		command string
		text    string
	}{
		"an update": {Change{Stack: "dr"}, nil, "pulumi up -s dr", `{"stack":"dr"}`},
		"a failover": {
			Change{Stack: "dr", Role: Active, Accepted: Accepted{DataLoss: 2, IgnoreProduction: 3, Standby: 4}},
			map[string]any{"role": "active", "acceptDataLoss": 2, "ignoreProduction": 3, "acceptStandby": 4},
			"pulumi up -s dr -c role=active -c acceptDataLoss=2 -c ignoreProduction=3 -c acceptStandby=4",
			`{"stack":"dr","role":"active","acceptDataLoss":2,"ignoreProduction":3,"acceptStandby":4}`,
		},
		"an end": {
			Change{Stack: "dr", Abort: 5, Rebuild: 2, Retire: 1, Accepted: Accepted{NoSnapshot: 1}, Rotate: "all-2", Teardown: "blog", Destroy: true},
			map[string]any{"abort": 5, "rebuild": 2, "retire": 1, "acceptNoSnapshot": 1, "rotate": "all-2", "teardown": "blog"},
			"pulumi up -s dr -c abort=5 -c rebuild=2 -c retire=1 -c acceptNoSnapshot=1 -c rotate=all-2 -c teardown=blog && pulumi destroy -s dr",
			`{"stack":"dr","abort":5,"rebuild":2,"retire":1,"acceptNoSnapshot":1,"rotate":"all-2","teardown":"blog","destroy":true}`,
		},
	} {
		assert.Equal(t, with(tc.set), tc.change.Settings(), name)
		assert.Equal(t, tc.command, tc.change.String(), name)
		text, err := json.Marshal(tc.change)
		require.NoError(t, err)
		assert.JSONEq(t, tc.text, string(text), name)
	}
}
