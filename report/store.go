package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/pilotlight-dr/pilotlight/fileio"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/when"
)

// Reports is where the reports of role changes are kept, below the project's folder.
const Reports = ".pilotlight/reports"

// Rehearsal is where the last rehearsal is kept, as .json, .txt and .html, below the
// project's folder in which it was held.
const Rehearsal = ".pilotlight/rehearsal"

// ReadReports reads the reports that were kept below a project's folder, the oldest
// first. The error is of those that can't be read; the others come with it.
func ReadReports(project string) ([]Report, error) {
	folder := filepath.Join(project, filepath.FromSlash(Reports))
	files, err := fs.Glob(os.DirFS(folder), "*.json")
	if err != nil {
		return nil, err
	}
	var reports []Report
	var unread []error
	for _, name := range files {
		file := filepath.Join(folder, name)
		text, err := fileio.Read(file)
		if err != nil {
			unread = append(unread, fmt.Errorf("reading a report: %w", err))
			continue
		}
		var report Report
		if err := json.Unmarshal(text, &report); err != nil {
			unread = append(unread, fmt.Errorf("reading the report %s: %w", file, err))
			continue
		}
		reports = append(reports, report)
	}
	slices.SortStableFunc(reports, func(a, b Report) int { return a.StartedAt.Compare(b.StartedAt) })
	return reports, errors.Join(unread...)
}

// Halted finds the report of an activation that came to a halt among those that were
// kept below a project's folder. One that can't be read is as good as none.
func Halted(project string) func(stack string, epoch int) (Report, bool) {
	return func(stack string, epoch int) (Report, bool) {
		reports, _ := ReadReports(project)
		for _, r := range slices.Backward(reports) {
			if r.Stack == stack && r.Epoch == epoch && r.Action == string(roles.Activate) {
				return r, true
			}
		}
		return Report{}, false
	}
}

// KeepReports keeps each state of a report in its files below a project's folder.
// A report that can't be written blocks nothing: complain is called, once.
func KeepReports(project string, complain func(error)) func(Report) {
	var once sync.Once
	return func(report Report) {
		name := fmt.Sprintf("%s-%s-epoch-%d", when.Stamp(report.StartedAt), report.Stack, report.Epoch)
		if err := WriteFiles(filepath.Join(project, filepath.FromSlash(Reports), name), &report); err != nil {
			once.Do(func() { complain(err) })
		}
	}
}
