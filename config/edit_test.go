package config

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSettings(t *testing.T) {
	t.Parallel()
	const before = `# The pilot light.
config:
  aws:region: us-east-2
  pilotlight:role: standby # the switch
  pilotlight:abort: 2
  pilotlight:app:
    image: ami-0123456789abcdef0 # production's
encryptionsalt: v1:abc
`
	after, err := Settings{"role": "active", "acceptDataLoss": 3, "abort": nil}.Apply([]byte(before))
	require.NoError(t, err)
	assert.Equal(t, `# The pilot light.
config:
  aws:region: us-east-2
  pilotlight:role: active # the switch
  pilotlight:app:
    image: ami-0123456789abcdef0 # production's
  pilotlight:acceptDataLoss: 3
encryptionsalt: v1:abc
`, string(after))

	same, err := Settings{"acceptDataLoss": nil}.Apply(after)
	require.NoError(t, err)
	assert.NotContains(t, string(same), "acceptDataLoss", "what was said for one change is over with it")
	assert.Contains(t, string(same), "role: active")

	for text, says := range map[string]string{"": "empty", "a: 1\n": "no config", "config: [1]\n": "no config", "config: {": "yaml"} {
		_, err := Settings{"acceptDataLoss": nil}.Apply([]byte(text))
		assert.ErrorContains(t, err, says, text)
	}
}
