package sim

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// A VolumeSnapshot is what a copied image is made of.
type VolumeSnapshot struct {
	ID   string            `json:"id"`
	Made time.Time         `json:"made"`
	Tags map[string]string `json:"tags,omitempty"`
	Key  string            `json:"key,omitempty"` // ARN of the customer's key that encrypts it
}

// OwnImages lists a region's images that have all of some tags, with the values that are given, by their ids.
func (w *World) OwnImages(region string, tags map[string]string) (found []Image) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for key := range w.state.Images {
		place, id, _ := strings.Cut(key, "|")
		if i, there := w.image(region, id); place == region && there && hasTags(i.Tags, tags) {
			found = append(found, i)
		}
	}
	slices.SortFunc(found, func(a, b Image) int { return cmp.Compare(a.ID, b.ID) })
	return found
}

// hasTags reports whether there are all of some tags; an empty value stands for any.
func hasTags(tags, wanted map[string]string) bool {
	for key, value := range wanted {
		if got, there := tags[key]; !there || value != "" && got != value {
			return false
		}
	}
	return true
}

// An ImageCopy is what CopyImage is asked for.
type ImageCopy struct {
	From, Image, Name, Token string
	Minutes                  int // within which it has to be there; 0 for no limit
	Tags, SnapshotTags       map[string]string
}

// CopyImage begins a copy, and answers at once. A request with the token of an earlier one is that one
// (EC2 API Reference, "Ensuring idempotency"). A name is of one image in a region (CreateImage: InvalidAMIName.Duplicate).
func (w *World) CopyImage(region string, c ImageCopy) (id string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	source, found := w.image(c.From, c.Image)
	switch {
	case !found:
		return "", refuse("InvalidAMIID.NotFound", "The image id '[%s]' does not exist", c.Image)
	case source.State != "" && source.State != "available":
		return "", refuse("InvalidAMIID.Unavailable", "The image ID '%s' is not available", c.Image)
	case c.Minutes != 0 && (c.Minutes < 15 || c.Minutes > 2880 || c.Minutes%15 != 0):
		return "", refuse("InvalidParameterValue", "Value (%d) for parameter SnapshotCopyCompletionDurationMinutes is invalid", c.Minutes)
	}
	for key, i := range w.state.Images {
		switch place, _, _ := strings.Cut(key, "|"); {
		case place != region:
		case i.Token == c.Token && c.Token != "":
			return i.ID, nil
		case i.Name == c.Name:
			return "", refuse("InvalidAMIName.Duplicate", "AMI name %s is already in use by AMI %s", c.Name, i.ID)
		}
	}
	now := w.clock.Now()
	takes := w.Duration(region, "ec2:CopyImage", c.Name)
	if c.Minutes > 0 {
		takes = min(takes, time.Duration(c.Minutes)*time.Minute)
	}
	w.state.Made["image "+region]++
	number := fmt.Sprint(w.state.Made["image "+region])
	made := source
	made.ID, made.Name, made.Created, made.Ready, made.Token = fmt.Sprintf("ami-0%016x", w.hash("image", region, number)), c.Name, now, now.Add(takes), c.Token
	made.Tags, made.Snapshot = maps.Clone(c.Tags), fmt.Sprintf("snap-0%016x", w.hash("snapshot", region, number))
	made.Key = w.state.VolumeKeys[region] // CopyImage encrypts with the default key where it is given none
	done := "available"
	if w.fault("image", is("uncopied")) != nil {
		made.State, done = "failed", "failed"
	}
	w.state.Images[region+"|"+made.ID] = made
	w.state.Snapshots[region+"|"+made.Snapshot] = VolumeSnapshot{ID: made.Snapshot, Made: now, Tags: maps.Clone(c.SnapshotTags), Key: made.Key}
	w.imageEvent(region, made.ID, done, made.Ready)
	return made.ID, nil
}

// TagImage adds tags to an image or snapshot.
func (w *World) TagImage(region, id string, tags map[string]string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := region + "|" + id
	i, found := w.state.Images[key]
	if !found {
		return refuse("InvalidAMIID.NotFound", "The image id '[%s]' does not exist", id)
	}
	i.Tags = maps.Clone(i.Tags)
	if i.Tags == nil {
		i.Tags = map[string]string{}
	}
	maps.Copy(i.Tags, tags)
	w.state.Images[key] = i
	return nil
}

// Break has instances that start from an image from now on never get healthy.
func (w *World) Break(region, id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	image := w.state.Images[region+"|"+id]
	image.Broken = true
	w.state.Images[region+"|"+id] = image
}

// DeregisterImage ends an image. Its snapshot stays.
func (w *World) DeregisterImage(region, id string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, found := w.state.Images[region+"|"+id]; !found {
		return refuse("InvalidAMIID.NotFound", "The image id '[%s]' does not exist", id)
	}
	delete(w.state.Images, region+"|"+id)
	return nil
}

// VolumeSnapshots lists a region's snapshots that have all of some tags, by their ids.
func (w *World) VolumeSnapshots(region string, tags map[string]string) (found []VolumeSnapshot) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for key, s := range w.state.Snapshots {
		if place, _, _ := strings.Cut(key, "|"); place == region && hasTags(s.Tags, tags) {
			found = append(found, s)
		}
	}
	slices.SortFunc(found, func(a, b VolumeSnapshot) int { return cmp.Compare(a.ID, b.ID) })
	return found
}

// DeleteVolumeSnapshot ends a snapshot that no image needs.
func (w *World) DeleteVolumeSnapshot(region, id string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, found := w.state.Snapshots[region+"|"+id]; !found {
		return refuse("InvalidSnapshot.NotFound", "The snapshot '%s' does not exist.", id)
	}
	for key, i := range w.state.Images {
		if place, _, _ := strings.Cut(key, "|"); place == region && i.Snapshot == id {
			return refuse("InvalidSnapshot.InUse", "The snapshot %s is currently in use by %s", id, i.ID)
		}
	}
	delete(w.state.Snapshots, region+"|"+id)
	return nil
}

// PutParameter writes the value of a parameter that is there.
func (w *World) PutParameter(region, name, value string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.find(parameterType, region, name)
	if o == nil {
		return ErrNotModelled // an instance or a function makes none
	}
	if was := parameterValue(o); was != value {
		o.Former = append(o.Former, Former{was, w.clock.Now()})
	}
	o.Props["insecureValue"], o.Props["value"], o.Props["version"] = value, value, float64(o.number("version")+1)
	return nil
}
