package backend

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// Where Pulumi's self-managed backend keeps what an update leaves beside the state
// (github.com/pulumi/pulumi, pkg/backend/diy/state.go).
const (
	historyKeys = ".pulumi/history/"
	backupKeys  = ".pulumi/backups/"
)

// replaced is in the name of a state that another copy was put in the place of.
const replaced = ".replaced-"

// keptAs is the key under which a state is kept that is replaced now.
func keptAs(key string) string { return fmt.Sprintf("%s%s%d", key, replaced, time.Now().UnixNano()) }

// Source is where a copy of a state comes from.
type Source string

// The sources.
const (
	SourceCurrent Source = "current" // the state itself
	SourceBak     Source = "bak"     // what the state was before its last change
	SourceUpdate  Source = "update"  // the end of an update, from the backend's history
	SourceBackup  Source = "backup"  // made by the engine before a risky operation
	SourceVersion Source = "version" // of the object in a versioned bucket
	// SourceReplaced is what a restore put another copy in the place of.
	SourceReplaced Source = "replaced"
)

// StateCopy is a stack's state, or what it was once.
type StateCopy struct {
	// ID names it among the copies of one stack: its source, and for an earlier one what tells it apart.
	ID     string
	Source Source
	File
}

// StateCopies lists the state of a stack and all that can be had of what it was, the newest first.
func (s *Store) StateCopies(ctx context.Context, project, stack string) ([]StateCopy, error) {
	fail := func(err error) ([]StateCopy, error) {
		return nil, fmt.Errorf("looking for copies of the state of stack %s: %w", stack, err)
	}
	var all []StateCopy
	held, err := s.files.list(ctx, path.Join(stackKeys, project))
	if err != nil {
		return fail(err)
	}
	for _, f := range held {
		switch name := uncompressed(path.Base(f.Key)); {
		case name == stack+".json":
			all = append(all, StateCopy{string(SourceCurrent), SourceCurrent, f})
		case uncompressed(strings.TrimSuffix(name, ".bak")) == stack+".json":
			all = append(all, StateCopy{string(SourceBak), SourceBak, f})
		case strings.HasPrefix(name, stack+".json") && strings.Contains(name, replaced):
			all = append(all, StateCopy{string(SourceReplaced) + name[strings.LastIndex(name, "-"):], SourceReplaced, f})
		}
	}
	for source, dir := range map[Source]string{SourceUpdate: historyKeys, SourceBackup: backupKeys} {
		held, err := s.files.list(ctx, path.Join(dir, project, stack))
		if err != nil {
			return fail(err)
		}
		for _, f := range held {
			name := path.Base(f.Key)
			if source == SourceUpdate && !strings.Contains(name, ".checkpoint.") {
				continue
			}
			name, _, _ = strings.Cut(strings.TrimPrefix(strings.TrimPrefix(name, stack+"-"), stack+"."), ".")
			all = append(all, StateCopy{fmt.Sprintf("%s-%s", source, name), source, f})
		}
	}
	if all, err = s.addVersions(ctx, keysOf(project, stack), all); err != nil {
		return fail(err)
	}
	slices.SortStableFunc(all, func(a, b StateCopy) int { return b.Modified.Compare(a.Modified) })
	return all, nil
}

// addVersions adds the earlier versions of the state's object, however it is or was compressed, where the backend is a bucket.
func (s *Store) addVersions(ctx context.Context, keys []string, all []StateCopy) ([]StateCopy, error) {
	b, ok := s.files.(*bucket)
	if !ok {
		return all, nil
	}
	current := map[string]bool{} // keys whose newest version is the state itself, unless the object was deleted
	for _, c := range all {
		current[c.Key] = c.Source == SourceCurrent
	}
	for _, key := range keys {
		versions, err := b.versions(ctx, key)
		if err != nil {
			return nil, err
		}
		for i, v := range versions {
			if i > 0 || !current[key] {
				all = append(all, StateCopy{fmt.Sprintf("%s-%s", SourceVersion, v.Version), SourceVersion, v})
			}
		}
	}
	return all, nil
}

// Current is the state itself, without the copies of what it was: it is found with the rights to list and read the bucket
// alone. Of several the engine takes the newest.
func (s *Store) Current(ctx context.Context, project, stack string) (current StateCopy, found bool, err error) {
	held, err := s.files.list(ctx, path.Join(stackKeys, project))
	if err != nil {
		return current, false, fmt.Errorf("looking for the state of stack %s: %w", stack, err)
	}
	for _, f := range held {
		if slices.Contains(keysOf(project, stack), f.Key) && (!found || f.Modified.After(current.Modified)) {
			current, found = StateCopy{string(SourceCurrent), SourceCurrent, f}, true
		}
	}
	return current, found, nil
}

