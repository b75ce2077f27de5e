package docs_test

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// unwanted are words that a reader with another first language stumbles over, and RDS's own word in another's place.
var unwanted = regexp.MustCompile(`(?i)\bnobody|\bwhoever\b|\bis told of\b|\b(says|tells) whether\b|\blast snapshots?\b`)

// TestWords looks for these words in what code and pages say, to readers and to users.
func TestWords(t *testing.T) {
	t.Parallel()
	for name, text := range projectFiles(t, ".go", ".md") {
		if strings.HasSuffix(name, "_test.go") || !unwanted.Match(text) {
			continue
		}
		for i, line := range strings.Split(string(text), "\n") {
			found := unwanted.FindString(strings.ReplaceAll(line, "http.NoBody", ""))
			assert.Empty(t, found, "%s:%d: %s", name, i+1, line)
		}
	}
}

// TestLengths holds how long a file of Go may be.
func TestLengths(t *testing.T) {
	t.Parallel()
	for name, text := range projectFiles(t, ".go") {
		most := 400
		if strings.HasSuffix(name, "_test.go") {
			most = 500
		}
		assert.LessOrEqual(t, bytes.Count(text, []byte("\n")), most, name)
	}
}

// projectFiles are the files of the project with one of these endings, and what they hold.
func projectFiles(t *testing.T, endings ...string) map[string][]byte {
	t.Helper()
	all, root := map[string][]byte{}, os.DirFS("..")
	require.NoError(t, fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && strings.HasPrefix(name, ".") && name != ".":
			return fs.SkipDir
		case slices.Contains(endings, path.Ext(name)):
			all[name], err = fs.ReadFile(root, name)
		}
		return err
	}))
	return all
}
