package readiness

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
)

// What may be wrong with the backend of a world.
const (
	locked            = "locked"
	standbySpoilt     = "the standby's state is spoilt"
	productionSpoilt  = "production's state is spoilt"
	anotherPassphrase = "the passphrase is lost"
	lockUnseen        = "the locks can't be read"
	unwritable        = "the folder can't be written"
	noPlugin          = "the provider's plugin is missing"
)

// deadLock is what an update on another machine left.
const deadLock = `{"pid": 4711, "username": "ci", "hostname": "a-runner-that-is-gone", "timestamp": "2026-03-01T22:00:00Z"}`

// spoilBackends makes the backends in which something is wrong.
func (r *reference) spoilBackends() error {
	good := filepath.Join(r.moment.Dir, "state")
	r.backends = map[string]string{"": good, anotherPassphrase: good, unwritable: good, noPlugin: good}
	dir, err := folder("locked-")
	if err != nil {
		return err
	}
	r.backends[locked] = dir
	locks := filepath.Join(dir, ".pulumi", "locks", "organization", config.Project, scenario.Recovery)
	if err := os.MkdirAll(locks, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(locks, "0a1b2c.json"), []byte(deadLock), 0o600); err != nil {
		return err
	}
	if r.backends[lockUnseen], err = halved(good, ""); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(r.backends[lockUnseen], ".pulumi", "locks"), nil, 0o600); err != nil { // a file in place of the folder
		return err
	}
	if r.files, err = r.unwritable(); err != nil {
		return err
	}
	for wrong, stack := range map[string]string{standbySpoilt: scenario.Recovery, productionSpoilt: scenario.Production} {
		if r.backends[wrong], err = halved(good, stack); err != nil {
			return err
		}
	}
	return nil
}

// unwritable is a folder with the project's files in which nothing can be noted, not even by root.
func (r *reference) unwritable() (dir string, err error) {
	if dir, err = folder("unwritable-"); err != nil {
		return "", err
	}
	for _, name := range []string{"Pulumi.yaml", config.FileName(scenario.Production), config.FileName(scenario.Recovery)} {
		text, err := os.ReadFile(filepath.Join(r.moment.Dir, name))
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return "", err
		}
	}
	return dir, os.WriteFile(filepath.Join(dir, ".pilotlight"), nil, 0o600)
}

// halved is a copy of a backend in which half of a stack's state is missing; of none if that is empty.
func halved(good, stack string) (dir string, err error) {
	if dir, err = folder("spoilt-"); err != nil {
		return "", err
	}
	return dir, filepath.WalkDir(good, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(good, path)
		if entry.IsDir() {
			if base := entry.Name(); base == "history" || base == "backups" || base == "locks" {
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(dir, name), 0o700)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if entry.Name() == stack+".json" {
			text = text[:len(text)/2]
		}
		return os.WriteFile(filepath.Join(dir, name), text, 0o600)
	})
}

// environment is that of an engine which works on a backend.
func (r *reference) environment(backend string) map[string]string {
	env := scenario.EngineEnv(r.moment.Dir, 1)
	env["PULUMI_BACKEND_URL"] = "file://" + r.backends[backend] + "?metadata=skip"
	switch backend {
	case anotherPassphrase:
		env["PULUMI_CONFIG_PASSPHRASE"] = "another"
	case noPlugin:
		env["PULUMI_DEBUG_PROVIDERS"], env["PULUMI_IGNORE_AMBIENT_PLUGINS"], env["PULUMI_HOME"] = "", "true", r.files
	}
	return env
}

// reading lets one world at a time read states by the engine: all use its folder for what it notes.
var reading sync.Mutex

// unread is the code by which both states can't be read; empty when they can. Where nothing is wrong with them the
// world has what they say already.
func (w *world) unread(ctx context.Context) string {
	switch w.backend {
	case "", locked, lockUnseen, unwritable, noPlugin:
		return ""
	}
	reading.Lock()
	defer reading.Unlock()
	_, err := w.site.Sides(ctx)
	if err == nil {
		return ""
	}
	if code := refusal.CodeOf(err); code != "" {
		return code
	}
	return err.Error()
}
