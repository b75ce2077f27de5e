package sim

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Multipart is an upload in parts that is not complete.
type Multipart struct {
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
	Content
	At    time.Time       `json:"at"`
	Parts map[int]Content `json:"parts"`
}

// BeginMultipart opens an upload in parts.
func (w *World) BeginMultipart(region, bucket, key string, content Content) (id string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.bucket(region, bucket); err != nil {
		return "", err
	}
	w.state.Made["multipart"]++
	id = w.etag("multipart", strconv.Itoa(w.state.Made["multipart"]))
	w.state.Multiparts[id] = &Multipart{Bucket: bucket, Key: key, Content: content, At: w.clock.Now(), Parts: map[int]Content{}}
	return id, nil
}

// PutPart uploads a part.
func (w *World) PutPart(region, bucket, key, id string, number int, body []byte) (Content, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m, err := w.multipart(region, bucket, key, id)
	if err != nil {
		return Content{}, err
	}
	return m.put(number, Content{Size: len(body), Body: body, ETag: digest(body)})
}

// CopyPart makes a part of a range of another object; last is the last byte that
// is in it, and below 0 for the whole.
func (w *World) CopyPart(region, bucket, key, id string, number int, from CopySource, first, last int) (Content, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m, err := w.multipart(region, bucket, key, id)
	if err != nil {
		return Content{}, err
	}
	source, err := w.copySource(region, from)
	if err != nil {
		return Content{}, err
	}
	if last < 0 {
		last = source.Size - 1
	}
	switch {
	case last >= source.Size:
		return Content{}, refuse("InvalidArgument", "Range specified is not valid for source object of size: %d", source.Size)
	case last-first >= largestCopy:
		return Content{}, refuse("InvalidRequest", "The specified copy source is larger than the maximum allowable size for a copy source: %d", largestCopy)
	}
	part := Content{Size: last - first + 1, ETag: w.etag(source.ETag, strconv.Itoa(first), strconv.Itoa(last))}
	if source.Body != nil {
		part.Body = source.Body[first : last+1]
		part.ETag = digest(part.Body)
	}
	return m.put(number, part)
}

// A Piece is a part as its uploader names it.
type Piece struct {
	Number int
	ETag   string
}

// smallestPart is how large a part must be, unless it is the last.
const smallestPart = 5 << 20

// CompleteMultipart makes an object of parts. Its time is that of the beginning
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html).
func (w *World) CompleteMultipart(region, bucket, key, id string, pieces []Piece, only Condition) (Upload, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m, err := w.multipart(region, bucket, key, id)
	if err != nil {
		return Upload{}, err
	}
	content, digests, known := m.Content, []byte(nil), true
	content.Body = []byte{}
	for i, piece := range pieces {
		part, ok := m.Parts[piece.Number]
		switch {
		case !ok || part.ETag != strings.Trim(piece.ETag, `"`):
			return Upload{}, refuse("InvalidPart", "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.")
		case i > 0 && piece.Number <= pieces[i-1].Number:
			return Upload{}, refuse("InvalidPartOrder", "The list of parts was not in ascending order. Parts must be ordered by part number.")
		case i < len(pieces)-1 && part.Size < smallestPart:
			return Upload{}, refuse("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
		}
		sum, _ := hex.DecodeString(part.ETag) // ours
		content.Size, digests, known = content.Size+part.Size, append(digests, sum...), known && part.Body != nil
		content.Body = append(content.Body, part.Body...)
	}
	if len(pieces) == 0 {
		return Upload{}, refuse("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	if !known {
		content.Body = nil
	}
	content.ETag = fmt.Sprintf("%s-%d", digest(digests), len(pieces))
	u, err := w.write(w.bucketNamed(region, bucket), key, content, only, m.At)
	if err == nil {
		delete(w.state.Multiparts, id)
	}
	return u, err
}

// AbortMultipart gives an upload in parts up.
func (w *World) AbortMultipart(region, bucket, key, id string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err := w.multipart(region, bucket, key, id)
	delete(w.state.Multiparts, id)
	return err
}

// OpenMultiparts is how many uploads in parts were begun and neither completed nor aborted.
func (w *World) OpenMultiparts() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.state.Multiparts)
}

func (w *World) multipart(region, bucket, key, id string) (*Multipart, error) {
	if _, err := w.bucket(region, bucket); err != nil {
		return nil, err
	}
	m := w.state.Multiparts[id]
	if m == nil || m.Bucket != bucket || m.Key != key {
		return nil, &Error{Status: 404, Code: "NoSuchUpload", Message: "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."}
	}
	return m, nil
}

func (m *Multipart) put(number int, part Content) (Content, error) {
	if number < 1 || number > 10_000 {
		return Content{}, refuse("InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive")
	}
	m.Parts[number] = part
	return part, nil
}
