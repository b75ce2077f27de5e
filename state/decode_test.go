package state

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDecode holds that a state is read or refused, and that what reads its URNs meets no malformed one: the SDK panics on that.
func TestDecode(t *testing.T) {
	t.Parallel()
	const asset = `{"4dabf18193072939515e22adb298388d": "0def7320c3a5731c473e5ecbe6d01bc7", "hash": "aa"}` // a refresh leaves no more of a function's package
	for text, fails := range map[string]string{
		"":  "",
		"{": "reading a stack's state: unexpected end of JSON input",
		`{"resources": [{"urn": "urn:pulumi:dr::p::t::a", "outputs": {"code": ` + asset + `}}]}`:        "",
		`{"resources": [{"urn": "urn:pulumi:dr::p::a"}]}`:                                               "reading a stack's state: invalid URN",
		`{"resources": [{"id": "i-1"}]}`:                                                                "reading a stack's state: missing required URN",
		`{"pending_operations": [{"type": "creating", "resource": {"urn": "dr"}}]}`:                     "reading a stack's state: invalid URN",
		`{"resources": [{"urn": "urn:pulumi:dr::p::t::a", "created": "yesterday"}]}`:                    "reading a stack's state: parsing time",
		`{"resources": [{"urn": "urn:pulumi:dr::p::pilotlight:stacks:Site$t::a::b", "unknown": true}]}`: "",
	} {
		held, err := Decode([]byte(text))
		if fails == "" {
			require.NoError(t, err, text)
			_, err = Of(held)
			require.NoError(t, err, text)
			continue
		}
		assert.ErrorContains(t, err, fails, text)
		_, err = Parse([]byte(text))
		assert.ErrorContains(t, err, fails, text)
	}
	_, err := Parse([]byte(`{"secrets_providers": {"type": "cloud", "state": {"encryptedkey": 1}}}`))
	assert.ErrorContains(t, err, "reading a stack's state: ")
}
