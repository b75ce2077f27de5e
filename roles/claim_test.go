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
		"more than one":         want.text() + want.text(),
		"text after it":         want.text() + "}",
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
