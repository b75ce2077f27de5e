package images_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/images"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// TestMade holds that a tag tells the age of a copy alone, and never makes an image younger than EC2 says: who may tag could else
// have his image be the newest for ever, and the standby's too old for a failover.
func TestMade(t *testing.T) {
	t.Parallel()
	const copied, made = "2026-03-02T12:00:00.000Z", "2026-03-01T12:00:00Z"
	for name, tc := range map[string]struct {
		created string
		tags    map[string]string
		want    string // empty for an error
	}{
		"an original":             {copied, nil, copied},
		"a copy":                  {copied, map[string]string{images.CopyTag: "west/ami-1", images.MadeTag: made}, made},
		"a copy of a copy's age":  {copied, map[string]string{images.CopyTag: "west/ami-1", images.MadeTag: copied}, copied},
		"a tag on an original":    {copied, map[string]string{images.MadeTag: made}, copied},
		"a copy of the future":    {copied, map[string]string{images.CopyTag: "west/ami-1", images.MadeTag: "2099-01-01T00:00:00Z"}, copied},
		"an original of 2099":     {copied, map[string]string{images.MadeTag: "2099-01-01T00:00:00Z"}, copied},
		"a tag that says nothing": {copied, map[string]string{images.CopyTag: "west/ami-1", images.MadeTag: "soon"}, copied},
		"a copy without the tag":  {copied, map[string]string{images.CopyTag: "west/ami-1"}, copied},
		"no date":                 {"", map[string]string{images.CopyTag: "west/ami-1", images.MadeTag: made}, "0001-01-01T00:00:00Z"},
		"a date that is none":     {"soon", nil, ""},
	} {
		image := types.Image{CreationDate: &tc.created}
		for key, value := range tc.tags {
			image.Tags = append(image.Tags, types.Tag{Key: &key, Value: &value})
		}
		at, err := images.Made(image)
		if tc.want == "" {
			assert.Error(t, err, name)
			continue
		}
		want, parsed := time.Parse(time.RFC3339, tc.want)
		require.NoError(t, errors.Join(err, parsed), name)
		assert.Equal(t, want, at, name)
	}
}

func original(id string, hours int) images.Image {
	return images.Image{ID: id, State: "available", Made: noon.Add(time.Duration(hours) * time.Hour)}
}

func copied(id, of string, hours int) images.Image {
	i := original(id, hours)
	i.CopyOf = of
	return i
}

// inStep is a standby that has the newest image, and the one before it.
func inStep() images.View {
	return images.View{
		Now: noon, From: "west", To: "east",
		There:   []images.Image{original("ami-2", -1), original("ami-1", -24)},
		Here:    []images.Image{copied("ami-12", "west/ami-2", -1), copied("ami-11", "west/ami-1", -24)},
		Pointer: "ami-12", Points: true,
	}
}

func ids(all []images.Image) (ids []string) {
	for _, i := range all {
		ids = append(ids, i.ID)
	}
	return ids
}

