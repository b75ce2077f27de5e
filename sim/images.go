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
}

// AddImage puts a machine image into a region.
func (w *World) AddImage(region, id string, created time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state.Images[region+"|"+id] = Image{ID: id, Created: created}
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
	return i, ok
}

// launchImage resolves a template's image, through Parameter Store where the
// template says so, and tells why it can't be launched.
func (w *World) launchImage(region string, template *Object) (id, problem string) {
	id = template.text("imageId")
	if name, byParameter := strings.CutPrefix(id, "resolve:ssm:"); byParameter {
		name, _, _ = strings.Cut(name, ":") // a version may follow
		parameter := w.find(parameterType, region, name)
		if parameter == nil {
			return id, fmt.Sprintf("The parameter %s does not exist", name)
		}
		id = parameterValue(parameter)
	}
	if _, ok := w.image(region, id); !ok {
		return id, fmt.Sprintf("The image id '[%s]' does not exist", id)
	}
	return id, ""
}
