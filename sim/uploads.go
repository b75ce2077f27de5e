package sim

import (
	"crypto/md5" //nolint:gosec // S3's ETags are MD5
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An Upload is a version of an object: something was put under a key of a bucket,
// or what was there was deleted.
type Upload struct {
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
	Content
	// Version is its id, which a copy that replication made has too; empty is that of a
	// bucket without versioning.
	Version string    `json:"version,omitempty"`
	At      time.Time `json:"at"`
	Marker  bool      `json:"marker,omitempty"` // of a deletion: from then on there is nothing under the key
	// Rules are the buckets to which replication was on at that time: S3 copies
	// nothing that was there before.
	Rules []string `json:"rules"`
	// Removed are the buckets from which this very version was deleted, and when.
	Removed map[string]time.Time `json:"removed,omitempty"`
}

// Content is what is put under a key.
type Content struct {
	Size int               `json:"size"`
	Body []byte            `json:"body,omitempty"` // nil if only the size is known
	ETag string            `json:"etag,omitempty"`
	Type string            `json:"type,omitempty"`
	Meta map[string]string `json:"meta,omitempty"`
	// Class is the storage class; empty is STANDARD.
	Class string `json:"class,omitempty"`
	// KMSKey is the ARN of the key that it is encrypted with; empty is S3's own.
	KMSKey string `json:"kmsKey,omitempty"`
}

// Condition is what must be under a key for a write to go through.
type Condition struct {
	Match     string // this ETag
	NoneMatch string // "*": nothing
}

// slowestCopy is how long S3 takes to replicate an object, nearly always
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication.html).
const slowestCopy = 15 * time.Minute

// Put uploads an object of which only the size matters: it has the content of
// every other such upload of that key and size. It goes to the bucket's own region.
func (w *World) Put(bucket, key string, size int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.at(bucketType, "bucket", bucket)
	if o == nil {
		return noBucket()
	}
	if err := w.answers(o.Region); err != nil {
		return err
	}
	_, err := w.write(o, key, Content{Size: size}, Condition{}, w.clock.Now())
	return err
}

// PutObject writes an object with its content.
func (w *World) PutObject(region, bucket, key string, content Content, only Condition) (Upload, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o, err := w.bucket(region, bucket)
	if err != nil {
		return Upload{}, err
	}
	content.Size = len(content.Body)
	return w.write(o, key, content, only, w.clock.Now())
}

// A CopySource is what CopyObject and UploadPartCopy read.
type CopySource struct {
	Bucket, Key string
	Version     string // empty is the newest
	Match       string // the ETag that it must have; empty takes any
}

// largestCopy is the most that S3 copies in one call.
const largestCopy = 5 << 30

// CopyObject copies an object, of any region of the partition, into a bucket of
// this one. replace has type and metadata in place of the source's; nil takes those.
func (w *World) CopyObject(region, bucket, key string, from CopySource, class string, replace *Content, only Condition) (Upload, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o, err := w.bucket(region, bucket)
	if err != nil {
		return Upload{}, err
	}
	source, err := w.copySource(region, from)
	if err != nil {
		return Upload{}, err
	}
	if source.Size > largestCopy {
		return Upload{}, refuse("InvalidRequest", "The specified copy source is larger than the maximum allowable size for a copy source: %d", largestCopy)
	}
	content := source.Content
	if replace != nil {
		content.Type, content.Meta = replace.Type, replace.Meta
	} else if newest := w.current(o, key); from.Bucket == bucket && from.Key == key && class == source.Class && newest.Version == source.Version {
		return Upload{}, refuse("InvalidRequest", "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.")
	}
	content.Class = class
	if strings.Contains(content.ETag, "-") { // was made of parts, and is no more
		content.ETag = ""
	}
	return w.write(o, key, content, only, w.clock.Now())
}

// copySource finds what a copy reads, seen from a region of the same partition.
func (w *World) copySource(region string, from CopySource) (Upload, error) {
	o := w.bucketNamed(region, from.Bucket)
	if o == nil {
		return Upload{}, noBucket()
	}
	if _, gone := w.lost(o.Region); gone {
		return Upload{}, &Error{Status: 503, Code: "ServiceUnavailable", Message: "Please reduce your request rate."}
	}
	u, err := w.readVersion(o, from.Key, from.Version)
	if marker, ok := errors.AsType[*Error](err); ok && marker.Code == "MethodNotAllowed" {
		err = refuse("InvalidRequest", "The source of a copy request may not specifically refer to a delete marker by version id.")
	}
	if err == nil {
		err = Condition{Match: from.Match}.holds(&u)
	}
	return u, err
}

// Object is what is under a key now.
func (w *World) Object(region, bucket, key string) (Upload, error) {
	return w.Version(region, bucket, key, "")
}

// DeleteObject takes away what is under a key; versions below it stay. In a bucket
// with versioning that leaves a delete marker, which it returns.
func (w *World) DeleteObject(region, bucket, key string) (marker Upload, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o, err := w.bucket(region, bucket)
	if err != nil {
		return Upload{}, err
	}
	marker = Upload{Bucket: bucket, Key: key, Version: w.version(o, key), At: w.clock.Now(), Marker: true, Rules: w.rules(bucket, true)}
	w.state.Uploads = append(w.state.Uploads, marker)
	return marker, nil
}

