package report

import (
	"fmt"
	"strings"
)

// MediaComparison is what a side that was active holds and the other side does not: S3 copies
// nothing that was uploaded before replication was on, and leaves what fails.
type MediaComparison struct {
	From         string   `json:"from"`         // the side that has them, as pilotlight media sync takes it
	To           string   `json:"to"`           // the side that lacks them
	Bucket       string   `json:"bucket"`       // where the files are
	Peer         string   `json:"peer"`         // the bucket that lacks them
	Files        int      `json:"files"`        // how many there are in Bucket
	Missing      int      `json:"missing"`      // how many of them Peer lacks
	FirstMissing []string `json:"firstMissing"` // the keys of the first of them, at most 100
}

// String says what the other side lacks, and how to give it.
func (m *MediaComparison) String() string {
	if m.Missing == 0 {
		return fmt.Sprintf("all %d files of %s are in %s too", m.Files, m.Bucket, m.Peer)
	}
	few := m.FirstMissing[:min(3, len(m.FirstMissing))]
	return fmt.Sprintf("%d of %d files of %s are not in %s (%s …): copy them with pilotlight media sync --from %s --to %s",
		m.Missing, m.Files, m.Bucket, m.Peer, strings.Join(few, ", "), m.From, m.To)
}
