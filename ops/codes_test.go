package ops

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRequirementsHaveCodes holds that each requirement that may not be met has a code: it is made with one, or as one that is met.
func TestRequirementsHaveCodes(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, folder := range []string{".", "../cmd/pilotlight"} {
		files, err := fs.Glob(os.DirFS(folder), "*.go")
		require.NoError(t, err)
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, path.Join(folder, name), nil, 0)
			require.NoError(t, err)
			for _, made := range requirementsIn(file) {
				seen++
				assert.True(t, given(made, "Code", "") || given(made, "OK", "true"), "%s: give it a code", set.Position(made.Pos()))
			}
		}
	}
	assert.Greater(t, seen, 20)
}

// requirementsIn are the requirements that a file makes with a field.
func requirementsIn(file *ast.File) (all []*ast.CompositeLit) {
	ofType := func(e ast.Expr) bool {
		switch e := e.(type) {
		case *ast.Ident:
			return e.Name == "Requirement"
		case *ast.SelectorExpr:
			return e.Sel.Name == "Requirement"
		}
		return false
	}
	ast.Inspect(file, func(n ast.Node) bool {
		made, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		if list, ok := made.Type.(*ast.ArrayType); ok && ofType(list.Elt) {
			for _, e := range made.Elts {
				if one, ok := e.(*ast.CompositeLit); ok && one.Type == nil {
					all = append(all, one)
				}
			}
		}
		if ofType(made.Type) && len(made.Elts) > 0 {
			all = append(all, made)
		}
		return true
	})
	return all
}

// given reports whether a literal gives a field, with a value if that is not empty.
func given(made *ast.CompositeLit, field, value string) bool {
	for _, e := range made.Elts {
		pair, ok := e.(*ast.KeyValueExpr)
		if !ok || pair.Key.(*ast.Ident).Name != field {
			continue
		}
		is, name := pair.Value.(*ast.Ident)
		return value == "" || name && is.Name == value
	}
	return false
}