// keysOf are the keys under which the engine may hold a stack's state, the plain one first: it compresses states where
// PULUMI_DIY_BACKEND_GZIP or PULUMI_DIY_BACKEND_ZSTD says so.
func keysOf(project, stack string) []string {
	key := path.Join(stackKeys, project, stack+".json")
	return []string{key, key + ".gz", key + ".zst"}
}

// ReadState reads a copy of a state: what pulumi stack export writes below "deployment". The
// secrets in it are encrypted.
func (s *Store) ReadState(ctx context.Context, c StateCopy) (deployment []byte, err error) {
	text, err := s.files.read(ctx, c.File)
	if err != nil {
		return nil, err
	}
	return deploymentOf(text)
}

func deploymentOf(text []byte) ([]byte, error) {
	var err error
	switch compression(text) {
	case ".gz":
		var reader *gzip.Reader
		if reader, err = gzip.NewReader(bytes.NewReader(text)); err == nil {
			text, err = io.ReadAll(reader)
		}
	case ".zst":
		var reader *zstd.Decoder
		if reader, err = zstd.NewReader(bytes.NewReader(text)); err == nil {
			text, err = io.ReadAll(reader)
			reader.Close()
		}
	}
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, errors.New("it is empty")
	}
	var held struct {
		Checkpoint struct {
			Latest json.RawMessage `json:"latest"`
		} `json:"checkpoint"`
	}
	if err = json.Unmarshal(text, &held); err != nil {
		return nil, fmt.Errorf("it is no whole state: %w", err)
	}
	return held.Checkpoint.Latest, nil
}

// compression is the end of the key of what is compressed so; empty for what is not.
func compression(text []byte) string {
	switch {
	case bytes.HasPrefix(text, []byte{0x1f, 0x8b}):
		return ".gz"
	case bytes.HasPrefix(text, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return ".zst"
	}
	return ""
}

// uncompressed is a file's name without the end that tells how it is compressed.
func uncompressed(name string) string {
	return strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst")
}

// RestoreState puts a copy in the place of a stack's state. What is there now is kept beside
// it, as the engine keeps it. Make sure that no update holds the stack's lock.
func (s *Store) RestoreState(ctx context.Context, project, stack string, c StateCopy) error {
	text, err := s.files.read(ctx, c.File)
	if err != nil {
		return fmt.Errorf("reading copy %s of the state of stack %s: %w", c.ID, stack, err)
	}
	if _, err := deploymentOf(text); err != nil {
		return fmt.Errorf("copy %s of the state of stack %s can't be restored: %w", c.ID, stack, err)
	}
	keys := keysOf(project, stack)
	key := keys[0] + compression(text)
	var others []string // that the engine, or a later reader, might take for the state
	for _, held := range keys {
		now, err := s.files.read(ctx, File{Key: held})
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = s.files.write(ctx, keptAs(held), now)
		}
		if err != nil {
			return err
		}
		if held != key {
			others = append(others, held)
		}
	}
	if err := s.files.write(ctx, key, text); err != nil {
		return err
	}
	for _, other := range others {
		if err := s.files.remove(ctx, other); err != nil {
			return err
		}
	}
	return nil
}

// SetAside moves the state of a stack out of the way, beside its place. The backend does not
// know the stack then.
func (s *Store) SetAside(ctx context.Context, project, stack string) error {
	all, err := s.StateCopies(ctx, project, stack)
	if err != nil {
		return err
	}
	for _, c := range all {
		if c.Source != SourceCurrent {
			continue
		}
		text, err := s.files.read(ctx, c.File)
		if err != nil {
			return fmt.Errorf("setting the state of stack %s aside: %w", stack, err)
		}
		if err := s.files.write(ctx, keptAs(c.Key), text); err != nil {
			return fmt.Errorf("setting the state of stack %s aside: %w", stack, err)
		}
		if err := s.files.remove(ctx, c.Key); err != nil {
			return fmt.Errorf("setting the state of stack %s aside: %w", stack, err)
		}
	}
	return nil
}

// PutState makes what pulumi stack export writes the state of a stack. Its secrets have to be
// encrypted, by the provider of secrets that it names.
func (s *Store) PutState(ctx context.Context, project, stack string, version int, features []string, deployment json.RawMessage) error {
	text, err := json.Marshal(map[string]any{
		"version": version, "features": features,
		"checkpoint": map[string]any{"stack": path.Join("organization", project, stack), "latest": deployment},
	})
	if err != nil {
		return fmt.Errorf("writing the state of stack %s: %w", stack, err)
	}
	return s.files.write(ctx, path.Join(stackKeys, project, stack+".json"), text)
}