// write puts content under a key of a bucket.
func (w *World) write(o *Object, key string, content Content, only Condition, at time.Time) (Upload, error) {
	bucket := o.text("bucket")
	if err := only.holds(w.current(o, key)); err != nil {
		return Upload{}, err
	}
	arn, err := w.encryptsWith(o)
	if err != nil {
		return Upload{}, err
	}
	switch content.KMSKey = arn; {
	case arn != "": // and is no digest of the content then
		content.ETag = w.etag(bucket, key, strconv.Itoa(len(w.state.Uploads)))
	case content.ETag != "": // of parts, or of a copy's source
	case content.Body != nil:
		content.ETag = digest(content.Body)
	default:
		content.ETag = w.etag(key, strconv.Itoa(content.Size))
	}
	u := Upload{Bucket: bucket, Key: key, Content: content, Version: w.version(o, key), At: at, Rules: w.rules(bucket, false)}
	w.state.Uploads = append(w.state.Uploads, u)
	return u, nil
}

// etag makes one up, where it can't be or isn't that of the content.
func (w *World) etag(words ...string) string {
	return fmt.Sprintf("%016x%016x", w.hash(append(words, "etag")...), w.hash(append(words, "etag", "more")...))
}

func digest(body []byte) string {
	sum := md5.Sum(body) //nolint:gosec // S3's ETags are MD5
	return hex.EncodeToString(sum[:])
}

// read returns what is under a key, or the error that S3 gives.
func (w *World) read(o *Object, key string) (Upload, error) {
	u := w.current(o, key)
	if u != nil && !u.Marker {
		return *u, w.usable(u.KMSKey)
	}
	gone := &Error{Status: 404, Code: "NoSuchKey", Message: "The specified key does not exist."}
	if u != nil && w.versioned(o.Region, o.text("bucket")) {
		gone.Headers = map[string]string{"X-Amz-Delete-Marker": "true"}
	}
	return Upload{}, gone
}

// holds compares a condition with what is under the key; nil is nothing.
func (c Condition) holds(current *Upload) error {
	there := current != nil && !current.Marker
	switch {
	case c.NoneMatch == "*" && there, c.Match != "" && there && strings.Trim(c.Match, `"`) != current.ETag:
		return &Error{Status: 412, Code: "PreconditionFailed", Message: "At least one of the pre-conditions you specified did not hold"}
	case c.Match != "" && !there:
		return &Error{Status: 404, Code: "NoSuchKey", Message: "The specified key does not exist."}
	}
	return nil
}

// rules are the buckets to which a bucket's rules would copy a version now.
func (w *World) rules(bucket string, marker bool) (to []string) {
	for _, replication := range w.where(func(o *Object) bool { return o.Type == replicationType && o.text("bucket") == bucket }) {
		rules, _ := replication.Props["rules"].([]any)
		for _, rule := range rules {
			if textAt(rule, "status") != "Enabled" || marker && textAt(rule, "deleteMarkerReplication.status") != "Enabled" {
				continue
			}
			arn := textAt(rule, "destination.bucket")
			to = append(to, arn[strings.LastIndex(arn, ":")+1:])
		}
	}
	return to
}

// Uploads lists what is in a bucket of a region, copies included, by key.
func (w *World) Uploads(region, bucket string) ([]Upload, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o, err := w.bucket(region, bucket)
	if err != nil {
		return nil, err
	}
	current := map[string]Upload{}
	for u := range w.versions(o) {
		if !u.At.Before(current[u.Key].At) {
			current[u.Key] = u
		}
	}
	var held []Upload
	for _, u := range current {
		if !u.Marker {
			held = append(held, u)
		}
	}
	slices.SortFunc(held, func(a, b Upload) int { return strings.Compare(a.Key, b.Key) })
	return held, nil
}

// current is the newest version under a key of a bucket, or nil. A copy that
// replication made keeps the time of its source. That it is placed by that time,
// behind what was written to its bucket since, AWS doesn't say of replication; of
// uploads in parts, which have the time of their beginning, it does
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html).
func (w *World) current(o *Object, key string) *Upload {
	var newest *Upload
	for u := range w.versions(o) {
		if u.Key == key && (newest == nil || !u.At.Before(newest.At)) {
			newest = &u
		}
	}
	return newest
}

// versions are all that was written into a bucket, and all that was copied there
// up to now, in the order of the writing.
func (w *World) versions(o *Object) func(yield func(Upload) bool) {
	now, bucket := w.clock.Now(), o.text("bucket")
	return func(yield func(Upload) bool) {
		for _, u := range w.state.Uploads {
			if _, gone := u.Removed[bucket]; gone {
				continue
			}
			if u.Bucket == bucket || w.arrives(u, bucket) && !now.Before(w.copied(u, o.Region)) {
				if !yield(u) {
					return
				}
			}
		}
	}
}

// arrives reports whether a rule copies an upload to a bucket. S3 does not copy what
// was deleted by its version meanwhile.
func (w *World) arrives(u Upload, bucket string) bool {
	if !slices.Contains(u.Rules, bucket) {
		return false
	}
	removed, gone := u.Removed[u.Bucket]
	to := w.at(bucketType, "bucket", bucket)
	return !gone || to != nil && w.copied(u, to.Region).Before(removed)
}

// copied is when an upload has arrived in another region. While one of the two is
// lost nothing is copied; it is when both are there again.
func (w *World) copied(u Upload, to string) time.Time {
	takes := time.Duration(w.draw("copy", u.Bucket, u.Key) * float64(slowestCopy))
	at := u.At.Add(takes)
	source := w.at(bucketType, "bucket", u.Bucket)
	if source == nil {
		return at
	}
	for _, region := range []string{source.Region, to} {
		if loss, gone := w.lost(region); gone && !at.Before(loss.At) {
			return w.clock.Now().Add(takes)
		}
		if gap, ok := w.state.Gaps[region]; ok && gap.holds(at) {
			at = gap.To.Add(takes)
		}
	}
	return at
}

func noBucket() error {
	return &Error{Status: 404, Code: "NoSuchBucket", Message: "The specified bucket does not exist"}
}
