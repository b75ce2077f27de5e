package roles

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseClaim(t *testing.T) {
	t.Parallel()
	want := Claim{Role: Active, Epoch: 2, Reason: ReasonFailover, Generation: Generation{Number: 1, Origin: OriginReplica, Source: "arn"}, Serial: 3}
	got, err := ParseClaim(want.text())
	require.NoError(t, err)
	assert.Equal(t, want, got)
	for name, text := range map[string]string{
		"no claim":              "2",
		"the earlier program's": `{"role":"active","epoch":1,"generation":{"number":1,"birth":"primary"},"serial":1}`,
	} {
		_, err := ParseClaim(text)
		assert.ErrorContains(t, err, "this version of pilotlight did not write it: use the version that deployed the site", name)
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	for _, p := range []Progress{Claimed, Promoted, Switched} {
		text, err := json.Marshal(p)
		require.NoError(t, err)
		var read Progress
		require.NoError(t, json.Unmarshal(text, &read))
		assert.Equal(t, p, read)
	}
	assert.ErrorContains(t, json.Unmarshal([]byte(`"done"`), new(Progress)), `unknown progress "done"`)
}

// TestAccept holds that a risk counts for the epoch that it was accepted for, and is then kept.
func TestAccept(t *testing.T) {
	t.Parallel()
	active, standby := Claim{Role: Active, Epoch: 2}, Claim{Role: Standby, Epoch: 2}
	kept := active
	kept.Accepted = []string{"acceptStandby"}
	loss, both := []string{"acceptDataLoss"}, []string{"acceptStandby", "acceptDataLoss"}
	for name, tc := range map[string]struct {
		claim    Claim
		accepted Accepted
		want     []string
		ignored  []Risk
	}{
		"none":                  {active, Accepted{}, nil, nil},
		"for this epoch":        {active, Accepted{DataLoss: 2}, loss, nil},
		"for an earlier one":    {active, Accepted{DataLoss: 1}, nil, []Risk{{"acceptDataLoss", 1}}},
		"for a later one":       {active, Accepted{DataLoss: 2, IgnoreProduction: 3}, loss, []Risk{{"ignoreProduction", 3}}},
		"beside one":            {kept, Accepted{DataLoss: 2}, both, nil},
		"again":                 {kept, Accepted{Standby: 2}, kept.Accepted, nil},
		"by a standby":          {standby, Accepted{DataLoss: 2}, nil, []Risk{{"acceptDataLoss", 2}}},
		"kept, and not renewed": {kept, Accepted{}, kept.Accepted, nil},
	} {
		got, ignored := tc.claim.Accept(tc.accepted)
		assert.Equal(t, tc.want, got.Accepted, name)
		assert.Equal(t, tc.ignored, ignored, name)
	}
	assert.Equal(t, []string{"acceptStandby"}, kept.Accepted, "the claim before is as it was")
}
