package wire

import (
	"encoding/xml"
	"net/http"

	"github.com/pilotlight-dr/pilotlight/sim"
)

const s3Namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

var done = reply{status: http.StatusOK}

func createBucket(r request) (any, error) {
	var in struct{ LocationConstraint string }
	if err := r.in.rest.read(&in); err != nil {
		return nil, err
	}
	home := in.LocationConstraint
	if home == "" {
		home = "us-east-1"
	}
	if owner := r.in.rest.header.Get("X-Amz-Object-Ownership"); owner != "" && owner != "BucketOwnerEnforced" {
		return nil, unmodelled("object ownership %s is not modelled by the simulator", owner)
	}
	if home != r.region || in.LocationConstraint == "us-east-1" {
		return nil, &sim.Error{Status: 400, Code: "IllegalLocationConstraintException",
			Message: "The " + in.LocationConstraint + " location constraint is incompatible for the region specific endpoint this request was sent to."}
	}
	if err := r.world.CreateBucket(r.ctx, r.region, r.in.rest.bucket); err != nil {
		return nil, err
	}
	return reply{status: http.StatusOK, header: http.Header{"Location": {"/" + r.in.rest.bucket}}}, nil
}

func headBucket(r request) (any, error) {
	if err := r.world.Bucket(r.region, r.in.rest.bucket); err != nil {
		return nil, err
	}
	return reply{status: http.StatusOK, header: http.Header{"X-Amz-Bucket-Region": {r.region}}}, nil
}

func getLocation(r request) (any, error) {
	if err := r.world.Bucket(r.region, r.in.rest.bucket); err != nil {
		return nil, err
	}
	home := r.region
	if home == "us-east-1" {
		home = ""
	}
	return struct {
		XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ LocationConstraint"`
		Region  string   `xml:",chardata"`
	}{Region: home}, nil
}

func setting(r request, part sim.BucketSetting) (map[string]any, error) {
	return r.world.Setting(r.region, r.in.rest.bucket, part)
}

func set(r request, part sim.BucketSetting, content map[string]any) (any, error) {
	return done, r.world.Set(r.ctx, r.region, r.in.rest.bucket, part, content)
}

type versioningXML struct {
	XMLName xml.Name `xml:"VersioningConfiguration"`
	Status  string   `xml:",omitempty"`
}

func getVersioning(r request) (any, error) {
	now, err := setting(r, sim.Versioning)
	if err != nil {
		return nil, err
	}
	of, _ := now["versioningConfiguration"].(map[string]any)
	status, _ := of["status"].(string)
	return versioningXML{XMLName: xml.Name{Space: s3Namespace}, Status: status}, nil
}

func putVersioning(r request) (any, error) {
	var in versioningXML
	if err := r.in.rest.read(&in); err != nil {
		return nil, err
	}
	return set(r, sim.Versioning, map[string]any{"versioningConfiguration": map[string]any{"status": in.Status}})
}

type encryptionXML struct {
	XMLName   xml.Name `xml:"ServerSideEncryptionConfiguration"`
	Algorithm string   `xml:"Rule>ApplyServerSideEncryptionByDefault>SSEAlgorithm"`
	Key       string   `xml:"Rule>ApplyServerSideEncryptionByDefault>KMSMasterKeyID,omitempty"`
	BucketKey bool     `xml:"Rule>BucketKeyEnabled"`
}

// getEncryption: without a setting of its own a bucket encrypts with S3's keys.
func getEncryption(r request) (any, error) {
	now, err := setting(r, sim.Encryption)
	if err != nil {
		return nil, err
	}
	out := encryptionXML{XMLName: xml.Name{Space: s3Namespace}, Algorithm: "AES256"}
	if rules, _ := now["rules"].([]any); len(rules) > 0 {
		rule, _ := rules[0].(map[string]any)
		by, _ := rule["applyServerSideEncryptionByDefault"].(map[string]any)
		out.Algorithm, _ = by["sseAlgorithm"].(string)
		out.Key, _ = by["kmsMasterKeyId"].(string)
		out.BucketKey, _ = rule["bucketKeyEnabled"].(bool)
	}
	return out, nil
}

func putEncryption(r request) (any, error) {
	var in encryptionXML
	if err := r.in.rest.read(&in); err != nil {
		return nil, err
	}
	return set(r, sim.Encryption, map[string]any{"rules": []any{map[string]any{
		"bucketKeyEnabled":                   in.BucketKey,
		"applyServerSideEncryptionByDefault": map[string]any{"sseAlgorithm": in.Algorithm, "kmsMasterKeyId": in.Key},
	}}})
}

type publicAccessXML struct {
	XMLName               xml.Name `xml:"PublicAccessBlockConfiguration"`
	BlockPublicAcls       bool
	BlockPublicPolicy     bool
	IgnorePublicAcls      bool
	RestrictPublicBuckets bool
}

// getPublicAccess: new buckets have been closed since 2023
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/configuring-block-public-access-bucket.html).
func getPublicAccess(r request) (any, error) {
	now, err := setting(r, sim.PublicAccess)
	if err != nil {
		return nil, err
	}
	is := func(name string) bool { return now == nil || now[name] == true }
	return publicAccessXML{xml.Name{Space: s3Namespace}, is("blockPublicAcls"), is("blockPublicPolicy"), is("ignorePublicAcls"), is("restrictPublicBuckets")}, nil
}

func putPublicAccess(r request) (any, error) {
	var in publicAccessXML
	if err := r.in.rest.read(&in); err != nil {
		return nil, err
	}
	return set(r, sim.PublicAccess, map[string]any{"blockPublicAcls": in.BlockPublicAcls, "blockPublicPolicy": in.BlockPublicPolicy,
		"ignorePublicAcls": in.IgnorePublicAcls, "restrictPublicBuckets": in.RestrictPublicBuckets})
}

func getPolicy(r request) (any, error) {
	now, err := setting(r, sim.BucketPolicy)
	if err != nil {
		return nil, err
	}
	policy, ok := now["policy"].(string)
	if !ok {
		return nil, &sim.Error{Status: 404, Code: "NoSuchBucketPolicy", Message: "The bucket policy does not exist"}
	}
	return reply{status: http.StatusOK, body: []byte(policy), header: http.Header{"Content-Type": {"application/json"}}}, nil
}

func putPolicy(r request) (any, error) {
	_, err := set(r, sim.BucketPolicy, map[string]any{"policy": string(r.in.rest.body)})
	return reply{status: http.StatusNoContent}, err
}
