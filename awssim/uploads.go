package awssim

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// An Upload is an object that somebody put into a bucket.
type Upload struct {
	Bucket string    `json:"bucket"`
	Key    string    `json:"key"`
	Size   int       `json:"size"`
	At     time.Time `json:"at"`
	// Rules are the buckets to which replication was on at that time: S3 copies
	// nothing that was there before.
	Rules []string `json:"rules"`
}

// slowestCopy is how long S3 takes to replicate an object, nearly always
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication.html).
const slowestCopy = 15 * time.Minute

// Put uploads an object.
func (w *World) Put(bucket, key string, size int) error {
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.at(bucketType, "bucket", bucket)
	if o == nil {
		return noBucket()
	}
	if err := w.answers(o.Region); err != nil {
		return err
	}
	u := Upload{Bucket: bucket, Key: key, Size: size, At: now}
	for _, replication := range w.where(func(o *Object) bool { return o.Type == replicationType && o.text("bucket") == bucket }) {
		rules, _ := replication.Props["rules"].([]any)
		for _, rule := range rules {
			arn := textAt(rule, "destination.bucket")
			u.Rules = append(u.Rules, arn[strings.LastIndex(arn, ":")+1:])
		}
	}
	w.state.Uploads = append(w.state.Uploads, u)
	return nil
}

func noBucket() error {
	return &Error{Status: 404, Code: "NoSuchBucket", Message: "The specified bucket does not exist"}
}

// Uploads lists what is in a bucket of a region, copies included, by key.
func (w *World) Uploads(region, bucket string) ([]Upload, error) {
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.findBy(bucketType, region, "bucket", bucket) == nil {
		return nil, noBucket()
	}
	var held []Upload
	for _, u := range w.state.Uploads {
		if u.Bucket == bucket || slices.Contains(u.Rules, bucket) && !now.Before(w.copied(u, region)) {
			held = append(held, u)
		}
	}
	slices.SortStableFunc(held, func(a, b Upload) int { return cmp.Or(strings.Compare(a.Key, b.Key), b.At.Compare(a.At)) })
	return slices.CompactFunc(held, func(a, b Upload) bool { return a.Key == b.Key }), nil // the newest
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
