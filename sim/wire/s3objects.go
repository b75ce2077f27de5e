package wire

import (
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pilotlight-dr/pilotlight/sim"
)

// pageOfObjects is how many objects S3 lists at a time, at most.
const pageOfObjects = 1000

type listingXML struct {
	XMLName               xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
	Name                  string
	Prefix                string
	KeyCount              int
	NextMarker            string `xml:",omitempty"` // of ListObjects
	IsTruncated           bool
	NextContinuationToken string `xml:",omitempty"`
	Contents              []objectXML
	CommonPrefixes        []prefixXML
}

type objectXML struct {
	Key          string
	LastModified time.Time
	ETag         string
	Size         int
}

type prefixXML struct{ Prefix string }

// listObjects serves ListObjects too, the older call, which s3fs prefers.
func listObjects(r request) (any, error) {
	q := r.in.rest.query
	most := pageOfObjects
	if text := q.Get("max-keys"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return nil, &sim.Error{Status: 400, Code: "InvalidArgument", Message: "Provided max-keys not an integer or within integer range"}
		}
		most = min(n, most)
	}
	after := q.Get("start-after")
	if r.operation == "ListObjects" {
		after = q.Get("marker")
	}
	if token := q.Get("continuation-token"); token != "" {
		from, err := base64.URLEncoding.DecodeString(token)
		if err != nil {
			return nil, &sim.Error{Status: 400, Code: "InvalidArgument", Message: "The continuation token provided is incorrect"}
		}
		after = string(from)
	}
	page, err := r.world.List(r.region, r.in.rest.bucket, q.Get("prefix"), q.Get("delimiter"), after, most)
	if err != nil {
		return nil, err
	}
	out := listingXML{Name: r.in.rest.bucket, Prefix: q.Get("prefix"), KeyCount: len(page.Uploads) + len(page.Prefixes), IsTruncated: page.Next != ""}
	if r.operation == "ListObjects" {
		if out.NextMarker = page.Next; q.Get("delimiter") == "" {
			out.NextMarker = "" // clients go on from the last key
		}
	} else {
		out.NextContinuationToken = base64.URLEncoding.EncodeToString([]byte(page.Next))
	}
	for _, u := range page.Uploads {
		out.Contents = append(out.Contents, objectXML{Key: u.Key, LastModified: u.At.UTC(), ETag: quoted(u.ETag), Size: u.Size})
	}
	for _, p := range page.Prefixes {
		out.CommonPrefixes = append(out.CommonPrefixes, prefixXML{p})
	}
	return out, nil
}

func quoted(etag string) string { return `"` + etag + `"` }

// content is what the headers of a call say of an object.
func (in rest) content() sim.Content {
	c := sim.Content{Type: in.header.Get("Content-Type"), Class: in.header.Get("X-Amz-Storage-Class"), Body: in.body}
	if c.Class == "STANDARD" {
		c.Class = ""
	}
	for name, values := range in.header {
		if meta, ok := strings.CutPrefix(name, "X-Amz-Meta-"); ok {
			if c.Meta == nil {
				c.Meta = map[string]string{}
			}
			c.Meta[strings.ToLower(meta)] = values[0]
		}
	}
	return c
}

func (in rest) condition() sim.Condition {
	return sim.Condition{Match: in.header.Get("If-Match"), NoneMatch: in.header.Get("If-None-Match")}
}

func putObject(r request) (any, error) {
	content := r.in.rest.content()
	if content.Body == nil {
		content.Body = []byte{}
	}
	u, err := r.world.PutObject(r.region, r.in.rest.bucket, r.in.rest.key, content, r.in.rest.condition())
	if err != nil {
		return nil, err
	}
	return reply{status: http.StatusOK, header: headerOf(u)}, nil
}

// headerOf says how an object is kept.
func headerOf(u sim.Upload) http.Header {
	header := http.Header{"Etag": {quoted(u.ETag)}, "X-Amz-Server-Side-Encryption": {"AES256"}}
	if u.Version != "" {
		header.Set("X-Amz-Version-Id", u.Version)
	}
	if u.KMSKey != "" {
		header.Set("X-Amz-Server-Side-Encryption", "aws:kms")
		header.Set("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id", u.KMSKey)
	}
	return header
}

// getObject serves HeadObject too. The storage class is left out: that of a copy
// made by replication is not known.
func getObject(r request) (any, error) {
	in := r.in.rest
	u, err := r.world.Version(r.region, in.bucket, in.key, in.query.Get("versionId"))
	if err != nil {
		return nil, err
	}
	if match := in.header.Get("If-Match"); match != "" && strings.Trim(match, `"`) != u.ETag {
		return nil, &sim.Error{Status: 412, Code: "PreconditionFailed", Message: "At least one of the pre-conditions you specified did not hold"}
	}
	out := reply{status: http.StatusOK, header: headerOf(u), body: u.Body}
	out.header.Set("Last-Modified", u.At.UTC().Format(http.TimeFormat))
	out.header.Set("Accept-Ranges", "bytes")
	if u.Type != "" {
		out.header.Set("Content-Type", u.Type)
	}
	for name, value := range u.Meta {
		out.header.Set("X-Amz-Meta-"+name, value)
	}
	if in.header.Get("X-Amz-Checksum-Mode") == "ENABLED" && u.Body != nil && in.header.Get("Range") == "" {
		out.header.Set("X-Amz-Checksum-Crc32", checksum(u.Body))
		out.header.Set("X-Amz-Checksum-Type", "FULL_OBJECT")
	}
	switch {
	case r.operation == "HeadObject":
		out.body = nil
		out.header.Set("Content-Length", strconv.Itoa(u.Size))
	case u.Body == nil:
		return nil, unmodelled("%s was put into %s by its size alone: its content is not modelled by the simulator", in.key, in.bucket)
	case in.header.Get("Range") != "":
		return ranged(out, in.header.Get("Range"))
	}
	return out, nil
}

