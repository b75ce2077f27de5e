package engine

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/blang/semver"
)

// tryTimeout is long enough for a large file on a slow disk to start.
const tryTimeout = 30 * time.Second

var oldest = semver.MustParse(Version)

// try says why the engine at path will not do, or nothing.
func (f finder) try(ctx context.Context, path string) error {
	bounded, cancel := context.WithTimeoutCause(ctx, tryTimeout,
		fmt.Errorf("it did not tell its version within %s", tryTimeout))
	defer cancel()
	cmd := exec.CommandContext(bounded, path, "version")
	cmd.Env = append(slices.Clip(f.environ), "PULUMI_SKIP_UPDATE_CHECK=true") // the check asks the network
	cmd.WaitDelay = time.Second
	printed, err := cmd.Output()
	switch {
	case bounded.Err() != nil:
		return context.Cause(bounded)
	case err != nil:
		return fmt.Errorf("it did not tell its version: %w", err)
	}
	return judge(string(printed))
}

// judge says why an engine that prints this as its version will not do, or nothing.
func judge(printed string) error {
	printed = strings.TrimSpace(printed)
	if printed == "" {
		return errors.New("it was built without a version")
	}
	v, err := semver.ParseTolerant(printed)
	switch {
	case err != nil:
		return fmt.Errorf("it calls its version %q", printed)
	case v.Major != oldest.Major: // the Automation API refuses another major version
		return fmt.Errorf("it is v%s, not a version %d", v, oldest.Major)
	case v.LT(oldest):
		return fmt.Errorf("it is v%s, older than v%s", v, oldest)
	}
	return nil
}
