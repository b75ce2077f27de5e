package sim_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
)

func TestInstanceTypes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, want := range map[string]sim.InstanceType{
		"t3.medium":   {Architectures: []string{"x86_64"}, BootModes: []string{"legacy-bios", "uefi"}, VCPUs: 2},
		"m6i.2xlarge": {Architectures: []string{"x86_64"}, BootModes: []string{"legacy-bios", "uefi"}, VCPUs: 8},
		"m4.xlarge":   {Architectures: []string{"x86_64"}, BootModes: []string{"legacy-bios"}, VCPUs: 4},
		"c7gn.medium": {Architectures: []string{"arm64"}, BootModes: []string{"uefi"}, VCPUs: 1},
	} {
		want.Name = name
		assert.Equal(t, []sim.InstanceType{want}, w.InstanceTypes(home, []string{name}))
	}
	assert.Empty(t, w.InstanceTypes(home, []string{"large"}))

	w.AddAvailabilityZone(home, home+"f")
	fault, err := sim.ParseFault("offer=" + home + "a:t3.medium")
	require.NoError(t, err)
	require.NoError(t, w.Inject(fault))
	offers := w.Offers(home, []string{"t3.medium"})
	assert.NotContains(t, offers, sim.Offer{Type: "t3.medium", Zone: home + "a"})
	assert.Contains(t, offers, sim.Offer{Type: "t3.medium", Zone: home + "f"}, "a zone that was opened later")

	w.AddImageFor(home, "ami-arm", sim.Epoch, "t4g.medium")
	images, err := w.ImagesNamed(home, []string{"ami-arm"})
	require.NoError(t, err)
	assert.Equal(t, "arm64", images[0].Architecture)
}
