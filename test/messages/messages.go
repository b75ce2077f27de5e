// Package messages reads what the code says to people, for tests that hold the commands in it.
package messages

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
)

// Message is a text in the code.
type Message struct {
	// At is where it stands, as file:line.
	At string
	// Text is the whole of a sum of literals. Whatever else is added in between is %v.
	Text string
}

// In lists the texts in the Go files below folders, without those of tests.
func In(folders ...string) (all []Message, err error) {
	files := token.NewFileSet()
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			parsed, err := parser.ParseFile(files, path, nil, 0)
			if err != nil {
				return fmt.Errorf("reading %s: %w", path, err)
			}
			ast.Inspect(parsed, func(n ast.Node) bool {
				text, ok := textOf(n)
				if ok {
					all = append(all, Message{files.Position(n.Pos()).String(), text})
				}
				return !ok
			})
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// textOf is a literal, or a sum with one.
func textOf(n ast.Node) (text string, ok bool) {
	switch n := n.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(n.Value)
		return text, n.Kind == token.STRING && err == nil
	case *ast.BinaryExpr:
		left, literal := textOf(n.X)
		right, another := textOf(n.Y)
		if n.Op != token.ADD || !literal && !another {
			return "", false
		}
		if !literal {
			left = "%v"
		}
		if !another {
			right = "%v"
		}
		return left + right, true
	case *ast.ParenExpr:
		return textOf(n.X)
	}
	return "", false
}
