package backend

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pilotlight-dr/pilotlight/when"
)

// readinessFolder holds what checks of a site have found, beside the states and for all who may read these: a file
// for each, so that two checks at once lose nothing. The engine looks at no other folders than its own.
func readinessFolder(site string) string { return ".pulumi/readiness/" + site }

// KeepReadiness keeps what a check has found, a line of JSON, by its moment.
func (s *Store) KeepReadiness(ctx context.Context, site string, at time.Time, line []byte) error {
	key := readinessFolder(site) + "/" + when.Stamp(at) + ".json"
	if err := s.files.write(ctx, key, line); err != nil {
		return fmt.Errorf("keeping what the check found in %s: %w", s.url, err)
	}
	return nil
}

// Readiness is what the last checks of a site have found, at most so many, the newest first.
func (s *Store) Readiness(ctx context.Context, site string, most int) (lines [][]byte, err error) {
	all, err := s.files.list(ctx, readinessFolder(site))
	if err != nil {
		return nil, fmt.Errorf("looking for published checks in %s: %w", s.url, err)
	}
	slices.SortFunc(all, func(a, b File) int { return strings.Compare(b.Key, a.Key) })
	for _, f := range all[:min(most, len(all))] {
		line, err := s.files.read(ctx, f)
		if err != nil {
			return nil, fmt.Errorf("reading published checks in %s: %w", s.url, err)
		}
		lines = append(lines, line)
	}
	return lines, nil
}
