package processes

import (
	"flag"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the documents anew")

// page is a document with a table whose rows are tests. Every run holds some of the rows to
// it; -update tries all, and writes it anew.
type page struct {
	path, text string
	mu         sync.Mutex
	rows       []string
}

func openPage(t *testing.T, path string) *page {
	t.Helper()
	text, err := os.ReadFile(path)
	if !*update {
		require.NoError(t, err)
	}
	return &page{path: path, text: string(text)}
}

// row runs the test of the next row, beside the others. usual is one that every run tries.
func (p *page) row(t *testing.T, name string, usual bool, try func(*testing.T) string) {
	t.Helper()
	if !usual && !*update {
		return
	}
	at := len(p.rows)
	p.rows = append(p.rows, "")
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		row := try(t)
		if !*update {
			assert.Contains(t, p.text, row)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.rows[at] = row
	})
}

// close writes the page with -update, if all rows succeeded.
func (p *page) close(t *testing.T, head string) {
	t.Helper()
	if *update && !t.Failed() {
		require.NoError(t, os.WriteFile(p.path, []byte(head+strings.Join(p.rows, "")), 0o600))
	}
}
