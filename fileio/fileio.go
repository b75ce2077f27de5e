// Package fileio reads and replaces the files of a project.
package fileio

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// largest is how large a file of a project may be, in bytes.
const largest = 4 << 20

// Read reads a regular file of at most 4 MiB. Any other file is an error: to read a pipe or
// a device might never end.
func Read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file (%s)", path, info.Mode().Type())
	case info.Size() > largest:
		return nil, fmt.Errorf("%s has %d bytes, more than the %d that such a file may have", path, info.Size(), largest)
	}
	return os.ReadFile(path)
}

// Replace writes a file as a whole, so that a process that is killed leaves the old or the
// new one. A file that exists keeps its permissions; a new one gets mode.
func Replace(path string, text []byte, mode fs.FileMode) error {
	info, err := os.Stat(path)
	switch {
	case err == nil:
		mode = info.Mode().Perm()
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("writing %s: %w", path, err)
	}
	beside := path + ".new"
	if err := os.WriteFile(beside, text, mode); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := os.Rename(beside, path); err != nil {
		return fmt.Errorf("writing %s: %w", path, errors.Join(err, os.Remove(beside)))
	}
	return nil
}
