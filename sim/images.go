package sim

import (
	"fmt"
	"strings"
	"time"
)

// An Image is a machine image of a region.
type Image struct {
	ID      string    `json:"id"`
	Created time.Time `json:"created"`
	// Architecture is x86_64 or arm64; BootMode is empty where the image names none.
	Architecture string            `json:"architecture"`
	BootMode     string            `json:"bootMode,omitempty"`
	Name         string            `json:"name,omitempty"`
	Tags         map[string]string `json:"tags,omitempty"`
	// Ready is when a copy will be there; zero for what is not being copied. Token is the request's that made it.
	Ready time.Time `json:"ready,omitzero"`
	Token string    `json:"token,omitempty"`
	// Snapshot is the id of the snapshot of the root volume of a copy, and Key the ARN of the key that encrypts that; empty for AWS's own
	// or none.
	Snapshot string `json:"snapshot,omitempty"`
	Key      string `json:"key,omitempty"`
	// Broken reports that an instance which starts from it never gets healthy.
	Broken bool `json:"broken,omitempty"`
	// State is empty for available; RootGiB is the size of the snapshot of its root volume, 0 for a small one.
	State   string `json:"state,omitempty"`
	RootGiB int    `json:"rootGiB,omitempty"`
}

// AddImage puts a machine image into a region: one as Amazon Linux 2023 is for x86_64.
func (w *World) AddImage(region, id string, created time.Time) {
	w.PutImage(region, Image{ID: id, Created: created, Architecture: "x86_64", BootMode: "uefi-preferred"})
}

// AddImageFor puts a machine image into a region that runs on an instance type.
func (w *World) AddImageFor(region, id string, created time.Time, name string) {
	image := Image{ID: id, Created: created, Architecture: "x86_64"}
	if t, ok := instanceType(name); ok {
		image.Architecture = t.Architectures[0]
	}
	w.PutImage(region, image)
}

// PutImage puts a machine image into a region, in place of one with the same id.
func (w *World) PutImage(region string, image Image) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state.Images[region+"|"+image.ID] = image
	if image.State == "" || image.State == "available" {
		w.imageEvent(region, image.ID, "available", w.clock.Now())
	}
}

// image finds a machine image, unless a fault hides them all.
func (w *World) image(region, id string) (Image, bool) {
	if w.fault("image", is("missing")) != nil {
		return Image{}, false
	}
	i, ok := w.state.Images[region+"|"+id]
	if ok && !i.Ready.IsZero() && w.clock.Now().Before(i.Ready) {
		i.State = "pending"
	}
	if w.fault("image", is("old")) != nil {
		i.Created = i.Created.AddDate(-1, 0, 0)
	}
	if w.fault("image", is("arm64")) != nil {
		i.Architecture = "arm64"
	}
	if w.fault("image", is("uefi")) != nil {
		i.BootMode = "uefi"
	}
	return i, ok
}

// rootGiB is the size that a launch template gives the root volume; 0 for none.
func rootGiB(template *Object) int {
	devices, _ := template.Props["blockDeviceMappings"].([]any)
	for _, device := range devices {
		mapping, _ := device.(map[string]any)
		volume, _ := mapping["ebs"].(map[string]any)
		if size, ok := volume["volumeSize"].(float64); ok {
			return int(size)
		}
	}
	return 0
}

// launchImage resolves a template's image, through Parameter Store where the
// template says so, and tells why it can't be launched.
func (w *World) launchImage(region string, template *Object) (image Image, problem string) {
	id := template.text("imageId")
	if name, byParameter := strings.CutPrefix(id, "resolve:ssm:"); byParameter {
		name, _, _ = strings.Cut(name, ":") // a version may follow
		parameter := w.find(parameterType, region, name)
		if parameter == nil {
			return image, fmt.Sprintf("The parameter %s does not exist", name)
		}
		id = w.parameterShown(parameter)
	}
	image, ok := w.image(region, id)
	if !ok {
		return image, fmt.Sprintf("The image id '[%s]' does not exist", id)
	}
	// Both in EC2's words (EC2 User Guide, "Error codes for the Amazon EC2 API": InvalidAMIID.Unavailable,
	// InvalidBlockDeviceMapping; hashicorp/terraform-provider-aws#4570).
	if image.State != "" && image.State != "available" {
		return image, fmt.Sprintf("The image ID '%s' is not available", id)
	}
	if size := rootGiB(template); size > 0 && size < image.RootGiB {
		return image, fmt.Sprintf("Volume of size %dGB is smaller than snapshot of image '%s', expect size >= %dGB", size, id, image.RootGiB)
	}
	return image, ""
}
