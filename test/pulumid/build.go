package pulumid

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3"
	"github.com/rogpeppe/go-internal/lockedfile"
)

// source is the server's folder below the root of the repository. It is a module of its
// own: what the engine needs is kept out of the module that people embed.
const source = "test/pulumid/server"

// Build returns the server's binary, which is kept in the user's cache by what it is
// built from. Flags and versions are those with which package engine builds the pulumi
// command, so that both share what is compiled.
func Build(ctx context.Context) (string, error) {
	module, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("finding %s: %w", source, err)
	}
	dir := filepath.Join(filepath.Dir(strings.TrimSpace(string(module))), filepath.FromSlash(source))
	key, err := fingerprint(dir)
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	binary := filepath.Join(cache, "pilotlight", "pulumid", key)
	if err := os.MkdirAll(filepath.Dir(binary), 0o755); err != nil {
		return "", err
	}
	unlock, err := lockedfile.MutexAt(binary + ".lock").Lock()
	if err != nil {
		return "", err
	}
	defer unlock()
	if err := os.Chtimes(binary, time.Time{}, time.Now()); err == nil { // it is there, and in use
		return binary, nil
	}
	forget(filepath.Dir(binary))
	fmt.Fprintln(os.Stderr, "building the engine of the tests, once: a minute, or five where no engine was built before …")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath",
		"-ldflags", "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v"+sdk.Version.String(), "-o", binary+".new", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly", "CGO_ENABLED=0")
	if said, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w: %s", dir, err, strings.TrimSpace(string(said)))
	}
	return binary, os.Rename(binary+".new", binary)
}

// buildClient builds the pulumi command that has a server run its commands.
func buildClient(ctx context.Context, binary string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, "github.com/pilotlight-dr/pilotlight/test/pulumid/client")
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building the client: %w: %s", err, strings.TrimSpace(string(said)))
	}
	return nil
}

// forget removes what no test has used for a week.
func forget(dir string) {
	old, _ := os.ReadDir(dir)
	for _, file := range old {
		if info, err := file.Info(); err == nil && time.Since(info.ModTime()) > 7*24*time.Hour {
			_ = os.Remove(filepath.Join(dir, file.Name())) // another time, then
		}
	}
}

// fingerprint tells sources and toolchains apart.
func fingerprint(dir string) (string, error) {
	files, err := os.ReadDir(dir)
	if err == nil && len(files) == 0 {
		err = errors.New("there is no source in " + dir)
	}
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	fmt.Fprintln(sum, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	for _, file := range files {
		content, err := os.ReadFile(filepath.Join(dir, file.Name()))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%s %d\n%s", file.Name(), len(content), content)
	}
	return fmt.Sprintf("%x", sum.Sum(nil)[:8]), nil
}
