package wire

import (
	"cmp"
	"encoding/xml"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/pilotlight-dr/pilotlight/sim"
)

type imagesXML struct {
	XMLName xml.Name   `xml:"imagesSet"`
	Items   []imageXML `xml:"item"`
}

type imageXML struct {
	ID      string `xml:"imageId"`
	State   string `xml:"imageState"`
	Created string `xml:"creationDate"`
	Root    string `xml:"rootDeviceName"`

	Architecture string `xml:"architecture"`
	BootMode     string `xml:"bootMode,omitempty"`

	Name string      `xml:"name,omitempty"`
	Tags []ec2TagXML `xml:"tagSet>item,omitempty"`

	Devices []deviceXML `xml:"blockDeviceMapping>item,omitempty"`
}

type deviceXML struct {
	Name string `xml:"deviceName"`
	Size int    `xml:"ebs>volumeSize"`

	Snapshot string `xml:"ebs>snapshotId,omitempty"`
}

// describeImages finds images by their ids, or the account's own by tags.
func describeImages(r request) (any, error) {
	var found []sim.Image
	tags, others := r.in.tagFilters()
	switch ids := r.in.list("ImageId"); {
	case len(others) > 0:
		return nil, unmodelled("the filter %s of DescribeImages is not modelled by the simulator", others[0])
	case len(ids) > 0 && len(tags) == 0:
		var err error
		if found, err = r.world.ImagesNamed(r.region, ids); err != nil {
			return nil, err
		}
	case len(tags) > 0 && r.in.text("Owner.1") == "self":
		found = r.world.OwnImages(r.region, tags)
	default:
		return nil, unmodelled("DescribeImages without image ids, or tags and owner, is not modelled by the simulator")
	}
	var out imagesXML
	for _, i := range found {
		image := imageXML{
			ID: i.ID, State: cmp.Or(i.State, "available"), Created: i.Created.UTC().Format(time.RFC3339), Root: "/dev/xvda", Architecture: i.Architecture, BootMode: i.BootMode,
			Name: i.Name, Tags: ec2Tags(i.Tags),
		}
		if i.RootGiB > 0 || i.Snapshot != "" {
			image.Devices = append(image.Devices, deviceXML{Name: image.Root, Size: cmp.Or(i.RootGiB, 8), Snapshot: i.Snapshot})
		}
		out.Items = append(out.Items, image)
	}
	return out, nil
}

func ec2Tags(tags map[string]string) (list []ec2TagXML) {
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, ec2TagXML{key, tags[key]})
	}
	return list
}

type copiedXML struct {
	XMLName xml.Name `xml:"imageId"`
	ID      string   `xml:",chardata"`
}

func copyImage(r request) (any, error) {
	minutes, err := strconv.Atoi(cmp.Or(r.in.text("SnapshotCopyCompletionDurationMinutes"), "0"))
	if err != nil {
		return nil, malformed("SnapshotCopyCompletionDurationMinutes")
	}
	tags := r.in.tagSpecifications()
	id, err := r.world.CopyImage(r.region, sim.ImageCopy{
		From: r.in.text("SourceRegion"), Image: r.in.text("SourceImageId"), Name: r.in.text("Name"), Token: r.in.text("ClientToken"), Minutes: minutes,
		Tags: tags["image"], SnapshotTags: tags["snapshot"],
	})
	return copiedXML{ID: id}, err
}

type volumeSnapshotsXML struct {
	XMLName xml.Name            `xml:"snapshotSet"`
	Items   []volumeSnapshotXML `xml:"item"`
}

type volumeSnapshotXML struct {
	ID    string      `xml:"snapshotId"`
	Made  string      `xml:"startTime"`
	Tags  []ec2TagXML `xml:"tagSet>item"`
	Owner string      `xml:"ownerId"`
	Key   string      `xml:"kmsKeyId,omitempty"`
}

// defaultKeyXML is what encrypts volumes: AWS's own key has its alias there.
type defaultKeyXML struct {
	XMLName xml.Name `xml:"kmsKeyId"`
	Key     string   `xml:",chardata"`
}

// describeVolumeSnapshots finds snapshots by their ids, or the account's own by tags.
func describeVolumeSnapshots(r request) (any, error) {
	tags, others := r.in.tagFilters()
	if ids := r.in.list("SnapshotId"); len(ids) > 0 && len(tags)+len(others) == 0 {
		return shownSnapshots(r, slices.DeleteFunc(r.world.VolumeSnapshots(r.region, nil), func(s sim.VolumeSnapshot) bool { return !slices.Contains(ids, s.ID) })), nil
	}
	if len(others) > 0 || len(tags) == 0 || r.in.text("Owner.1") != "self" {
		return nil, unmodelled("DescribeSnapshots by anything but tags and owner is not modelled by the simulator")
	}
	return shownSnapshots(r, r.world.VolumeSnapshots(r.region, tags)), nil
}

func shownSnapshots(r request, all []sim.VolumeSnapshot) (out volumeSnapshotsXML) {
	for _, s := range all {
		out.Items = append(out.Items, volumeSnapshotXML{ID: s.ID, Made: s.Made.UTC().Format(time.RFC3339), Tags: ec2Tags(s.Tags), Owner: r.world.Account(), Key: s.Key})
	}
	return out
}
