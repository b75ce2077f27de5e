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
	Architecture string `json:"architecture"`
	BootMode     string `json:"bootMode,omitempty"`
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
}

// image finds a machine image, unless a fault hides them all.
func (w *World) image(region, id string) (Image, bool) {
	if w.fault("image", is("missing")) != nil {
		return Image{}, false
	}
	i, ok := w.state.Images[region+"|"+id]
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
		id = parameterValue(parameter)
	}
	image, ok := w.image(region, id)
	if !ok {
		return image, fmt.Sprintf("The image id '[%s]' does not exist", id)
	}
	return image, ""
}
