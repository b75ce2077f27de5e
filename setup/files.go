package setup

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/pilotlight-dr/pilotlight/config"
)

// ProjectFile is the name of the project's file. It is the same for every site,
// and never overwritten.
const ProjectFile = "Pulumi.yaml"

//go:embed Pulumi.yaml
var project []byte

// WriteProject writes the project's file into a folder that has none.
func WriteProject(dir string) error {
	return os.WriteFile(filepath.Join(dir, ProjectFile), project, 0o644)
}

// InTheWay lists the files of the site's stacks that a folder already holds.
func (s Site) InTheWay(dir string) ([]string, error) {
	var there []string
	for _, stack := range s.Stacks() {
		exists, err := exists(filepath.Join(dir, config.FileName(stack)))
		if err != nil {
			return nil, err
		}
		if exists {
			there = append(there, config.FileName(stack))
		}
	}
	return there, nil
}

// Write puts the files of the site's stacks into a folder, and the project's if
// it has none. It returns the names of those that it wrote. It writes nothing if
// the program would refuse any of it, and overwrites only with leave to. What
// Pulumi has put into a file to encrypt the stack's secrets with stays there.
func (s Site) Write(dir string, overwrite bool) ([]string, error) {
	if err := s.refused(dir, overwrite); err != nil {
		return nil, err
	}
	names, texts := []string{}, map[string][]byte{}
	there, err := exists(filepath.Join(dir, ProjectFile))
	if err != nil {
		return nil, err
	}
	if !there {
		names, texts[ProjectFile] = append(names, ProjectFile), project
	}
	for _, stack := range s.Stacks() {
		name := config.FileName(stack)
		head, err := encryption(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		text, err := s.file(stack)
		if err != nil {
			return nil, err
		}
		names, texts[name] = append(names, name), append(head, text...)
	}
	for i, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), texts[name], 0o644); err != nil {
			return names[:i], err
		}
	}
	return names, nil
}

// refused says everything for which the files can't be written.
func (s Site) refused(dir string, overwrite bool) error {
	problems, err := s.Problems()
	if err != nil {
		return err
	}
	var errs []error
	for _, stack := range s.Stacks() {
		for _, problem := range problems[stack] {
			errs = append(errs, fmt.Errorf("%s: %s", config.FileName(stack), problem))
		}
	}
	there, err := s.InTheWay(dir)
	if err != nil {
		return err
	}
	if len(there) > 0 && !overwrite {
		errs = append(errs, fmt.Errorf("%s would be overwritten", strings.Join(there, " and ")))
	}
	return errors.Join(errs...)
}

// encryption is what Pulumi has put into a stack's file to encrypt its secrets
// with. Without it they could not be read any more.
func encryption(path string) ([]byte, error) {
	kept, err := config.ReadEncryption(path)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && kept == (config.Encryption{}):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("%s can't be read, and may say how the stack's secrets are encrypted: correct or remove it: %w", path, err)
	}
	return yaml.Marshal(kept)
}

func exists(path string) (bool, error) {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
