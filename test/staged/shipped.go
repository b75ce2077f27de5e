package staged

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
)

// Shipped is a folder with the sample files at the root of this repository, unchanged
// but for the images. root leads there from the test's own package.
func Shipped(t *testing.T, root string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, image := range map[string]string{
		"Pulumi.yaml":                        "",
		config.FileName(scenario.Production): scenario.ProductionImage,
		config.FileName(scenario.Recovery):   scenario.RecoveryImage,
	} {
		text, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		shipped := strings.ReplaceAll(string(text), "ami-00000000000000000", image)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(shipped), 0o600))
	}
	return dir
}
