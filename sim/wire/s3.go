package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"

	"github.com/pilotlight-dr/pilotlight/sim"
)

// rest is a call in REST: a method on a bucket or on a key in it.
type rest struct {
	bucket, key string
	query       url.Values
	header      http.Header
	body        []byte
}

// s3Protocol is restXml. The bucket is in the host, or the first part of the path.
var s3Protocol = protocol{
	contentType: "application/xml",
	decode: func(req *http.Request, body []byte) (string, input, error) {
		path := strings.TrimPrefix(req.URL.EscapedPath(), "/")
		bucket, _, inHost := strings.Cut(req.URL.Host, ".s3.")
		if !inHost {
			bucket, path, _ = strings.Cut(path, "/")
		}
		key, err := url.PathUnescape(path)
		if err != nil {
			return "", input{}, fmt.Errorf("reading the key: %w", err)
		}
		if body, err = unchunked(req.Header, body); err != nil {
			return "", input{}, err
		}
		in := rest{bucket: bucket, key: key, query: req.URL.Query(), header: req.Header, body: body}
		return in.operation(req.Method), input{rest: in}, nil
	},
	encode: func(_ string, result any, _ string) ([]byte, error) { return xml.Marshal(result) },
	encodeError: func(e *sim.Error) ([]byte, http.Header) {
		header := http.Header{}
		for name, value := range e.Headers {
			header.Set(name, value)
		}
		if strings.HasPrefix(e.Operation, "Head") {
			return nil, header // HEAD has no body: clients make the code of the status
		}
		return mustXML(struct {
			XMLName   xml.Name `xml:"Error"`
			Code      string
			Message   string
			RequestId string
		}{Code: e.Code, Message: e.Message, RequestId: e.RequestID}), header
	},
}

// operation names a call by what S3 tells them apart by.
func (in rest) operation(method string) string {
	_, copies := in.header["X-Amz-Copy-Source"]
	of := func(names ...string) string { // by a word in the query
		for i := 0; i < len(names)-1; i += 2 {
			if in.query.Has(names[i]) {
				return names[i+1]
			}
		}
		return names[len(names)-1]
	}
	if in.key == "" {
		switch method {
		case http.MethodHead:
			return "HeadBucket"
		case http.MethodGet:
			return of("list-type", "ListObjectsV2", "location", "GetBucketLocation", "versioning", "GetBucketVersioning", "encryption", "GetBucketEncryption",
				"publicAccessBlock", "GetPublicAccessBlock", "policy", "GetBucketPolicy", "versions", "ListObjectVersions",
				"lifecycle", "GetBucketLifecycleConfiguration", "ListObjects")
		case http.MethodPut:
			return of("versioning", "PutBucketVersioning", "encryption", "PutBucketEncryption", "publicAccessBlock", "PutPublicAccessBlock",
				"policy", "PutBucketPolicy", "CreateBucket")
		case http.MethodPost:
			return of("delete", "DeleteObjects", "POST bucket")
		}
		return method + " bucket"
	}
	switch method {
	case http.MethodHead:
		return "HeadObject"
	case http.MethodGet:
		return of("uploadId", "ListParts", "GetObject")
	case http.MethodPut:
		if copies {
			return of("partNumber", "UploadPartCopy", "CopyObject")
		}
		return of("partNumber", "UploadPart", "PutObject")
	case http.MethodPost:
		return of("uploads", "CreateMultipartUpload", "uploadId", "CompleteMultipartUpload", "POST object")
	case http.MethodDelete:
		return of("uploadId", "AbortMultipartUpload", "DeleteObject")
	}
	return method + " object"
}

// unchunked takes the body out of aws-chunked, in which signatures of chunks or a
// checksum follow it. Its chunks are those of HTTP, with extensions.
func unchunked(header http.Header, body []byte) ([]byte, error) {
	if !strings.HasPrefix(header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		return body, nil
	}
	content, err := io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(body)))
	if err != nil {
		return nil, fmt.Errorf("reading aws-chunked: %w", err)
	}
	_, trailer, _ := bytes.Cut(body[max(0, len(body)-512):], []byte("x-amz-checksum-crc32:"))
	if sum, _, ok := bytes.Cut(trailer, []byte("\r\n")); ok {
		header.Set("X-Amz-Checksum-Crc32", string(bytes.TrimSpace(sum)))
	}
	return content, nil
}

