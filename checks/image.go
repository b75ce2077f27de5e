package checks

import (
	"fmt"
	"time"

	"github.com/pilotlight-dr/pilotlight/refusal"
)

// image finds out whether instances can be launched, and are not of another time.
func image(s Snapshot, p Policy) (all []refusal.Blocker) {
	all = startable(s, p)
	if i := s.Image; i != nil && !i.Made.IsZero() && !p.PeerImage.IsZero() && p.PeerImage.Sub(i.Made) > p.MaxImageAge {
		remedy := "set app.image to a copy of production's"
		if p.Image == "" {
			remedy = "bring production's here (pilotlight images sync)"
		}
		all = append(all, block(ImageOld, orAcceptStandby(remedy, p), "image %s was made %s before production's, more than the %s allowed",
			i.ID, age(p.PeerImage.Sub(i.Made)), age(p.MaxImageAge)))
	}
	return all
}

// startable finds out whether instances can be launched from the image, of whatever age it is.
func startable(s Snapshot, p Policy) (all []refusal.Blocker) {
	i := s.Image
	switch {
	case s.Unread.Image != "":
		return []refusal.Blocker{block(ImageUnseen, orAcceptStandby(toRead(s.Unread.ImageBusy, "read it (ec2:DescribeImages)"), p),
			"the image in %s could not be read: %s", p.Region, s.Unread.Image)}
	case i == nil && p.Image == "":
		return []refusal.Blocker{block(ImageMissing, "give an image in this region that tag, or set app.image to one",
			"there is no available image with the tag %s in %s", p.ImageTag, p.Region)}
	case i == nil:
		return []refusal.Blocker{block(ImageMissing, "set app.image to an AMI that is in this region", "there is no image %s in %s", p.Image, p.Region)}
	}
	if i.State != "" && i.State != "available" {
		all = append(all, block(ImageState, "wait until it is available, or set app.image to one that is", "image %s is %s", i.ID, i.State))
	}
	if i.RootGiB > p.DiskGiB {
		all = append(all, block(ImageTooLarge, fmt.Sprintf("set app.diskGiB to %d or more", i.RootGiB),
			"the root volume of image %s is of %d GiB, and no instance starts from it with %d", i.ID, i.RootGiB, p.DiskGiB))
	}
	return all
}

// age is a time that may be long: in days and hours, once it has some days.
func age(d time.Duration) string {
	const day = 24 * time.Hour
	switch d = d.Round(time.Minute); {
	case d < 2*day:
		return d.String()
	case d%day < time.Hour:
		return fmt.Sprintf("%dd", d/day)
	}
	return fmt.Sprintf("%dd%dh", d/day, d%day/time.Hour)
}
