package checks

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMachines(t *testing.T) {
	t.Parallel()
	zones := Policy{Zones: []string{"us-east-2a", "us-east-2b"}}
	intel := InstanceType{Name: "t3.medium", Zones: zones.Zones, Architectures: []string{"x86_64"}, BootModes: []string{"legacy-bios", "uefi"}, VCPUs: 2}
	old := InstanceType{Name: "t2.medium", Zones: zones.Zones, Architectures: []string{"i386", "x86_64"}, BootModes: []string{"legacy-bios"}}
	graviton := InstanceType{Name: "t4g.medium", Zones: zones.Zones, Architectures: []string{"arm64"}, BootModes: []string{"uefi"}}
	nowhere, half := intel, intel
	nowhere.Zones, half.Zones = nil, zones.Zones[:1]
	image := func(architecture, boot string) *Image {
		return &Image{ID: "ami-1", Architecture: architecture, BootMode: boot}
	}
	for name, tc := range map[string]struct {
		image *Image
		types []InstanceType
		codes []string
		says  string
	}{
		"fits":                         {image("x86_64", "uefi-preferred"), []InstanceType{intel}, nil, "EC2 offers t3.medium in us-east-2a and us-east-2b"},
		"in one zone alone":            {image("x86_64", ""), []InstanceType{half}, nil, "EC2 offers t3.medium in us-east-2a alone"},
		"in no zone":                   {image("x86_64", ""), []InstanceType{nowhere}, []string{TypeNotOffered}, "EC2 does not offer t3.medium in us-east-2a or us-east-2b"},
		"another processor":            {image("x86_64", ""), []InstanceType{graviton}, []string{TypeArchitecture}, "image ami-1 is for x86_64, and t4g.medium is arm64"},
		"UEFI on an old type":          {image("x86_64", "uefi"), []InstanceType{old}, []string{TypeBootMode}, "image ami-1 boots by uefi, and t2.medium by legacy-bios alone"},
		"preferred on an old type":     {image("x86_64", "uefi-preferred"), []InstanceType{old}, nil, "EC2 offers t2.medium"},
		"another one can be had":       {image("x86_64", ""), []InstanceType{nowhere, graviton, old}, nil, "t4g.medium is arm64; EC2 offers t2.medium"},
		"none of several":              {image("arm64", ""), []InstanceType{nowhere, old}, []string{TypeNotOffered, TypeArchitecture}, ""},
		"no image":                     {nil, []InstanceType{intel}, nil, ""},
		"an image of unknown make":     {image("", ""), []InstanceType{graviton}, nil, ""},
		"nothing was asked about them": {image("x86_64", ""), nil, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := Snapshot{Image: tc.image, Types: tc.types}
			var codes []string
			for _, b := range machines(s, zones) {
				codes = append(codes, b.Code)
				assert.NotEmpty(t, b.Remedy)
			}
			assert.Equal(t, tc.codes, codes)
			assert.Contains(t, seenOfMachines(s, zones), tc.says)
		})
	}
}
