package failover

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Keepable is a report that has, beside its JSON, a text and a page for people.
type Keepable interface {
	String() string
	Page() Page
}

// Keep writes a report into base.json, base.txt and base.html. Each file changes
// at once, so that a run that is killed leaves whole ones.
func Keep(base string, report Keepable) error {
	asJSON, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	page, err := report.Page().HTML()
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(base), 0o755); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	err = errors.Join(
		replace(base+".json", []byte(Visible(string(asJSON))+"\n")),
		replace(base+".txt", []byte(Visible(report.String()))),
		replace(base+".html", page),
	)
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

func replace(path string, content []byte) error {
	if err := os.WriteFile(path+".new", content, 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
