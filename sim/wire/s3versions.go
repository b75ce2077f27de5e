package wire

import (
	"encoding/xml"
	"net/http"
	"strconv"
	"time"

	"github.com/pilotlight-dr/pilotlight/sim"
)

type versionsXML struct {
	XMLName             xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListVersionsResult"`
	Name                string
	Prefix              string
	KeyMarker           string
	VersionIdMarker     string
	NextKeyMarker       string `xml:",omitempty"`
	NextVersionIdMarker string `xml:",omitempty"`
	IsTruncated         bool
	Entries             []any // versions and delete markers, as they come
}

type versionXML struct {
	XMLName      xml.Name `xml:"Version"`
	Key          string
	VersionId    string
	IsLatest     bool
	LastModified time.Time
	ETag         string
	Size         int
	StorageClass string
}

type markerXML struct {
	XMLName      xml.Name `xml:"DeleteMarker"`
	Key          string
	VersionId    string
	IsLatest     bool
	LastModified time.Time
}

// listVersions: times are whole seconds, as S3's are.
func listVersions(r request) (any, error) {
	q, most := r.in.rest.query, pageOfObjects
	if text := q.Get("max-keys"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return nil, &sim.Error{Status: 400, Code: "InvalidArgument", Message: "Provided max-keys not an integer or within integer range"}
		}
		most = min(n, most)
	}
	page, err := r.world.ListVersions(r.region, r.in.rest.bucket, q.Get("prefix"), q.Get("key-marker"), q.Get("version-id-marker"), most)
	if err != nil {
		return nil, err
	}
	out := versionsXML{Name: r.in.rest.bucket, Prefix: q.Get("prefix"), KeyMarker: q.Get("key-marker"), VersionIdMarker: q.Get("version-id-marker"), IsTruncated: page.More}
	for i, u := range page.Versions {
		at := u.At.UTC().Truncate(time.Second)
		if u.Marker {
			out.Entries = append(out.Entries, markerXML{Key: u.Key, VersionId: u.VersionID(), IsLatest: page.Latest[i], LastModified: at})
		} else {
			class := u.Class
			if class == "" {
				class = "STANDARD"
			}
			out.Entries = append(out.Entries, versionXML{Key: u.Key, VersionId: u.VersionID(), IsLatest: page.Latest[i], LastModified: at,
				ETag: quoted(u.ETag), Size: u.Size, StorageClass: class})
		}
		if page.More {
			out.NextKeyMarker, out.NextVersionIdMarker = u.Key, u.VersionID()
		}
	}
	return out, nil
}

func deleteObject(r request) (any, error) {
	gone, err := remove(r, r.in.rest.key, r.in.rest.query.Get("versionId"))
	if err != nil {
		return nil, err
	}
	out := reply{status: http.StatusNoContent, header: http.Header{}}
	if gone.DeleteMarker {
		out.header.Set("X-Amz-Delete-Marker", "true")
		out.header.Set("X-Amz-Version-Id", gone.DeleteMarkerVersionId)
	} else if gone.VersionId != "" {
		out.header.Set("X-Amz-Version-Id", gone.VersionId)
	}
	return out, nil
}

type removedXML struct {
	Key                   string
	VersionId             string `xml:",omitempty"`
	DeleteMarker          bool   `xml:",omitempty"`
	DeleteMarkerVersionId string `xml:",omitempty"`
}

// remove deletes a key, or one version of it for good
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeletedObject.html).
func remove(r request, key, version string) (removedXML, error) {
	if version == "" {
		marker, err := r.world.DeleteObject(r.region, r.in.rest.bucket, key)
		return removedXML{Key: key, DeleteMarker: marker.Version != "", DeleteMarkerVersionId: marker.Version}, err
	}
	removed, err := r.world.DeleteVersion(r.region, r.in.rest.bucket, key, version)
	out := removedXML{Key: key, VersionId: version}
	if removed.Marker {
		out.DeleteMarker, out.DeleteMarkerVersionId = true, version
	}
	return out, err
}

// mostDeleted is how many objects S3 deletes in one call.
const mostDeleted = 1000

func deleteObjects(r request) (any, error) {
	var in struct {
		Quiet  bool
		Object []struct{ Key, VersionId string }
	}
	if err := r.in.rest.read(&in); err != nil {
		return nil, err
	}
	if len(in.Object) == 0 || len(in.Object) > mostDeleted {
		return nil, &sim.Error{Status: 400, Code: "MalformedXML", Message: "The XML you provided was not well-formed or did not validate against our published schema"}
	}
	var out struct {
		XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ DeleteResult"`
		Deleted []removedXML
	}
	for _, object := range in.Object {
		gone, err := remove(r, object.Key, object.VersionId)
		if err != nil {
			return nil, err
		}
		if !in.Quiet {
			out.Deleted = append(out.Deleted, gone)
		}
	}
	return out, nil
}

type lifecycleXML struct {
	XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ LifecycleConfiguration"`
	Rule    []lifecycleRuleXML
}

type lifecycleRuleXML struct {
	ID         string
	Status     string
	Prefix     string `xml:"Filter>Prefix"`
	Noncurrent *struct {
		NoncurrentDays int
	} `xml:"NoncurrentVersionExpiration"`
	Expiration *struct {
		ExpiredObjectDeleteMarker bool
	}
	Abort *struct {
		DaysAfterInitiation int
	} `xml:"AbortIncompleteMultipartUpload"`
}

func getLifecycle(r request) (any, error) {
	rules, err := r.world.Lifecycle(r.region, r.in.rest.bucket)
	if err != nil {
		return nil, err
	}
	var out lifecycleXML
	for _, rule := range rules {
		x := lifecycleRuleXML{ID: rule.ID, Status: "Enabled"}
		if rule.NoncurrentDays > 0 {
			x.Noncurrent = &struct{ NoncurrentDays int }{rule.NoncurrentDays}
		}
		if rule.ExpiredDeleteMarkers {
			x.Expiration = &struct{ ExpiredObjectDeleteMarker bool }{true}
		}
		if rule.AbortUploadDays > 0 {
			x.Abort = &struct{ DaysAfterInitiation int }{rule.AbortUploadDays}
		}
		out.Rule = append(out.Rule, x)
	}
	return out, nil
}
