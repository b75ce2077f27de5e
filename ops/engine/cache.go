package engine

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// cache is the folder that holds the engine that was built.
type cache struct {
	root string
}

func (f finder) cache() (cache, error) {
	dir, err := f.userCache()
	if err != nil {
		return cache{}, fmt.Errorf("finding the cache folder for the Pulumi engine: %w; set it, or %s", err, install)
	}
	return cache{root: filepath.Join(dir, "pilotlight", "pulumi-v"+Version)}, nil
}

// filled reports whether the engine is there. It is moved there whole, so it need
// not be tried; only after a power failure might a file be found empty.
func (c cache) filled() bool {
	info, err := os.Stat(command(c.root))
	return err == nil && info.Mode().IsRegular() && info.Size() > 0
}

// make makes the folders of the cache.
func (c cache) make() error {
	if err := os.MkdirAll(filepath.Dir(command(c.root)), 0o755); err != nil {
		return c.unwritable(err)
	}
	return nil
}

// lock waits until no other process builds into the cache. The system lets go of
// the lock of a process that dies.
func (c cache) lock(ctx context.Context) (unlock func(), err error) {
	type outcome struct {
		unlock func()
		err    error
	}
	locked := make(chan outcome, 1)
	go func() {
		unlock, err := lockedfile.MutexAt(c.root + ".lock").Lock()
		locked <- outcome{unlock, err}
	}()
	select {
	case o := <-locked:
		if o.err != nil {
			return nil, c.unwritable(o.err)
		}
		return o.unlock, nil
	case <-ctx.Done():
		go func() {
			if o := <-locked; o.err == nil {
				o.unlock()
			}
		}()
		return nil, context.Cause(ctx)
	}
}

// workshop makes an empty folder to build in, beside the place of the engine, so
// that the finished file can be moved there at once. It clears away what a
// killed build left: the lock must be held.
func (c cache) workshop() (dir string, err error) {
	left, err := fs.Glob(os.DirFS(c.root), "build-*")
	if err != nil {
		return "", err
	}
	for _, dir := range left {
		if err := os.RemoveAll(filepath.Join(c.root, dir)); err != nil {
			return "", c.unwritable(err)
		}
	}
	if dir, err = os.MkdirTemp(c.root, "build-"); err != nil {
		return "", c.unwritable(err)
	}
	return dir, nil
}

func (c cache) unwritable(err error) error {
	return fmt.Errorf("keeping the Pulumi engine in %s: %w; make that folder writable, or %s", c.root, err, install)
}
