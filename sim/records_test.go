package sim_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pilotlight-dr/pilotlight/sim"
)

// TestSetRecord has a person move a name, at AWS and elsewhere.
func TestSetRecord(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"Z1", ""} {
		w := sim.New(1)
		w.AddZone("Z1", "example.com")
		_, ok := w.Resolve("www.example.com")
		assert.False(t, ok)
		for _, target := range []string{"192.0.2.1", "blog.eu-west-1.elb.amazonaws.com", "192.0.2.2"} {
			w.SetRecord("eu-west-1", zone, "www.example.com", target)
			found, _ := w.Resolve("www.example.com")
			assert.Equal(t, target, found, "what was there before is gone")
		}
		w.Close()
	}
}
