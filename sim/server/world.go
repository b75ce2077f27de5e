package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pilotlight-dr/pilotlight/sim/scenario"
)

// World keeps the world, in the project's folder.
const World = "world.json"

// kept is what the file holds.
type kept struct {
	ProdRegion string          `json:"prodRegion"`
	DRRegion   string          `json:"drRegion"`
	Seed       uint64          `json:"seed"`
	URL        string          `json:"url"` // where it is served; empty when it is not
	World      json.RawMessage `json:"world"`
}

// load reads the world of a folder; found is false when the folder is new or empty.
func load(dir string) (k kept, found bool, err error) {
	text, err := os.ReadFile(filepath.Join(dir, World))
	if errors.Is(err, fs.ErrNotExist) {
		entries, err := os.ReadDir(dir)
		switch {
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return kept{}, false, fmt.Errorf("looking into %s: %w", dir, err)
		case len(entries) > 0:
			return kept{}, false, fmt.Errorf("%s holds something else than a simulated world: name a folder that is new or empty", dir)
		}
		return kept{}, false, nil
	}
	if err != nil {
		return kept{}, false, fmt.Errorf("reading the simulated world: %w", err)
	}
	if err := json.Unmarshal(text, &k); err != nil {
		return kept{}, false, fmt.Errorf("the simulated world in %s cannot be read: %w; name another folder to begin anew", dir, err)
	}
	return k, true, nil
}

// fits reports whether what was asked for is the world that is there; zero
// values ask for nothing.
func (k kept) fits(o Options) error {
	if o.ProdRegion != "" && o.ProdRegion != k.ProdRegion || o.DRRegion != "" && o.DRRegion != k.DRRegion || o.Seed != 0 && o.Seed != k.Seed {
		return fmt.Errorf("%s holds a world with production in %s, the pilot light in %s and seed %d: ask for that, for nothing, or name another folder",
			o.Dir, k.ProdRegion, k.DRRegion, k.Seed)
	}
	return nil
}

// save writes the world down, whole or not at all.
func (k kept) save(stage *scenario.Stage) error {
	k.World = stage.World.Snapshot()
	text, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("keeping the simulated world: %w", err)
	}
	path := filepath.Join(stage.Dir(), World)
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return fmt.Errorf("keeping the simulated world: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("keeping the simulated world: %w", err)
	}
	return nil
}