// ranged cuts "bytes=first-last" or "bytes=first-" out of an answer.
func ranged(out reply, text string) (any, error) {
	first, last, err := bytesOf(text, len(out.body))
	if err != nil {
		return nil, err
	}
	if first >= len(out.body) {
		return nil, &sim.Error{Status: 416, Code: "InvalidRange", Message: "The requested range is not satisfiable"}
	}
	last = min(last, len(out.body)-1)
	out.header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, last, len(out.body)))
	out.status, out.body = http.StatusPartialContent, out.body[first:last+1]
	return out, nil
}

func bytesOf(text string, size int) (first, last int, err error) {
	from, to, ok := strings.Cut(strings.TrimPrefix(text, "bytes="), "-")
	first, err = strconv.Atoi(from)
	last = size - 1
	if to != "" && err == nil {
		last, err = strconv.Atoi(to)
	}
	if !ok || err != nil || last < first && size > 0 {
		return 0, 0, unmodelled("the range %q is not modelled by the simulator", text)
	}
	return first, last, nil
}

// copySource reads what a copy is made of: a bucket, a slash, a key, escaped.
func (in rest) copySource() (sim.CopySource, error) {
	raw, version, _ := strings.Cut(in.header.Get("X-Amz-Copy-Source"), "?versionId=")
	text, err := url.QueryUnescape(raw)
	bucket, key, ok := strings.Cut(strings.TrimPrefix(text, "/"), "/")
	if err != nil || !ok {
		return sim.CopySource{}, &sim.Error{Status: 400, Code: "InvalidArgument", Message: "Copy Source must mention the source bucket and key: sourcebucket/sourcekey"}
	}
	return sim.CopySource{Bucket: bucket, Key: key, Version: version, Match: in.header.Get("X-Amz-Copy-Source-If-Match")}, nil
}

type copyXML struct {
	XMLName      xml.Name
	ETag         string
	LastModified time.Time
}

func copyObject(r request) (any, error) {
	in := r.in.rest
	from, err := in.copySource()
	if err != nil {
		return nil, err
	}
	content := in.content()
	var replace *sim.Content
	if in.header.Get("X-Amz-Metadata-Directive") == "REPLACE" {
		replace = &content
	}
	u, err := r.world.CopyObject(r.region, in.bucket, in.key, from, content.Class, replace, in.condition())
	if err != nil {
		return nil, err
	}
	return copyXML{xml.Name{Local: "CopyObjectResult"}, quoted(u.ETag), u.At.UTC()}, nil
}

func beginMultipart(r request) (any, error) {
	in := r.in.rest
	content := in.content()
	content.Body = nil
	id, err := r.world.BeginMultipart(r.region, in.bucket, in.key, content)
	if err != nil {
		return nil, err
	}
	return struct {
		XMLName               xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ InitiateMultipartUploadResult"`
		Bucket, Key, UploadId string
	}{Bucket: in.bucket, Key: in.key, UploadId: id}, nil
}

// part is which part of which upload a call is about.
func (in rest) part() (id string, number int) {
	number, _ = strconv.Atoi(in.query.Get("partNumber")) // 0 is refused
	return in.query.Get("uploadId"), number
}

func uploadPart(r request) (any, error) {
	in := r.in.rest
	id, number := in.part()
	part, err := r.world.PutPart(r.region, in.bucket, in.key, id, number, in.body)
	if err != nil {
		return nil, err
	}
	return reply{status: http.StatusOK, header: http.Header{"Etag": {quoted(part.ETag)}}}, nil
}

func copyPart(r request) (any, error) {
	in := r.in.rest
	from, err := in.copySource()
	if err != nil {
		return nil, err
	}
	first, last := 0, -1
	if text := in.header.Get("X-Amz-Copy-Source-Range"); text != "" {
		if first, last, err = bytesOf(text, 0); err != nil {
			return nil, err
		}
	}
	id, number := in.part()
	part, err := r.world.CopyPart(r.region, in.bucket, in.key, id, number, from, first, last)
	if err != nil {
		return nil, err
	}
	return copyXML{xml.Name{Local: "CopyPartResult"}, quoted(part.ETag), r.world.Clock().Now().UTC()}, nil
}

func completeMultipart(r request) (any, error) {
	var parts struct {
		Part []struct {
			PartNumber int
			ETag       string
		}
	}
	in := r.in.rest
	if err := in.read(&parts); err != nil {
		return nil, err
	}
	var pieces []sim.Piece
	for _, p := range parts.Part {
		pieces = append(pieces, sim.Piece{Number: p.PartNumber, ETag: p.ETag})
	}
	u, err := r.world.CompleteMultipart(r.region, in.bucket, in.key, in.query.Get("uploadId"), pieces, in.condition())
	if err != nil {
		return nil, err
	}
	return struct {
		XMLName           xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ CompleteMultipartUploadResult"`
		Bucket, Key, ETag string
	}{Bucket: in.bucket, Key: in.key, ETag: quoted(u.ETag)}, nil
}

func abortMultipart(r request) (any, error) {
	in := r.in.rest
	return reply{status: http.StatusNoContent}, r.world.AbortMultipart(r.region, in.bucket, in.key, in.query.Get("uploadId"))
}
