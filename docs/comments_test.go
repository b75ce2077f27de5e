package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// reference is a name of another package as a comment writes it.
var reference = regexp.MustCompile(`(?:^|[^\w./-])([a-z]\w*)\.([A-Z]\w*)`)

// TestComments follows the names of packages in the comments of declarations: each is one that the project knows, and
// what is said to be in one of its own is there.
func TestComments(t *testing.T) {
	t.Parallel()
	type source struct {
		comments []string
		foreign  map[string]bool // what it imports from elsewhere, by name
	}
	sources, declared, imported := map[string]source{}, map[string][]string{}, map[string]bool{}
	for _, folder := range goFolders(t) {
		names, err := filepath.Glob(filepath.Join("..", folder, "*.go"))
		require.NoError(t, err)
		for _, name := range names {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
			require.NoError(t, err)
			s := source{[]string{file.Doc.Text()}, map[string]bool{}}
			for _, i := range file.Imports {
				imported[packageName(i)] = true
				s.foreign[packageName(i)] = !strings.Contains(i.Path.Value, module)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				names, comment := declares(n)
				declared[file.Name.Name] = append(declared[file.Name.Name], names...)
				s.comments = append(s.comments, comment)
				return true
			})
			sources[name] = s
		}
	}
	for file, s := range sources {
		for _, found := range reference.FindAllStringSubmatch(strings.Join(s.comments, "\n"), -1) {
			names, own := declared[found[1]]
			known := imported[found[1]]
			if own && !s.foreign[found[1]] {
				known = slices.Contains(names, found[2])
			}
			assert.True(t, known, "%s speaks of %s.%s, which is not there", file, found[1], found[2])
		}
	}
}

// declares are the names that a node of a file declares, and the comment above it.
func declares(n ast.Node) (names []string, comment string) {
	switch n := n.(type) {
	case *ast.FuncDecl:
		return []string{n.Name.Name}, n.Doc.Text()
	case *ast.GenDecl:
		return nil, n.Doc.Text()
	case *ast.TypeSpec:
		return []string{n.Name.Name}, n.Doc.Text()
	case *ast.ValueSpec:
		for _, name := range n.Names {
			names = append(names, name.Name)
		}
		return names, n.Doc.Text()
	case *ast.Field:
		for _, name := range n.Names {
			names = append(names, name.Name)
		}
		return names, n.Doc.Text()
	}
	return nil, ""
}

var version = regexp.MustCompile(`[/.]v\d+$`)

// packageName is what an import is called in the file.
func packageName(i *ast.ImportSpec) string {
	if i.Name != nil {
		return i.Name.Name
	}
	from := strings.Trim(i.Path.Value, `"`)
	return strings.TrimSuffix(path.Base(version.ReplaceAllString(from, "")), "-go")
}
