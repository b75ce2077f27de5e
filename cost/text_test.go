package cost

import (
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/config"
)

var update = flag.Bool("update", false, "write the golden file anew")

// TestText compares the bill of the sample, with a warm balancer and old MySQL, with a golden file.
func TestText(t *testing.T) {
	t.Parallel()
	s := site(t)
	tax := 0.06
	s.Usage.Tax = &tax
	s.Stacks[1].KeepWarm = []config.WarmPart{config.WarmBalancer}
	s.Stacks[1].Peer.Region = "us-east-1"
	s.Stacks[0].Database.EngineVersion = "8.0"
	bill, err := Of(s)
	require.NoError(t, err)
	const golden = "testdata/bill.golden"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(bill.String()), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), bill.String())
}
