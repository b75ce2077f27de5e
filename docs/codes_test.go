package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCodes compares codes.md with the constants whose comment calls them codes, or whose name begins with code.
func TestCodes(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("codes.md")
	require.NoError(t, err)
	intro, rest, _ := strings.Cut(string(text), "## What each command prints\n") // whose table has commands
	_, tables, found := strings.Cut(rest, "\n## ")
	require.True(t, found)
	documented := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| (`[a-z-]+`(?:, `[a-z-]+`)*) \\|").FindAllStringSubmatch(intro+tables, -1) {
		for code := range strings.SplitSeq(row[1], ", ") {
			assert.False(t, documented[strings.Trim(code, "`")], "codes.md has %s twice", code)
			documented[strings.Trim(code, "`")] = true
		}
	}
	declared := map[string]bool{}
	require.NoError(t, fs.WalkDir(os.DirFS(".."), ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || path.Ext(name) != ".go" {
			return err
		}
		for _, code := range codesIn(t, path.Join("..", name)) {
			assert.True(t, documented[code], "codes.md lacks %s, of %s", code, name)
			declared[code] = true
		}
		return nil
	}))
	for code := range documented {
		assert.True(t, declared[code], "codes.md has %s, which is no code", code)
	}
}

var (
	named  = regexp.MustCompile(`^[Cc]ode[A-Z]`)
	form   = regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`) // Service Quotas has codes, too
	called = regexp.MustCompile(`(?i)\bcodes? of\b|\ba code\b`)
)

// codesIn are the codes that a file of Go declares.
func codesIn(t *testing.T, file string) (all []string) {
	t.Helper()
	read, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	require.NoError(t, err)
	for _, declared := range read.Decls {
		block, ok := declared.(*ast.GenDecl)
		if !ok || block.Tok != token.CONST || strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, spec := range block.Specs {
			constant := spec.(*ast.ValueSpec)
			if len(constant.Values) != 1 || !named.MatchString(constant.Names[0].Name) && !called.MatchString(block.Doc.Text()+constant.Doc.Text()) {
				continue
			}
			if value, ok := constant.Values[0].(*ast.BasicLit); ok && value.Kind == token.STRING {
				code, err := strconv.Unquote(value.Value)
				require.NoError(t, err)
				if form.MatchString(code) {
					all = append(all, code)
				}
			}
		}
	}
	return all
}
