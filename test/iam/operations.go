package iam

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
)

// prefixes are IAM's names of services that the SDK names otherwise.
var prefixes = map[string]string{"cloudwatchlogs": "logs", "elasticloadbalancingv2": "elasticloadbalancing"}

// Operations lists the operations of AWS that a file of Go code calls by the SDK, such as
// s3:HeadBucket: those whose inputs it names.
func Operations(file string) (operations []string, err error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	services := map[string]string{}
	for _, imported := range parsed.Imports {
		service, ok := strings.CutPrefix(strings.Trim(imported.Path.Value, `"`), "github.com/aws/aws-sdk-go-v2/service/")
		if !ok || strings.Contains(service, "/") {
			continue
		}
		name, prefix := service, service
		if imported.Name != nil {
			name = imported.Name.Name
		}
		if other := prefixes[service]; other != "" {
			prefix = other
		}
		services[name] = prefix
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		of, ok := s.X.(*ast.Ident)
		if operation, input := strings.CutSuffix(s.Sel.Name, "Input"); ok && input && services[of.Name] != "" {
			operations = append(operations, services[of.Name]+":"+operation)
		}
		return true
	})
	return operations, nil
}
