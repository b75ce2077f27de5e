package checks

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLagInSeconds holds the form that status and reports give it, and read again.
func TestLagInSeconds(t *testing.T) {
	t.Parallel()
	lag := Lag{Value: 1500 * time.Millisecond, At: noon}
	text, err := json.Marshal(lag)
	require.NoError(t, err)
	assert.JSONEq(t, `{"behindSeconds": 1.5, "at": "2026-03-01T12:00:00Z"}`, string(text))
	var read Lag
	require.NoError(t, json.Unmarshal(text, &read))
	assert.Equal(t, lag, read)
}
