package backend

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/pilotlight-dr/pilotlight/awsclient"
)

// Store is where a self-managed backend keeps its files: a folder or an S3 bucket. It
// reads them without the engine, which tells nothing of locks and cannot read a state
// that is damaged.
type Store struct {
	files files
	url   string
}

// ErrOpaque is returned for a backend whose files can't be read from here: Pulumi Cloud,
// or another provider's bucket.
var ErrOpaque = errors.New("the files of this backend can't be read from here")

// files are the files of a backend by their keys, which have slashes.
type files interface {
	list(ctx context.Context, prefix string) ([]File, error)
	read(ctx context.Context, f File) ([]byte, error)
	write(ctx context.Context, key string, content []byte) error
	remove(ctx context.Context, key string) error
}

// File is a file of a backend, or an earlier version of one.
type File struct {
	Key string
	// Version is the id of a version in a bucket; empty for the current one.
	Version  string
	Modified time.Time
	Size     int64  // in bytes
	ETag     string // of the content, in a bucket
}

// OpenStore opens the store of a backend at the URL that pulumi login takes. dir is the
// project's folder, from which a relative file:// URL counts. AWS makes the clients'
// configuration for a region and a profile; nil takes the default chain of credentials.
func OpenStore(ctx context.Context, address, dir string, config awsclient.Config) (*Store, error) {
	parsed, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("reading the backend's URL: %w", err)
	}
	switch parsed.Scheme {
	case "file":
		return openFolder(parsed, dir)
	case "s3":
		return openBucket(ctx, parsed, config)
	}
	return nil, fmt.Errorf("%s: %w", parsed.Redacted(), ErrOpaque)
}

func openFolder(address *url.URL, dir string) (*Store, error) {
	path := filepath.FromSlash(address.Host + address.Path)
	if rest, home := strings.CutPrefix(path, "~"); home {
		owner, err := user.Current() // as Pulumi does, whatever HOME is: in a container of CI it may be another
		if err != nil {
			return nil, fmt.Errorf("finding the backend's folder: %w", err)
		}
		path = filepath.Join(owner.HomeDir, rest)
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	return &Store{files: folder(path), url: address.Redacted()}, nil
}

func openBucket(ctx context.Context, address *url.URL, config awsclient.Config) (*Store, error) {
	query := address.Query()
	cfg, err := config.For(ctx, query.Get("region"), query.Get("profile"))
	if err != nil {
		return nil, fmt.Errorf("preparing to read bucket %s: %w", address.Host, err)
	}
	client := awsclient.S3(cfg, func(o *s3.Options) {
		if endpoint := query.Get("endpoint"); endpoint != "" {
			o.BaseEndpoint = &endpoint
		}
		o.UsePathStyle = o.UsePathStyle || query.Get("s3ForcePathStyle") == "true" || query.Get("use_path_style") == "true"
	})
	prefix := strings.Trim(address.Path, "/") + "/" + query.Get("prefix")
	return &Store{files: &bucket{client: client, name: address.Host, prefix: strings.TrimPrefix(prefix, "/")}, url: address.Redacted()}, nil
}

// folder is a backend's folder.
type folder string

func (d folder) list(_ context.Context, prefix string) ([]File, error) {
	var all []File
	err := filepath.WalkDir(filepath.Join(string(d), filepath.FromSlash(prefix)), func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) { // removed meanwhile
			return nil
		}
		if err != nil {
			return err
		}
		key, err := filepath.Rel(string(d), path)
		all = append(all, File{Key: filepath.ToSlash(key), Modified: info.ModTime().UTC(), Size: info.Size()})
		return err
	})
	return all, err
}

func (d folder) path(key string) string { return filepath.Join(string(d), filepath.FromSlash(key)) }

func (d folder) read(_ context.Context, f File) ([]byte, error) { return os.ReadFile(d.path(f.Key)) }

func (d folder) write(_ context.Context, key string, content []byte) error {
	path := d.path(key)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func (d folder) remove(_ context.Context, key string) error { return os.Remove(d.path(key)) }

// bucket is a backend's bucket in S3.
type bucket struct {
	client *s3.Client
	name   string
	prefix string // of all keys; empty, or ends with a slash
}

func (b *bucket) list(ctx context.Context, prefix string) ([]File, error) {
	full := b.prefix + prefix + "/"
	pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: &full})
	var all []File
	for page, err := range awsclient.Pages(ctx, pages) {
		if err != nil {
			return nil, fmt.Errorf("listing bucket %s: %w", b.name, err)
		}
		for _, o := range page.Contents {
			all = append(all, File{Key: strings.TrimPrefix(aws.ToString(o.Key), b.prefix), Modified: aws.ToTime(o.LastModified), Size: aws.ToInt64(o.Size), ETag: aws.ToString(o.ETag)})
		}
	}
	return all, nil
}

// versions lists all versions of one object, the newest first.
func (b *bucket) versions(ctx context.Context, key string) ([]File, error) {
	full := b.prefix + key
	pages := s3.NewListObjectVersionsPaginator(b.client, &s3.ListObjectVersionsInput{Bucket: &b.name, Prefix: &full})
	var all []File
	for page, err := range awsclient.Pages(ctx, pages) {
		if err != nil {
			return nil, fmt.Errorf("listing the versions of %s in bucket %s: %w", key, b.name, err)
		}
		for _, v := range page.Versions {
			if aws.ToString(v.Key) == full {
				all = append(all, File{Key: key, Version: aws.ToString(v.VersionId), Modified: aws.ToTime(v.LastModified), Size: aws.ToInt64(v.Size), ETag: aws.ToString(v.ETag)})
			}
		}
	}
	return all, nil
}

func (b *bucket) read(ctx context.Context, f File) ([]byte, error) {
	in := &s3.GetObjectInput{Bucket: &b.name, Key: aws.String(b.prefix + f.Key)}
	if f.Version != "" {
		in.VersionId = &f.Version
	}
	out, err := b.client.GetObject(ctx, in)
	if _, gone := errors.AsType[*types.NoSuchKey](err); gone {
		return nil, fmt.Errorf("%s in bucket %s: %w", f.Key, b.name, fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s in bucket %s: %w", f.Key, b.name, err)
	}
	defer out.Body.Close() //nolint:errcheck // only read from
	return io.ReadAll(out.Body)
}

func (b *bucket) write(ctx context.Context, key string, content []byte) error {
	_, err := b.client.PutObject(ctx, &s3.PutObjectInput{Bucket: &b.name, Key: aws.String(b.prefix + key), Body: bytes.NewReader(content)})
	if err != nil {
		return fmt.Errorf("writing %s in bucket %s: %w", key, b.name, err)
	}
	return nil
}

func (b *bucket) remove(ctx context.Context, key string) error {
	if _, err := b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: aws.String(b.prefix + key)}); err != nil {
		return fmt.Errorf("deleting %s in bucket %s: %w", key, b.name, err)
	}
	return nil
}
