package sim

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// version makes up the id of what is written to a bucket now; without versioning
// there is none.
func (w *World) version(o *Object, key string) string {
	if bucket := o.text("bucket"); w.versioned(o.Region, bucket) {
		return w.etag(bucket, key, "version", strconv.Itoa(len(w.state.Uploads)))
	}
	return ""
}

// VersionID is what S3 calls a version: what was written without versioning is null.
func (u Upload) VersionID() string {
	return cmp.Or(u.Version, "null")
}

// Version is what has a version's id under a key; an empty id is what is there now.
func (w *World) Version(region, bucket, key, id string) (Upload, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o, err := w.bucket(region, bucket)
	if err != nil {
		return Upload{}, err
	}
	return w.readVersion(o, key, id)
}

// readVersion: a delete marker can't be read
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeleteMarker.html).
func (w *World) readVersion(o *Object, key, id string) (Upload, error) {
	if id == "" {
		return w.read(o, key)
	}
	for _, u := range w.history(o, key) {
		switch {
		case u.VersionID() != id:
		case u.Marker:
			return Upload{}, &Error{Status: 405, Code: "MethodNotAllowed", Message: "The specified method is not allowed against this resource.",
				Headers: map[string]string{"X-Amz-Delete-Marker": "true"}}
		default:
			return u, w.usable(u.KMSKey)
		}
	}
	return Upload{}, &Error{Status: 404, Code: "NoSuchVersion", Message: "The specified version does not exist."}
}

// DeleteVersion takes a version away for good, from this bucket alone: replication
// copies no deletion of a version. Without such a version nothing happens
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeletingObjectVersions.html).
func (w *World) DeleteVersion(region, bucket, key, id string) (removed Upload, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o, err := w.bucket(region, bucket)
	if err != nil {
		return Upload{}, err
	}
	there := slices.ContainsFunc(w.history(o, key), func(u Upload) bool { return u.VersionID() == id })
	for i, u := range w.state.Uploads {
		if there && u.Key == key && u.VersionID() == id {
			removed = u
			now := map[string]time.Time{bucket: w.clock.Now()}
			for other, at := range u.Removed {
				now[other] = at
			}
			w.state.Uploads[i].Removed = now
		}
	}
	return removed, nil
}

// history is what a bucket holds under a key, newest first. A bucket without
// versioning holds what is newest alone.
func (w *World) history(o *Object, key string) (held []Upload) {
	for u := range w.versions(o) {
		if u.Key == key {
			held = append(held, u)
		}
	}
	slices.Reverse(held)
	slices.SortStableFunc(held, func(a, b Upload) int { return b.At.Compare(a.At) })
	if !w.versioned(o.Region, o.text("bucket")) {
		held = held[:min(1, len(held))]
		return slices.DeleteFunc(held, func(u Upload) bool { return u.Marker })
	}
	return w.unexpired(o, held)
}

// unexpired leaves out what the bucket's lifecycle has ended: versions so many days
// after they were succeeded, from the next midnight UTC on, and then a delete marker
// that nothing is below
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-configuration-examples.html).
func (w *World) unexpired(o *Object, held []Upload) (kept []Upload) {
	days, alone := 0, false
	for _, rule := range w.lifecycle(o) {
		if n := rule.NoncurrentDays; n > 0 && (days == 0 || n < days) {
			days = n
		}
		alone = alone || rule.ExpiredDeleteMarkers
	}
	for i, u := range held {
		if i > 0 && days > 0 {
			ends := held[i-1].At.UTC().AddDate(0, 0, days).Truncate(24*time.Hour).AddDate(0, 0, 1)
			if !w.clock.Now().Before(ends) {
				break
			}
		}
		kept = append(kept, u)
	}
	if alone && len(kept) == 1 && kept[0].Marker {
		return nil
	}
	return kept
}

// A LifecycleRule is what is modelled of one that is enabled, for the whole bucket.
type LifecycleRule struct {
	ID                   string
	NoncurrentDays       int // after which a version ends that was succeeded; 0 keeps it
	ExpiredDeleteMarkers bool
	AbortUploadDays      int
}

// Lifecycle lists the rules of a bucket.
func (w *World) Lifecycle(region, bucket string) ([]LifecycleRule, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o, err := w.bucket(region, bucket)
	if err != nil {
		return nil, err
	}
	rules := w.lifecycle(o)
	if len(rules) == 0 {
		return nil, &Error{Status: 404, Code: "NoSuchLifecycleConfiguration", Message: "The lifecycle configuration does not exist"}
	}
	return rules, nil
}

func (w *World) lifecycle(o *Object) (enabled []LifecycleRule) {
	setting := w.findBy(lifecycleType, o.Region, "bucket", o.text("bucket"))
	if setting == nil {
		return nil
	}
	var rules []struct {
		ID, Status                     string
		NoncurrentVersionExpiration    struct{ NoncurrentDays int }
		Expiration                     struct{ ExpiredObjectDeleteMarker bool }
		AbortIncompleteMultipartUpload struct{ DaysAfterInitiation int }
	}
	text, err := json.Marshal(setting.Props["rules"])
	if err == nil {
		err = json.Unmarshal(text, &rules)
	}
	if err != nil {
		panic(fmt.Sprintf("lifecycle rules are those of the schema, yet: %v", err))
	}
	for _, r := range rules {
		if r.Status == "Enabled" {
			enabled = append(enabled, LifecycleRule{r.ID, r.NoncurrentVersionExpiration.NoncurrentDays, r.Expiration.ExpiredObjectDeleteMarker, r.AbortIncompleteMultipartUpload.DaysAfterInitiation})
		}
	}
	return enabled
}

// VersionPage is a part of a listing of versions.
type VersionPage struct {
	Versions []Upload // by key, newest first
	Latest   []bool   // whether each is what is there now
	More     bool
}

// ListVersions is ListObjectVersions: what comes after a version of a key, or after
// all of the key where no version is named.
func (w *World) ListVersions(region, bucket, prefix, key, version string, most int) (VersionPage, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o, err := w.bucket(region, bucket)
	if err != nil {
		return VersionPage{}, err
	}
	var keys []string
	for u := range w.versions(o) {
		if strings.HasPrefix(u.Key, prefix) && (u.Key > key || u.Key == key && version != "") {
			keys = append(keys, u.Key)
		}
	}
	slices.Sort(keys)
	var page VersionPage
	for _, k := range slices.Compact(keys) {
		held := w.history(o, k)
		from := 0
		if k == key {
			from = 1 + slices.IndexFunc(held, func(u Upload) bool { return u.VersionID() == version })
		}
		for i, u := range held[from:] {
			if len(page.Versions) == most {
				page.More = true
				return page, nil
			}
			page.Versions, page.Latest = append(page.Versions, u), append(page.Latest, from+i == 0)
		}
	}
	return page, nil
}
