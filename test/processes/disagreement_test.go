package processes

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestFilesThatDisagree changes one value in the file of one stack. Before anything is lost
// check and status name both files, both values and the right one, and a failover is refused.
func TestFilesThatDisagree(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		stack, old, wrong string // an empty stack is both
		says              []string
	}{
		"region of the peer": {
			"prod", "region: us-east-2, cidr", "region: us-east-1, cidr",
			[]string{`peer.region in Pulumi.prod.yaml is "us-east-1"`, `the deployed stack dr has "us-east-2": set it to us-east-2, which is right`},
		},
		"network of the peer": {
			"dr", "cidr: 10.10.0.0/16", "cidr: 10.30.0.0/16",
			[]string{`peer.cidr in Pulumi.dr.yaml is "10.30.0.0/16"`, `the deployed stack prod has "10.10.0.0/16": set it to 10.10.0.0/16`},
		},
		"domain": {
			"dr", "domain: www.example.com", "domain: www.example.org",
			[]string{`domain in Pulumi.dr.yaml is "www.example.org"`, "Pulumi.prod.yaml", `"www.example.com"`},
		},
		"domain in both files, not deployed": {
			"", "domain: www.example.com", "domain: www.example.org", []string{`domain in Pulumi.dr.yaml is "www.example.org"`, `the deployed stack prod has "www.example.com"`},
		},
		"zone": {
			"dr", "zoneId: Z00000000000000000000", "zoneId: Z00000000000000000001",
			[]string{`dns.zoneId in Pulumi.dr.yaml is "Z00000000000000000001"`, `Pulumi.prod.yaml has "Z00000000000000000000"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := newTerminal(t)
			verdict := "unprotected: the two sides of the site do not agree"
			stacks := []string{tc.stack}
			if tc.stack == "" {
				stacks, verdict = []string{"prod", "dr"}, "unprotected: the stacks are not deployed as both files have it"
			}
			for _, stack := range stacks {
				edit(t, filepath.Join(at.dir, "Pulumi."+stack+".yaml"), tc.old, tc.wrong)
			}
			check, status := at.run(t, 3, "check"), at.run(t, 0, "status")
			assert.Contains(t, check, "NO  files")
			assert.Contains(t, status, verdict)
			at.lose(t)
			refusal := at.run(t, 4, "failover --yes")
			for _, words := range tc.says {
				assert.Contains(t, check, words)
				assert.Contains(t, status, words)
				assert.Contains(t, refusal, words)
			}
			assert.NotContains(t, at.run(t, 0, "status"), "epoch 2")
		})
	}
}
