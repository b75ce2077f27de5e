package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pilotlight-dr/pilotlight/fileio"
)

// document is a report that has, beside its JSON, a text and a page for people.
type document interface {
	String() string
	Page() Page
}

// WriteFiles writes a report into base.json, base.txt and base.html. Each file changes
// at once, so that a run that is killed leaves whole ones.
func WriteFiles(base string, report document) error {
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
		fileio.Replace(base+".json", []byte(Escape(string(asJSON))+"\n"), 0o644),
		fileio.Replace(base+".txt", []byte(Escape(report.String())), 0o644),
		fileio.Replace(base+".html", page, 0o644),
	)
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}