func TestDecide(t *testing.T) {
	t.Parallel()
	type want struct {
		copy                 string
		try                  int
		withdraw, deregister []string
		point                string
		snapshots            []string
		behind               time.Duration
		givenUp              bool
	}
	for name, tc := range map[string]struct {
		spoil func(*images.View)
		want  want
	}{
		"in step": {func(*images.View) {}, want{}},
		"a new image": {func(v *images.View) { v.There = append(v.There, original("ami-3", 0)); v.Now = noon.Add(time.Minute) },
			want{copy: "ami-3", try: 1, behind: time.Minute}},
		"a new image that is not ready": {func(v *images.View) {
			made := original("ami-3", 0)
			made.State = "pending"
			v.There = append(v.There, made)
		}, want{}},
		"a copy on its way": {func(v *images.View) {
			v.There = append(v.There, original("ami-3", 0))
			c := copied("ami-13", "west/ami-3", 0)
			c.State = "pending"
			v.Here, v.Now = append(v.Here, c), noon.Add(time.Hour)
		}, want{behind: time.Hour}},
		"a copy that has arrived": {func(v *images.View) {
			v.There = append(v.There, original("ami-3", 0))
			v.Here = append(v.Here, copied("ami-13", "west/ami-3", 0))
		}, want{point: "ami-13", deregister: []string{"ami-11"}}},
		"a copy in use stays": {func(v *images.View) {
			v.There = append(v.There, original("ami-3", 0))
			v.Here, v.Pointer, v.InUse = append(v.Here, copied("ami-13", "west/ami-3", 0)), "ami-13", []string{"ami-11"}
		}, want{}},
		"an image that a person has set stays": {func(v *images.View) {
			v.There = append(v.There, original("ami-3", 0))
			v.Here, v.Pointer, v.Points = append(v.Here, copied("ami-13", "west/ami-3", 0)), "ami-11", false
		}, want{deregister: nil}},
		"a failed copy is tried again": {func(v *images.View) {
			v.There = append(v.There, original("ami-3", 0))
			v.Here = append(v.Here, images.Image{ID: "ami-13", State: "failed", CopyOf: "west/ami-3", Made: noon})
		}, want{copy: "ami-3", try: 2}},
		"but not more than three times": {func(v *images.View) {
			v.There, v.Now = append(v.There, original("ami-3", 0)), noon.Add(time.Hour)
			for _, id := range []string{"ami-13", "ami-14", "ami-15"} {
				v.Here = append(v.Here, images.Image{ID: id, State: "failed", CopyOf: "west/ami-3", Made: noon})
			}
		}, want{givenUp: true, behind: time.Hour}},
		"failed copies go when one has arrived": {func(v *images.View) {
			v.Here = append(v.Here, images.Image{ID: "ami-13", State: "failed", CopyOf: "west/ami-2", Made: noon.Add(-time.Hour)})
		}, want{deregister: []string{"ami-13"}}},
		"its own copies do not come back": {func(v *images.View) {
			v.There = []images.Image{copied("ami-2", "east/ami-12", -1)}
			v.Here = []images.Image{original("ami-12", -1)}
		}, want{}},
		"unless the original is gone": {func(v *images.View) {
			v.There, v.Here, v.Pointer = []images.Image{copied("ami-2", "east/ami-12", -1)}, nil, "ami-12"
		}, want{copy: "ami-2", try: 1, behind: time.Hour}},
		"copies of a third region travel on": {func(v *images.View) { v.There = []images.Image{copied("ami-3", "south/ami-9", 0)} },
			want{copy: "ami-3", try: 1}},
		"an image taken back": {func(v *images.View) { v.There = v.There[1:] },
			want{withdraw: []string{"ami-12"}, point: "ami-11"}},
		"what was taken back goes": {func(v *images.View) {
			v.There, v.Here[0].Withdrawn, v.Pointer = v.There[1:], true, "ami-11"
		}, want{deregister: []string{"ami-12"}}},
		"nothing is taken back where nothing is seen": {func(v *images.View) { v.There = nil }, want{}},
		"originals are never pruned": {func(v *images.View) {
			v.There = nil
			v.Here = []images.Image{original("ami-12", -1), original("ami-11", -2), original("ami-10", -3)}
		}, want{}},
		"snapshots of copies that are gone": {func(v *images.View) {
			v.Snapshots = []images.Snapshot{{ID: "snap-1", CopyOf: "west/ami-1"}, {ID: "snap-0", CopyOf: "west/ami-0"}, {ID: "snap-3", CopyOf: "west/ami-3", Made: noon.Add(-time.Minute)}}
		}, want{snapshots: []string{"snap-0"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := inStep()
			tc.spoil(&v)
			p := images.Decide(v)
			got := want{try: p.Try, withdraw: ids(p.Withdraw), deregister: ids(p.Deregister), point: p.Point, snapshots: p.DeleteSnapshots, behind: p.Behind, givenUp: p.GivenUp}
			if p.Try > 0 {
				got.copy = p.Newest.ID
			}
			assert.Equal(t, tc.want, got)
		})
	}
}
