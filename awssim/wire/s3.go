package wire

import (
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/pilotlight-dr/pilotlight/awssim"
)

// s3Protocol is restXml, as far as a listing needs it: the bucket is in the host,
// or the first part of the path.
var s3Protocol = protocol{
	contentType: "application/xml",
	decode: func(req *http.Request, _ []byte) (string, input, error) {
		in := input{form: req.URL.Query()}
		bucket, _, inHost := strings.Cut(req.URL.Host, ".s3.")
		if !inHost {
			bucket, _, _ = strings.Cut(strings.TrimPrefix(req.URL.Path, "/"), "/")
		}
		in.form.Set("bucket", bucket)
		if req.Method == http.MethodGet && in.form.Get("list-type") == "2" {
			return "ListObjectsV2", in, nil
		}
		return req.Method, in, nil
	},
	encode: func(_ string, result any, _ string) ([]byte, error) { return xml.Marshal(result) },
	encodeError: func(e *awssim.Error) ([]byte, http.Header) {
		return mustXML(struct {
			XMLName   xml.Name `xml:"Error"`
			Code      string
			Message   string
			RequestId string
		}{Code: e.Code, Message: e.Message, RequestId: e.RequestID}), nil
	},
}

var s3Operations = map[string]operation{
	"ListObjectsV2": {func(in input) string { return in.text("bucket") }, listObjects},
}

// pageOfObjects is how many objects S3 lists at a time.
const pageOfObjects = 1000

type listingXML struct {
	XMLName               xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
	Name                  string
	KeyCount              int
	IsTruncated           bool
	NextContinuationToken string `xml:",omitempty"`
	Contents              []objectXML
}

type objectXML struct {
	Key          string
	LastModified time.Time
	Size         int
}

func listObjects(r request) (any, error) {
	if err := r.in.only("bucket", "list-type", "continuation-token", "x-id"); err != nil {
		return nil, err
	}
	held, err := r.world.Uploads(r.region, r.in.text("bucket"))
	if err != nil {
		return nil, err
	}
	from, _ := strconv.Atoi(r.in.text("continuation-token")) // a first page has none
	out := listingXML{Name: r.in.text("bucket")}
	for i, u := range held[min(from, len(held)):] {
		if i == pageOfObjects {
			out.IsTruncated, out.NextContinuationToken = true, strconv.Itoa(from+i)
			break
		}
		out.Contents = append(out.Contents, objectXML{Key: u.Key, LastModified: u.At.UTC(), Size: u.Size})
	}
	out.KeyCount = len(out.Contents)
	return out, nil
}
