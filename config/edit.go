package config

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/rogpeppe/go-internal/lockedfile"
	"gopkg.in/yaml.v3"

	"github.com/pilotlight-dr/pilotlight/fileio"
)

// Settings are keys of the project's namespace with their new values; nil removes a key. Other
// keys stay as they are.
type Settings map[string]any

// Apply changes the text of a stack's file, and keeps its comments and order.
func (set Settings) Apply(text []byte) ([]byte, error) {
	var file yaml.Node
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil, err
	}
	if len(file.Content) == 0 {
		return nil, errors.New("it is empty")
	}
	cfg := valueOf(file.Content[0], "config")
	if cfg == nil || cfg.Kind != yaml.MappingNode {
		return nil, errors.New("it has no config")
	}
	for _, key := range slices.Sorted(maps.Keys(set)) {
		if err := put(cfg, Project+":"+key, set[key]); err != nil {
			return nil, err
		}
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	err := errors.Join(encoder.Encode(&file), encoder.Close())
	return out.Bytes(), err
}

// valueOf finds the value of a key in a mapping, whose keys and values alternate; nil for none.
func valueOf(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

func put(mapping *yaml.Node, key string, value any) error {
	if value == nil {
		for i := 0; i+1 < len(mapping.Content); i += 2 {
			if mapping.Content[i].Value == key {
				mapping.Content = slices.Delete(mapping.Content, i, i+2)
				return nil
			}
		}
		return nil
	}
	var node yaml.Node
	if err := node.Encode(value); err != nil {
		return err
	}
	if old := valueOf(mapping, key); old != nil {
		node.LineComment, node.HeadComment, node.FootComment = old.LineComment, old.HeadComment, old.FootComment
		*old = node
		return nil
	}
	mapping.Content = append(mapping.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}, &node)
	return nil
}

// Save changes the Settings in a stack's file. A file that has them already is left as it is.
func (set Settings) Save(dir, stack string) error {
	lock := filepath.Join(dir, filepath.FromSlash(".pilotlight/files.lock"))
	if err := os.MkdirAll(filepath.Dir(lock), 0o755); err != nil {
		return err
	}
	unlock, err := lockedfile.MutexAt(lock).Lock()
	if err != nil {
		return err
	}
	defer unlock()
	path := filepath.Join(dir, FileName(stack))
	before, err := fileio.Read(path)
	if err != nil {
		return err
	}
	after, err := set.Apply(before)
	if err != nil || bytes.Equal(before, after) {
		return err
	}
	return fileio.Replace(path, after, 0o644)
}

// CopyWith writes a copy of a stack's file with the Settings into a folder of its own, so that
// an operation that is refused, or another one, does not change the file.
func (set Settings) CopyWith(dir, stack string) (path string, remove func(), err error) {
	text, err := fileio.Read(filepath.Join(dir, FileName(stack)))
	if err != nil {
		return "", nil, fmt.Errorf("reading the file of stack %s: %w", stack, err)
	}
	if text, err = set.Apply(text); err != nil {
		return "", nil, fmt.Errorf("copying the file of stack %s: %w", stack, err)
	}
	folder, err := os.MkdirTemp("", "pilotlight-plan-")
	if err != nil {
		return "", nil, fmt.Errorf("copying the file of stack %s: %w", stack, err)
	}
	remove = func() { _ = os.RemoveAll(folder) } // best effort: it is the system's temporary folder
	path = filepath.Join(folder, FileName(stack))
	if err := os.WriteFile(path, text, 0o600); err != nil {
		remove()
		return "", nil, fmt.Errorf("copying the file of stack %s: %w", stack, err)
	}
	return path, remove, nil
}