var s3Operations = map[string]operation{
	"CreateBucket":         onBucket(createBucket, "x-amz-object-ownership"),
	"HeadBucket":           onBucket(headBucket),
	"GetBucketLocation":    onBucket(getLocation, "location"),
	"GetBucketVersioning":  onBucket(getVersioning, "versioning"),
	"PutBucketVersioning":  onBucket(putVersioning, "versioning"),
	"GetBucketEncryption":  onBucket(getEncryption, "encryption"),
	"PutBucketEncryption":  onBucket(putEncryption, "encryption"),
	"GetPublicAccessBlock": onBucket(getPublicAccess, "publicAccessBlock"),
	"PutPublicAccessBlock": onBucket(putPublicAccess, "publicAccessBlock"),
	"GetBucketPolicy":      onBucket(getPolicy, "policy"),
	"PutBucketPolicy":      onBucket(putPolicy, "policy"),
	"ListObjectsV2":        onBucket(listObjects, "list-type", "continuation-token", "prefix", "delimiter", "start-after", "max-keys"),
	"ListObjects":          onBucket(listObjects, "marker", "prefix", "delimiter", "max-keys"),
	"DeleteObjects":        onBucket(deleteObjects, "delete"),
	"ListObjectVersions":   onBucket(listVersions, "versions", "prefix", "key-marker", "version-id-marker", "max-keys"),

	"GetBucketLifecycleConfiguration": onBucket(getLifecycle, "lifecycle"),

	"PutObject":    onObject(putObject, "content-type", "if-match", "if-none-match", "x-amz-storage-class", ownKey),
	"GetObject":    onObject(getObject, "range", "if-match", "x-amz-checksum-mode", "versionId"),
	"HeadObject":   onObject(getObject, "if-match", "x-amz-checksum-mode", "versionId"),
	"DeleteObject": onObject(deleteObject, "versionId"),
	"CopyObject": onObject(copyObject, "content-type", "if-match", "if-none-match", "x-amz-storage-class", "x-amz-metadata-directive",
		"x-amz-copy-source", "x-amz-copy-source-if-match", ownKey),

	"CreateMultipartUpload":   onObject(beginMultipart, "uploads", "content-type", "x-amz-storage-class", ownKey),
	"UploadPart":              onObject(uploadPart, "partNumber", "uploadId"),
	"UploadPartCopy":          onObject(copyPart, "partNumber", "uploadId", "x-amz-copy-source", "x-amz-copy-source-if-match", "x-amz-copy-source-range"),
	"CompleteMultipartUpload": onObject(completeMultipart, "uploadId", "if-match", "if-none-match"),
	"AbortMultipartUpload":    onObject(abortMultipart, "uploadId"),
}

func onBucket(serve func(request) (any, error), known ...string) operation {
	return operation{subject: func(in input) string { return in.rest.bucket }, serve: checked(serve, known)}
}

func onObject(serve func(request) (any, error), known ...string) operation {
	return operation{subject: func(in input) string { return in.rest.bucket + "/" + in.rest.key }, serve: checked(serve, known)}
}

// ownKey asks for encryption by a key of S3's own, which every object has by default: s3fs 1.90
// sends it along with a copy. Other keys are not modelled.
const ownKey = "x-amz-server-side-encryption"

// everywhere are parameters of every call: those of signing, of the client, and of
// checksums, which are looked at in one place.
var everywhere = []string{
	"x-id", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token", "x-amz-user-agent", "x-amz-trailer", "x-amz-decoded-content-length",
	"x-amz-checksum-crc32", "x-amz-checksum-algorithm", "x-amz-checksum-type", "x-amz-sdk-checksum-algorithm", "x-amz-expected-bucket-owner",
}

// checked has what holds for every call: nothing is asked that the operation
// doesn't look at, the bucket is its owner's, and the body arrived whole.
func checked(serve func(request) (any, error), known []string) func(request) (any, error) {
	return func(r request) (any, error) {
		in := r.in.rest
		for _, name := range in.parameters() {
			if !slices.Contains(known, name) && !slices.Contains(everywhere, name) && !strings.HasPrefix(name, "x-amz-meta-") {
				return nil, unmodelled("parameter %s of %s is not modelled by the simulator", name, r.operation)
			}
		}
		if key := in.header.Get(ownKey); key != "" && key != "AES256" {
			return nil, unmodelled("encryption by %s is not modelled by the simulator", key)
		}
		if owner := in.header.Get("X-Amz-Expected-Bucket-Owner"); owner != "" && owner != r.world.Account() {
			return nil, &sim.Error{Status: 403, Code: "AccessDenied", Message: "Access Denied"}
		}
		if sum := in.header.Get("X-Amz-Checksum-Crc32"); sum != "" && sum != checksum(in.body) {
			return nil, &sim.Error{Status: 400, Code: "BadDigest", Message: "The CRC32 you specified did not match the calculated checksum."}
		}
		return serve(r)
	}
}

// parameters are the names of all that changes what a call means.
func (in rest) parameters() (names []string) {
	for name := range in.query {
		names = append(names, name)
	}
	for name := range in.header {
		name = strings.ToLower(name)
		if strings.HasPrefix(name, "x-amz-") || strings.HasPrefix(name, "if-") || name == "range" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func checksum(body []byte) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(body)))
}

// read reads the XML of a body.
func (in rest) read(v any) error {
	if err := xml.Unmarshal(in.body, v); err != nil && !errors.Is(err, io.EOF) {
		return &sim.Error{Status: 400, Code: "MalformedXML", Message: "The XML you provided was not well-formed or did not validate against our published schema"}
	}
	return nil
}
