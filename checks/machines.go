package checks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pilotlight-dr/pilotlight/refusal"
)

// Codes of instances that could not be launched.
const (
	TypeNotOffered   = "type-not-offered"
	TypeArchitecture = "type-architecture"
	TypeBootMode     = "type-boot-mode"
	TypesUnseen      = "types-unseen"
)

// InstanceType is one that instances may be launched as.
type InstanceType struct {
	Name string
	// Zones are those of the stack that have it; none when the region does not know it.
	Zones []string
	// Architectures and BootModes are as EC2 words them, such as x86_64 and uefi.
	Architectures, BootModes []string
	VCPUs                    int
}

// unfit is why an image can't be launched as the type; the zero value when it can, or when that
// is not known.
func (t InstanceType) unfit(i *Image, p Policy) refusal.Blocker {
	switch {
	case len(t.Zones) == 0:
		return block(TypeNotOffered, orAcceptStandby("set app.instanceType to one that EC2 has there, or add a zone that has it at the end of network.zones", p),
			"EC2 does not offer %s in %s", t.Name, join(p.Zones, "or"))
	case i == nil: // which is a blocker itself
	case i.Architecture != "" && len(t.Architectures) > 0 && !slices.Contains(t.Architectures, i.Architecture):
		return block(TypeArchitecture, fmt.Sprintf("set app.instanceType to one for %s, or app.image to an image for %s", i.Architecture, t.Architectures[0]),
			"image %s is for %s, and %s is %s", i.ID, i.Architecture, t.Name, join(t.Architectures, "or"))
	// uefi-preferred starts on every type, and an image that names no mode has the type's own.
	case slices.Contains([]string{"uefi", "legacy-bios"}, i.BootMode) && len(t.BootModes) > 0 && !slices.Contains(t.BootModes, i.BootMode):
		return block(TypeBootMode, fmt.Sprintf("set app.instanceType to one that boots by %s, or app.image to an image of boot mode uefi-preferred", i.BootMode),
			"image %s boots by %s, and %s by %s alone", i.ID, i.BootMode, t.Name, join(t.BootModes, "or"))
	}
	return refusal.Blocker{}
}

// machines finds out whether there is a type that the image starts on, in any of the zones. The
// group takes what it can get.
func machines(s Snapshot, p Policy) (all []refusal.Blocker) {
	for _, t := range s.Types {
		b := t.unfit(s.Image, p)
		if b.Code == "" {
			return nil
		}
		all = append(all, b)
	}
	return all
}

func seenOfMachines(s Snapshot, p Policy) string {
	var seen []string
	for _, t := range s.Types {
		b := t.unfit(s.Image, p)
		switch {
		case b.Code != "":
			seen = append(seen, b.Reason)
		case len(t.Zones) < len(p.Zones):
			seen = append(seen, fmt.Sprintf("EC2 offers %s in %s alone", t.Name, join(t.Zones, "and")))
		default:
			seen = append(seen, fmt.Sprintf("EC2 offers %s in %s", t.Name, join(t.Zones, "and")))
		}
	}
	return strings.Join(seen, "; ")
}
