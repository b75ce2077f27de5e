// Package images keeps the machine images of a standby's region in step with those of the region that
// serves: it copies the newest image of a site, points the launch parameter to it, and prunes old copies.
// It runs in a Lambda function beside the standby, and as pilotlight images sync.
package images

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Tags of images and of their snapshots.
const (
	// SiteTag marks an image of a site; its value is the site's name. A person, or what bakes images, sets it.
	SiteTag = "pilotlight:image"
	// CopyTag marks what Sync made: the image that it is a copy of, as region/id.
	CopyTag = "pilotlight:copy-of"
	// MadeTag is when the original of a copy was made, by RFC 3339: a copy's own date is that of copying.
	MadeTag = "pilotlight:made"
	// WithdrawnTag marks a copy whose original was taken back. No instance is launched from it any more.
	WithdrawnTag = "pilotlight:withdrawn"
)

// Package is the file name of the Lambda function that runs Sync, and BuildCommand makes it.
const (
	Package      = "imagesync.zip"
	BuildCommand = "go run github.com/pilotlight-dr/pilotlight/cmd/imagesync/build"
)

// Architecture is the processor that the function is for, and GOARCH is Go's name of it. Lambda has this one in every region,
// and arm64 in most (docs.aws.amazon.com/lambda/latest/dg/foundation-arch.html).
const (
	Architecture = "x86_64"
	GOARCH       = "amd64"
)

// PointerNote describes a launch parameter that follows the newest image: what it holds is no drift.
const PointerNote = "the newest image of the site, kept current by pilotlight images sync"

const (
	// kept is how many copies stay, the newest ones.
	kept = 2
	// tries is how often a copy of one image may fail. After that a person has to look.
	tries = 3
)

// States of an image in EC2 that Sync tells apart. There are more, of which it waits.
const (
	available = "available"
	pending   = "pending"
	failed    = "failed"
)

// An Image is a machine image with a site's tag.
type Image struct {
	ID, Name string
	State    string
	// Made is when it was made; of a copy, when its original was.
	Made time.Time
	// CopyOf is the image that it is a copy of, as region/id; empty for an original.
	CopyOf    string
	Withdrawn bool
	Snapshots []string // ids
}

func (i Image) good() bool { return i.State == available && !i.Withdrawn }

// A Snapshot is of an image that Sync made.
type Snapshot struct {
	ID, CopyOf string
	Made       time.Time
}

// A View is what there is to see of a site's images.
type View struct {
	Now time.Time
	// From and To are the regions: images travel from the one to the other.
	From, To string
	// There are the images in From, and Here those in To.
	There, Here []Image
	// Snapshots are those in To that an earlier Sync made.
	Snapshots []Snapshot
	// InUse are the images in To of which there are instances.
	InUse []string
	// Pointer is the image that the launch parameter names, and Points reports that it follows the newest one.
	Pointer string
	Points  bool
}

// A Plan is what Sync does.
type Plan struct {
	// Newest is the newest image of the region that serves; zero for none. Behind is how long it has not been
	// here, 0 when it is.
	Newest Image
	Behind time.Duration
	// Try has Newest copied now, on the try of that number, from 1; 0 copies nothing.
	Try int
	// GivenUp reports that copying it has failed so often that Sync does not try again.
	GivenUp bool
	// Withdraw are copies whose original was taken back.
	Withdraw []Image
	// Point is the image to point the launch parameter to; empty leaves it.
	Point string
	// Deregister are copies of which no instance will start, and DeleteSnapshots what earlier ones left.
	Deregister      []Image
	DeleteSnapshots []string
}

// Newest is the image to launch: the newest that is available and was not withdrawn.
func Newest(all []Image) (newest Image, found bool) {
	for _, i := range all {
		if i.good() && (!found || newer(i, newest) < 0) {
			newest, found = i, true
		}
	}
	return newest, found
}

// newer orders images, the newest first, and those of one moment by their ids.
func newer(a, b Image) int { return cmp.Or(b.Made.Compare(a.Made), cmp.Compare(a.ID, b.ID)) }

