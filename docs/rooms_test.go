package docs_test

import (
	"go/build"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/pilotlight-dr/pilotlight/"

// notRooms are folders of Go code that the table of packages leaves to the sentence below it.
var notRooms = []string{"docs", "examples", "scripts", "test", "cmd/pilotlight/mute"}

// TestRooms compares the table of packages in README.md with the imports of the code.
func TestRooms(t *testing.T) {
	t.Parallel()
	documented := documentedImports(t)
	for _, folder := range goFolders(t) {
		if slices.ContainsFunc(notRooms, func(not string) bool { return folder == not || strings.HasPrefix(folder, not+"/") }) {
			continue
		}
		room := folder
		if folder == "." {
			room = "main.go"
		}
		imports, found := documented[room]
		delete(documented, room)
		if assert.True(t, found, "the table of packages in README.md lacks %s", room) {
			assert.Equal(t, importsOf(t, folder), imports, "what %s imports, by the code and by README.md", room)
		}
	}
	assert.Empty(t, documented, "README.md names packages that there are not")
}

// documentedImports are what the table has in backticks: packages in the first column, their
// imports in the third.
func documentedImports(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	_, table, found := strings.Cut(string(text), "\n| package |")
	require.True(t, found, "README.md has no table of packages")
	table, _, _ = strings.Cut(table, "\n\n")
	quoted := regexp.MustCompile("`([^`]+)`")
	all := map[string][]string{}
	for _, row := range strings.Split(table, "\n")[2:] {
		cells := strings.Split(row, "|")
		for _, room := range quoted.FindAllStringSubmatch(cells[1], -1) {
			imports := []string{}
			for _, name := range quoted.FindAllStringSubmatch(cells[3], -1) {
				imports = append(imports, name[1])
			}
			all[room[1]] = imports
		}
	}
	return all
}

// goFolders are the folders of this module that hold Go code, relative to its root.
func goFolders(t *testing.T) (folders []string) {
	t.Helper()
	err := filepath.WalkDir("..", func(path string, entry os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && path != "..":
			return filepath.SkipDir
		case entry.IsDir():
			if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil && path != ".." {
				return filepath.SkipDir
			}
			return nil
		}
		folder, err := filepath.Rel("..", filepath.Dir(path))
		if strings.HasSuffix(path, ".go") && !slices.Contains(folders, folder) {
			folders = append(folders, folder)
		}
		return err
	})
	require.NoError(t, err)
	return folders
}

// importsOf are the packages of this module that a folder's code imports, tests left out.
func importsOf(t *testing.T, folder string) []string {
	t.Helper()
	read, err := build.ImportDir(filepath.Join("..", folder), 0)
	require.NoError(t, err)
	own := []string{}
	for _, path := range read.Imports {
		if name, found := strings.CutPrefix(path, module); found {
			own = append(own, name)
		}
	}
	return own
}
