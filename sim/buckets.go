package sim

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pilotlight-dr/pilotlight/awsregion"
)

const (
	bucketType      = "aws:s3/bucketV2:BucketV2"
	versioningType  = "aws:s3/bucketVersioningV2:BucketVersioningV2"
	encryptionType  = "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2"
	publicType      = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
	ownershipType   = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
	lifecycleType   = "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2"
	bucketRules     = "aws:s3/bucketPolicy:BucketPolicy"
	replicationType = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
)

func bucketKinds() map[string]*kind {
	of := func(noun, put, del string, check func(*World, *Object) error) *kind {
		return &kind{
			service: "s3", sdk: "S3", noun: "S3 Bucket " + noun, globally: true, create: put, update: put, delete: del, id: named("bucket"),
			refs: []ref{{path: "bucket", to: bucketType, by: "bucket", goes: true, missing: func(string) error { // goes with its bucket
				return &Error{Status: 404, Code: "NoSuchBucket", Message: "The specified bucket does not exist"}
			}}},
			check: check,
		}
	}
	publicAccess := of("Public Access Block", "PutPublicAccessBlock", "DeletePublicAccessBlock", nil)
	publicAccess.defaults = map[string]any{"blockPublicAcls": false, "blockPublicPolicy": false, "ignorePublicAcls": false, "restrictPublicBuckets": false}
	return map[string]*kind{
		bucketType: {
			service: "s3", sdk: "S3", noun: "S3 Bucket", globally: true, create: "CreateBucket", update: "PutBucketTagging", delete: "DeleteBucket",
			id: named("bucket"), check: freeBucketName, made: madeBucket,
			defaults: map[string]any{"objectLockEnabled": false},
		},
		versioningType: of("Versioning", "PutBucketVersioning", "PutBucketVersioning", nil),
		encryptionType: of("Server-side Encryption Configuration", "PutBucketEncryption", "DeleteBucketEncryption", nil),
		ownershipType:  of("Ownership Controls", "PutBucketOwnershipControls", "DeleteBucketOwnershipControls", nil),
		lifecycleType:  of("Lifecycle Configuration", "PutBucketLifecycleConfiguration", "DeleteBucketLifecycle", nil),
		publicType:     publicAccess,
		bucketRules: of("Policy", "PutBucketPolicy", "DeleteBucketPolicy", func(_ *World, o *Object) error {
			if e, invalid := errors.AsType[*Error](validPolicy(o.Region, o.text("policy"))); invalid {
				return refuse("MalformedPolicy", "Policy has invalid resource or invalid JSON: %s", e.Message)
			}
			return nil
		}),
		replicationType: of("Replication Configuration", "PutBucketReplication", "DeleteBucketReplication", validReplication),
	}
}

// freeBucketName: a bucket's name is unique in its partition.
func freeBucketName(w *World, o *Object) error {
	if region, taken := w.state.Foreign[o.text("bucket")]; taken && awsregion.Partition(region) == awsregion.Partition(o.Region) {
		return &Error{Status: 409, Code: "BucketAlreadyExists", Message: "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again."}
	}
	for _, other := range w.where(func(other *Object) bool {
		return other.Type == bucketType && awsregion.Partition(other.Region) == awsregion.Partition(o.Region) && other.text("bucket") == o.text("bucket")
	}) {
		if other.ID != o.ID {
			return &Error{Status: 409, Code: "BucketAlreadyOwnedByYou", Message: "Your previous request to create the named bucket succeeded and you already own it."}
		}
	}
	return nil
}

func madeBucket(w *World, o *Object) {
	name := o.text("bucket")
	o.fill(map[string]any{
		"arn":              fmt.Sprintf("arn:%s:s3:::%s", awsregion.Partition(o.Region), name),
		"bucketDomainName": name + ".s3." + awsregion.DNSSuffix(o.Region), "bucketRegionalDomainName": name + ".s3." + o.Region + "." + awsregion.DNSSuffix(o.Region),
		"hostedZoneId": fmt.Sprintf("Z%013X", w.hash("s3", o.Region)>>12), "region": o.Region,
	})
}

// validReplication has what PutBucketReplication checks: versioning on both
// sides, the destination's region in reach, the form of V2 rules.
func validReplication(w *World, o *Object) error {
	if !w.versioned(o.Region, o.text("bucket")) {
		return refuse("InvalidRequest", "Versioning must be 'Enabled' on the bucket to apply a replication configuration")
	}
	if role := o.text("role"); w.findBy(roleType, o.Region, "arn", role) == nil {
		return refuse("InvalidArgument", "Invalid role ARN %s: IAM role not found.", role)
	}
	rules, _ := o.Props["rules"].([]any)
	for _, rule := range rules {
		_, filtered := rule.(map[string]any)["filter"]
		_, ordered := rule.(map[string]any)["priority"]
		if filtered && !ordered {
			return &Error{Status: 400, Code: "InvalidRequest", Message: "Priority must be specified for this version of Cross Region Replication configuration schema. Please refer to S3 Developer Guide for more information."}
		}
		if filtered && textAt(rule, "deleteMarkerReplication.status") == "" {
			return refuse("InvalidRequest", "DeleteMarkerReplication must be specified for this version of Cross Region Replication configuration schema. Please refer to S3 Developer Guide for more information.")
		}
		if textAt(rule, "existingObjectReplication.status") != "" {
			return refuse("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
		}
		if err := validMeasuring(rule); err != nil {
			return err
		}
		if err := w.validDestination(o, textAt(rule, "destination.bucket")); err != nil {
			return err
		}
	}
	return nil
}

// validMeasuring holds that time control needs metrics (API Reference, ReplicationTime), and a threshold of metrics time control: S3
// refuses that by these words (crossplane-contrib/provider-aws#1117).
func validMeasuring(rule any) error {
	at := func(v any, name string) any {
		m, _ := v.(map[string]any)
		return m[name]
	}
	metrics := at(at(rule, "destination"), "metrics")
	controlled := textAt(rule, "destination.replicationTime.status") == "Enabled"
	switch {
	case at(metrics, "eventThreshold") != nil && !controlled:
		return refuse("InvalidArgument", "Metrics cannot contain an event threshold when ReplicationTime is not specified or Disabled")
	case controlled && textAt(metrics, "status") != "Enabled":
		return refuse("InvalidRequest", "ReplicationTime must be specified together with Metrics")
	}
	return nil
}

func (w *World) validDestination(o *Object, bucket string) error {
	name, ours := strings.CutPrefix(bucket, "arn:"+awsregion.Partition(o.Region)+":s3:::")
	found := w.where(func(other *Object) bool { return ours && other.Type == bucketType && other.text("bucket") == name })
	if len(found) == 0 {
		return refuse("InvalidRequest", "Destination bucket must exist.")
	}
	if _, gone := w.lost(found[0].Region); gone {
		return &Error{Status: 500, Code: "InternalError", Message: "We encountered an internal error. Please try again."}
	}
	if !w.versioned(found[0].Region, name) {
		return refuse("InvalidRequest", "Destination bucket must have versioning enabled.")
	}
	return nil
}

func (w *World) versioned(region, bucket string) bool {
	v := w.findBy(versioningType, region, "bucket", bucket)
	return v != nil && textAt(v.Props, "versioningConfiguration.status") == "Enabled"
}