// Decide is what to do about what there is to see.
func Decide(v View) Plan {
	var p Plan
	p.Withdraw = v.withdrawn()
	here := v.without(p.Withdraw)
	if newest, found := Newest(v.There); found {
		p.Newest = newest
		v.bring(&p, here)
	}
	point, found := Newest(here)
	if found && v.Points && v.Pointer != point.ID {
		p.Point = point.ID
	}
	p.Deregister = v.old(here, point.ID)
	p.DeleteSnapshots = v.leftSnapshots()
	return p
}

// bring decides whether the newest image has to be copied.
func (v View) bring(p *Plan, here []Image) {
	failures := 0
	for _, i := range here {
		switch of := i.CopyOf == v.From+"/"+p.Newest.ID || p.Newest.CopyOf == v.To+"/"+i.ID; {
		case of && i.good():
			return // it is here
		case of && i.State == failed:
			failures++
		case of && i.State == pending:
			p.Behind = v.Now.Sub(p.Newest.Made)
			return // it is on its way
		}
	}
	p.Behind = v.Now.Sub(p.Newest.Made)
	if failures >= tries {
		p.GivenUp = true
		return
	}
	p.Try = failures + 1
}

// withdrawn are the copies, newer than the newest image of the region that serves, whose original is gone from
// there: it was taken back. Where that region shows no image at all, nothing is known.
func (v View) withdrawn() (all []Image) {
	newest, found := Newest(v.There)
	if !found {
		return nil
	}
	for _, i := range v.Here {
		original, ofThere := strings.CutPrefix(i.CopyOf, v.From+"/")
		gone := !slices.ContainsFunc(v.There, func(there Image) bool { return there.ID == original })
		if ofThere && gone && !i.Withdrawn && i.Made.After(newest.Made) {
			all = append(all, i)
		}
	}
	return all
}

// without is Here once some were withdrawn.
func (v View) without(withdrawn []Image) []Image {
	here := slices.Clone(v.Here)
	for n, i := range here {
		here[n].Withdrawn = i.Withdrawn || slices.ContainsFunc(withdrawn, func(w Image) bool { return w.ID == i.ID })
	}
	return here
}

// old are the copies to prune: all but the newest ones, those in use, and those that may still come.
func (v View) old(here []Image, point string) (all []Image) {
	copies := slices.DeleteFunc(slices.Clone(here), func(i Image) bool { return i.CopyOf == "" })
	slices.SortFunc(copies, newer)
	good := 0
	for _, i := range copies {
		switch {
		case slices.Contains(v.InUse, i.ID), i.ID == v.Pointer, i.ID == point:
			if i.good() {
				good++
			}
		case i.good() && good < kept:
			good++
		case i.good(), i.State == available && i.Withdrawn:
			all = append(all, i)
		case i.State == failed && v.needless(here, i):
			all = append(all, i)
		}
	}
	return all
}

// needless reports that a failed copy counts for nothing any more: its image is here by now, or is gone.
func (v View) needless(here []Image, f Image) bool {
	arrived := slices.ContainsFunc(here, func(i Image) bool { return i.CopyOf == f.CopyOf && i.good() })
	original, ofThere := strings.CutPrefix(f.CopyOf, v.From+"/")
	gone := ofThere && len(v.There) > 0 && !slices.ContainsFunc(v.There, func(there Image) bool { return there.ID == original })
	return arrived || gone
}

// settles is how long EC2 may take until it lists an image that it has begun to copy, with room to spare.
const settles = time.Hour

// leftSnapshots are those of copies that are no more. A young one may be of a copy that EC2 does not list yet.
func (v View) leftSnapshots() (ids []string) {
	for _, s := range v.Snapshots {
		if v.Now.Sub(s.Made) > settles && !slices.ContainsFunc(v.Here, func(i Image) bool { return i.CopyOf == s.CopyOf }) {
			ids = append(ids, s.ID)
		}
	}
	return ids
}
