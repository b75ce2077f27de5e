package main

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"gocloud.dev/blob"
	"gocloud.dev/blob/driver"
	"gocloud.dev/gcerrors"
)

// scheme is that of a folder whose writes of states are told to the client.
const scheme = "watched-file"

func init() { blob.DefaultURLMux().RegisterBucket(scheme, opener{}) }

// opened are the folders of commands that watch, by the host of their address.
var (
	opened sync.Map
	last   atomic.Int64
)

type folder struct {
	address string
	client  *client
}

// watched is the address of a command's backend: another one if it watches its writes.
func watched(ctx context.Context, address string) string {
	c, ok := ctx.Value(commandKey{}).(*command)
	if !ok || !c.Watch || !strings.HasPrefix(address, "file://") {
		return address
	}
	id := strconv.FormatInt(last.Add(1), 10)
	opened.Store(id, folder{address, c.client})
	return scheme + "://" + id
}

type opener struct{}

// OpenBucketURL opens the folder behind an address of watched.
func (opener) OpenBucketURL(ctx context.Context, u *url.URL) (*blob.Bucket, error) {
	found, ok := opened.LoadAndDelete(u.Host)
	if !ok {
		return nil, fmt.Errorf("no folder is watched as %s", u)
	}
	f := found.(folder)
	address, err := url.Parse(f.address)
	if err != nil {
		return nil, err
	}
	query := address.Query()
	query.Set("no_tmp_dir", "true") // as pulumi does
	address.RawQuery = query.Encode()
	inner, err := blob.OpenBucket(ctx, address.String())
	if err != nil {
		return nil, err
	}
	return blob.NewBucket(&bucket{inner, f.client}), nil
}

// bucket is another one that tells of the writes of states, before and after.
type bucket struct {
	inner  *blob.Bucket
	client *client
}

// isState reports whether a key is that of a stack's state.
func isState(key string) bool {
	return strings.HasPrefix(key, ".pulumi/stacks/") && path.Ext(key) == ".json"
}

// NewTypedWriter writes an object. It is there when the writer is closed.
func (b *bucket) NewTypedWriter(ctx context.Context, key, contentType string, o *driver.WriterOptions) (driver.Writer, error) {
	w, err := b.inner.NewWriter(ctx, key, &blob.WriterOptions{ContentType: contentType, BufferSize: o.BufferSize})
	if err != nil {
		return nil, err
	}
	if isState(key) {
		return stateWriter{w, b.client}, nil
	}
	return w, nil
}

type stateWriter struct {
	*blob.Writer
	client *client
}

// Close writes the state.
func (w stateWriter) Close() error {
	w.client.written("before")
	defer w.client.written("after")
	return w.Writer.Close()
}

// ErrorCode is the inner bucket's.
func (b *bucket) ErrorCode(err error) gcerrors.ErrorCode { return gcerrors.Code(err) }

// As knows nothing of the driver's own types.
func (b *bucket) As(any) bool { return false }

// ErrorAs is the inner bucket's.
func (b *bucket) ErrorAs(err error, i any) bool { return b.inner.ErrorAs(err, i) }

// Attributes are the inner bucket's.
func (b *bucket) Attributes(ctx context.Context, key string) (*driver.Attributes, error) {
	a, err := b.inner.Attributes(ctx, key)
	if err != nil {
		return nil, err
	}
	return &driver.Attributes{ContentType: a.ContentType, ModTime: a.ModTime, Size: a.Size, MD5: a.MD5, ETag: a.ETag}, nil
}

// ListPaged lists the inner bucket.
func (b *bucket) ListPaged(ctx context.Context, o *driver.ListOptions) (*driver.ListPage, error) {
	token, size := o.PageToken, o.PageSize
	if len(token) == 0 {
		token = blob.FirstPageToken
	}
	if size == 0 {
		size = 1000
	}
	found, next, err := b.inner.ListPage(ctx, token, size, &blob.ListOptions{Prefix: o.Prefix, Delimiter: o.Delimiter})
	if err != nil {
		return nil, err
	}
	page := &driver.ListPage{NextPageToken: next}
	for _, each := range found {
		page.Objects = append(page.Objects, &driver.ListObject{Key: each.Key, ModTime: each.ModTime, Size: each.Size, MD5: each.MD5, IsDir: each.IsDir})
	}
	return page, nil
}

// NewRangeReader reads the inner bucket.
func (b *bucket) NewRangeReader(ctx context.Context, key string, offset, length int64, _ *driver.ReaderOptions) (driver.Reader, error) {
	r, err := b.inner.NewRangeReader(ctx, key, offset, length, nil)
	if err != nil {
		return nil, err
	}
	return reader{r}, nil
}

type reader struct{ *blob.Reader }

// Attributes are those of what is read.
func (r reader) Attributes() *driver.ReaderAttributes {
	return &driver.ReaderAttributes{ContentType: r.ContentType(), ModTime: r.ModTime(), Size: r.Size()}
}

// As knows nothing of the driver's own types.
func (r reader) As(any) bool { return false }

// Copy copies inside the inner bucket.
func (b *bucket) Copy(ctx context.Context, to, from string, _ *driver.CopyOptions) error {
	return b.inner.Copy(ctx, to, from, nil)
}

// Delete deletes from the inner bucket.
func (b *bucket) Delete(ctx context.Context, key string, _ *driver.DeleteOptions) error {
	return b.inner.Delete(ctx, key)
}

// SignedURL is the inner bucket's.
func (b *bucket) SignedURL(ctx context.Context, key string, o *driver.SignedURLOptions) (string, error) {
	return b.inner.SignedURL(ctx, key, &blob.SignedURLOptions{Expiry: o.Expiry, Method: o.Method})
}

// Close closes the inner bucket.
func (b *bucket) Close() error { return b.inner.Close() }
