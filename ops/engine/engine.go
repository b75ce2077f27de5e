// Package engine finds a Pulumi engine, the pulumi command, that is new enough
// to run the program, or builds one from source: the Go toolchain and module
// proxy that built the program are all that it needs.
package engine

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// Version is the oldest engine that will do, and the one that is built when
// there is none. Older ones do not run resource hooks as the program needs them:
// an error in a hook may be a mere warning, and a panic ends the process.
const Version = "3.259.0"

// beat is how often a build reports that it is alive.
const beat = 15 * time.Second

// Find returns the folder whose bin/pulumi is the engine: what
// auto.PulumiCommandOptions calls its Root. It takes the pulumi on PATH if that
// is new enough, else the one that it built earlier into the user's cache
// folder, else it builds one there, which takes minutes and is reported to progress.
func Find(ctx context.Context, progress io.Writer) (string, error) {
	f := finder{
		lookPath:  exec.LookPath,
		userCache: os.UserCacheDir,
		environ:   os.Environ(),
		progress:  progress,
		beat:      beat,
	}
	return f.find(ctx)
}

// Installed returns the folder that Find would, and false where Find would have to
// build an engine first.
func Installed(ctx context.Context) (root string, ok bool) {
	f := finder{lookPath: exec.LookPath, userCache: os.UserCacheDir, environ: os.Environ(), progress: io.Discard}
	if root, ok := f.onPath(ctx); ok {
		return root, true
	}
	c, err := f.cache()
	return c.root, err == nil && c.filled()
}

// finder is what Find takes from the process that it runs in.
type finder struct {
	lookPath  func(name string) (string, error)
	userCache func() (string, error)
	environ   []string
	progress  io.Writer
	beat      time.Duration
}

func (f finder) find(ctx context.Context) (string, error) {
	if root, ok := f.onPath(ctx); ok {
		return root, nil
	}
	if err := context.Cause(ctx); err != nil {
		return "", err
	}
	c, err := f.cache()
	if err != nil {
		return "", err
	}
	if c.filled() {
		return c.root, nil
	}
	if err := f.fill(ctx, c); err != nil {
		return "", err
	}
	return c.root, nil
}

// command is the engine's file below its root, where the Automation API looks.
func command(root string) string {
	name := "pulumi"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(root, "bin", name)
}
