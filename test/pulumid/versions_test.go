package pulumid_test

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestVersionsMoveTogether: the server is built from the modules that the engine is
// built from, or they would not share what is compiled.
func TestVersionsMoveTogether(t *testing.T) {
	t.Parallel()
	modules := func(path string) []string {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		found := regexp.MustCompile(`(?m)^\t\S+ v\S+`).FindAllString(string(text), -1)
		slices.Sort(found)
		return found
	}
	assert.Equal(t, modules("../../ops/engine/engine.mod"), modules("server/go.mod"))
	engine, err := os.ReadFile("../../ops/engine/engine.sum")
	require.NoError(t, err)
	server, err := os.ReadFile("server/go.sum")
	require.NoError(t, err)
	assert.Equal(t, string(engine), string(server))
}
