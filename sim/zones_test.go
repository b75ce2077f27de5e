package sim_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
)

// TestRecordsThatConflict: an overwrite replaces a record of the same type, and no other.
func TestRecordsThatConflict(t *testing.T) {
	t.Parallel()
	const typ = "aws:route53/record:Record"
	record := func(name, kind string, more props) props {
		return with(props{"zoneId": "Z1", "name": name, "type": kind, "ttl": 60, "records": []any{"192.0.2.1"}, "allowOverwrite": true}, more)
	}
	w := newWorld(t)
	w.AddZone("Z1", "example.com")
	create(t, w, home, typ, "cname", record("www", "CNAME", nil))
	create(t, w, home, typ, "one", record("api", "A", props{"setIdentifier": "one", "weightedRoutingPolicies": []any{props{"weight": 1}}}))
	create(t, w, home, typ, "plain", record("blog", "A", nil))
	for name, tc := range map[string]struct {
		inputs props
		says   string
	}{
		"beside a CNAME":        {record("www", "A", nil), "RRSet of type A with DNS name www.example.com. is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists"},
		"a CNAME beside it":     {record("blog", "CNAME", nil), "a conflicting RRSet of type A with the same DNS name"},
		"simple beside routed":  {record("api", "A", nil), "SetIdentifier null cannot be created as other RRSets exist with the same name and type"},
		"another routed one":    {record("api", "A", props{"setIdentifier": "two"}), ""},
		"another type":          {record("blog", "AAAA", nil), ""},
		"the same, overwritten": {record("blog", "A", nil), ""},
	} {
		_, err := w.Create(t.Context(), sim.Call{Region: home, Type: typ, Name: name, Inputs: tc.inputs})
		if tc.says == "" {
			assert.NoError(t, err, name)
			continue
		}
		require.Error(t, err, name)
		assert.Equal(t, "InvalidChangeBatch", codeOf(err), name)
		assert.ErrorContains(t, err, tc.says, name)
	}
}
