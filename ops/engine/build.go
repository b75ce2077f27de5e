package engine

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// The module that the engine is built from. Its files have other names than
// go.mod and go.sum since a folder with a go.mod would not be embedded. To move
// to another version, change Version, run in an empty folder
//
//	go mod init engine
//	go get -tool github.com/pulumi/pulumi/pkg/v3/cmd/pulumi@v…
//
// and bring go.mod and go.sum here. (go install pulumi@v… refuses, because the
// module of the engine has replace directives.)
var (
	//go:embed engine.mod
	engineMod []byte
	//go:embed engine.sum
	engineSum []byte
)

const (
	enginePackage = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
	versionSymbol = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
	install       = "install Pulumi v" + Version + " or newer (https://www.pulumi.com/docs/install) and put it on PATH"
)

// fill has the engine built into the cache, and says so.
func (f finder) fill(ctx context.Context, c cache) error {
	goCommand, err := f.lookPath("go")
	if err != nil {
		return fmt.Errorf("there is no Pulumi engine v%s or newer, and no Go to build one with: "+
			"install Go 1.26 or newer (https://go.dev/dl) and put it on PATH, or %s", Version, install)
	}
	if err := c.make(); err != nil {
		return err
	}
	began := time.Now()
	f.say("Building the Pulumi engine v%s in %s, once: it takes 4 to 7 minutes on two cores.", Version, c.root)
	done := make(chan error, 1)
	go func() { done <- f.buildInto(ctx, c, goCommand) }()
	tick := time.NewTicker(f.beat)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			f.say("Still building the Pulumi engine, %s.", time.Since(began).Round(time.Second))
		case err := <-done:
			if err == nil {
				f.say("The Pulumi engine is there after %s.", time.Since(began).Round(time.Second))
			}
			return err
		}
	}
}

// buildInto builds the engine into the cache, unless another process just did.
func (f finder) buildInto(ctx context.Context, c cache, goCommand string) error {
	unlock, err := c.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if c.filled() {
		return nil
	}
	dir, err := c.workshop()
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // if it stays, the next build clears it away
	built, err := f.build(ctx, goCommand, dir)
	if err != nil {
		return err
	}
	if err := os.Rename(built, command(c.root)); err != nil {
		return c.unwritable(err)
	}
	return nil
}

// build builds the engine in the empty folder dir, and tries it.
func (f finder) build(ctx context.Context, goCommand, dir string) (path string, err error) {
	for name, content := range map[string][]byte{"go.mod": engineMod, "go.sum": engineSum} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return "", fmt.Errorf("building the Pulumi engine: %w", err)
		}
	}
	path = filepath.Join(dir, filepath.Base(command("")))
	cmd := exec.CommandContext(ctx, goCommand, "build", "-trimpath",
		"-ldflags", "-s -w -X "+versionSymbol+"=v"+Version, "-o", path, enginePackage)
	cmd.Dir = dir
	cmd.Env = f.buildEnviron()
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // lets go end its compilers
	cmd.WaitDelay = 10 * time.Second
	err = cmd.Run()
	switch {
	case ctx.Err() != nil:
		return "", fmt.Errorf("building the Pulumi engine: %w", context.Cause(ctx))
	case err != nil:
		return "", fmt.Errorf("building the Pulumi engine: %w; see that the modules can be had from the proxy that "+
			"go env GOPROXY names, or %s", complaint(err, said.String()), install)
	}
	if err := f.try(ctx, path); err != nil {
		return "", fmt.Errorf("trying the Pulumi engine just built in %s: %w; %s", dir, err, install)
	}
	return path, nil
}

// buildEnviron is the environment without what may be set for the user's own
// work: another platform, a workspace, vendoring. A setting must not be empty,
// or go would take what go env -w saved.
func (f finder) buildEnviron() []string {
	return append(slices.Clip(f.environ),
		"GO111MODULE=on", "GOWORK=off", "GOFLAGS=-mod=readonly",
		"GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH, "CGO_ENABLED=0")
}

// complaint is how go ended and the last it said, without its reports of downloads.
func complaint(err error, said string) error {
	lines := slices.DeleteFunc(strings.Split(strings.TrimSpace(said), "\n"), func(line string) bool {
		return line == "" || strings.HasPrefix(line, "go: downloading ")
	})
	if len(lines) == 0 {
		return err
	}
	return fmt.Errorf("%w: %s", err, strings.Join(lines[max(0, len(lines)-10):], "\n"))
}
