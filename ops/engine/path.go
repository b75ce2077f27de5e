package engine

import (
	"context"
	"fmt"
	"path/filepath"
)

// onPath returns the root of the pulumi on PATH, if there is one that will do.
func (f finder) onPath(ctx context.Context) (root string, ok bool) {
	path, err := f.lookPath("pulumi")
	if err != nil {
		return "", false
	}
	bin, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return "", false
	}
	if filepath.Base(bin) != "bin" { // the shim of a version manager, say
		f.say("Not using %s: the engine must be in a folder named bin.", path)
		return "", false
	}
	if err := f.try(ctx, path); err != nil {
		f.say("Not using %s: %v.", path, err)
		return "", false
	}
	return filepath.Dir(bin), true
}

// say writes a line of progress. That it has no reader is no reason to stop.
func (f finder) say(format string, args ...any) {
	_, _ = fmt.Fprintf(f.progress, format+"\n", args...)
}
