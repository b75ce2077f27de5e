package sim

import (
	"context"

	"github.com/pilotlight-dr/pilotlight/awsregion"
)

// A BucketSetting is a part of a bucket's configuration that has calls of its own.
// Its content is what Pulumi's resource of it has.
type BucketSetting string

// The settings that are modelled over the wire.
const (
	Versioning   BucketSetting = versioningType
	Encryption   BucketSetting = encryptionType
	PublicAccess BucketSetting = publicType
	BucketPolicy BucketSetting = bucketRules
)

// TakeBucketName gives a bucket of that name to another account.
func (w *World) TakeBucketName(region, name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state.Foreign[name] = region
}

// CreateBucket makes a bucket, which needs the control plane of all buckets.
func (w *World) CreateBucket(ctx context.Context, region, name string) error {
	if err := w.reach(ctx, awsregion.ControlPlane("s3", region), hangCall); err != nil {
		return err
	}
	return w.make(kinds[bucketType], &Object{Type: bucketType, Region: region, Name: name, Props: map[string]any{"bucket": name}}, "CreateBucket")
}

// Bucket finds a bucket of this account in a region.
func (w *World) Bucket(region, name string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err := w.bucket(region, name)
	return err
}

// Setting reads a part of a bucket's configuration; nil when it is not set.
func (w *World) Setting(region, bucket string, part BucketSetting) (map[string]any, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.bucket(region, bucket); err != nil {
		return nil, err
	}
	if o := w.findBy(string(part), region, "bucket", bucket); o != nil {
		return plain(o.Props), nil
	}
	return nil, nil
}

// Set changes a part of a bucket's configuration, which needs the control plane
// of all buckets.
func (w *World) Set(ctx context.Context, region, bucket string, part BucketSetting, content map[string]any) error {
	if err := w.reach(ctx, awsregion.ControlPlane("s3", region), hangCall); err != nil {
		return err
	}
	if err := w.Bucket(region, bucket); err != nil {
		return err
	}
	content["bucket"] = bucket
	k := kinds[string(part)]
	return w.make(k, &Object{Type: string(part), Region: region, Name: bucket, Props: content}, k.update)
}

// bucket finds a bucket, or words what S3 says instead.
func (w *World) bucket(region, name string) (*Object, error) {
	o := w.bucketNamed(region, name)
	home, foreign := w.state.Foreign[name]
	switch {
	case foreign && awsregion.Partition(home) == awsregion.Partition(region):
		return nil, &Error{Status: 403, Code: "AccessDenied", Message: "Access Denied"}
	case o == nil:
		return nil, noBucket()
	case o.Region != region:
		return nil, &Error{Status: 301, Code: "PermanentRedirect", Headers: map[string]string{"X-Amz-Bucket-Region": o.Region},
			Message: "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint."}
	}
	return o, nil
}

// bucketNamed finds a bucket of this account in whatever region of a partition.
func (w *World) bucketNamed(region, name string) *Object {
	for _, o := range w.where(func(o *Object) bool {
		return o.Type == bucketType && awsregion.Partition(o.Region) == awsregion.Partition(region)
	}) {
		if o.text("bucket") == name {
			return o
		}
	}
	return nil
}

// encryptsWith is the ARN of the KMS key that a bucket encrypts what is written
// with; empty for S3's own.
func (w *World) encryptsWith(bucket *Object) (arn string, err error) {
	setting := w.findBy(encryptionType, bucket.Region, "bucket", bucket.text("bucket"))
	if setting == nil || textAt(setting.Props, "rules.applyServerSideEncryptionByDefault.sseAlgorithm") != "aws:kms" {
		return "", nil
	}
	arn = textAt(setting.Props, "rules.applyServerSideEncryptionByDefault.kmsMasterKeyId")
	return arn, w.usable(arn)
}

// usable says what S3 says of a KMS key that it can't use. None is fine.
func (w *World) usable(arn string) error {
	if arn == "" {
		return nil
	}
	switch key := w.findBy(keyType, arnRegion(arn), "arn", arn); {
	case key == nil:
		return refuse("KMS.NotFoundException", "Key '%s' does not exist", arn)
	case !key.flag("isEnabled"):
		return refuse("KMS.DisabledException", "%s is disabled.", arn)
	}
	return nil
}
