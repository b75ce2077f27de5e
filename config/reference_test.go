package config

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/wordpress"
)

var rewrite = flag.Bool("update", false, "write docs/configuration.md anew")

// TestReference holds that docs/configuration.md is what its template, the
// comments of Config's fields, their types and their defaults make of it.
func TestReference(t *testing.T) {
	t.Parallel()
	const page = "../docs/configuration.md"
	placed := map[string]bool{}
	text, err := template.New("configuration.md.tmpl").Funcs(template.FuncMap{
		"keys": func(groups ...string) string {
			return keysTable(t, func(key string) bool {
				group, _, nested := strings.Cut(key, ".")
				here := nested && slices.Contains(groups, group) || !nested && len(groups) == 0
				placed[key] = placed[key] || here
				return here
			})
		},
		"outputs": func() string { return outputsTable(t) },
	}).ParseFiles(page + ".tmpl")
	require.NoError(t, err)
	var made strings.Builder
	require.NoError(t, text.Execute(&made, nil))
	for key, here := range placed {
		assert.True(t, here, "no table of the reference holds %s", key)
	}
	if *rewrite {
		require.NoError(t, os.WriteFile(page, []byte(made.String()), 0o644))
	}
	kept, err := os.ReadFile(page)
	require.NoError(t, err)
	assert.Equal(t, made.String(), string(kept), "go test ./config -run Reference -update writes it anew")
	for name := range elsewhere {
		assert.Contains(t, made.String(), "`aws:"+name+"`", "a key that is refused")
	}
	for _, key := range wordpress.SecretKeys() {
		assert.Contains(t, made.String(), "`"+key+"`", "a secret of a production that this program did not make")
	}
}

// TestReferenceSaysWhatIsRefused holds that the reference says of a key that
// there are values which are refused if, and only if, there are.
func TestReferenceSaysWhatIsRefused(t *testing.T) {
	t.Parallel()
	walk(t, func(key string, value reflect.Value, doc fieldDoc) {
		c := goodFor(key)
		switch field := at(&c, key); field.Kind() {
		case reflect.String:
			field.SetString("?")
		case reflect.Int, reflect.Int64:
			field.SetInt(-1)
		case reflect.Slice:
			if field.Type().Elem().Kind() == reflect.Int {
				field.Set(reflect.ValueOf([]int{-1}))
				break
			}
			field.Set(reflect.Append(reflect.MakeSlice(field.Type(), 0, 1), reflect.ValueOf("?").Convert(field.Type().Elem())))
		case reflect.Bool:
			field.SetBool(!field.Bool())
		case reflect.Map:
			field.Set(reflect.ValueOf(map[string]string{"?": "?"}))
		default:
			field.SetZero()
		}
		err := c.Validate()
		refused := err != nil && strings.Contains(err.Error(), key) || refusedWithout(key)
		assert.Equal(t, refused, doc.refused != "", "%s: what is refused", key)
	})
}

// TestEveryKeyIsRead holds that what Config describes is what is read.
func TestEveryKeyIsRead(t *testing.T) {
	t.Parallel()
	described := map[string]bool{}
	for i := range reflect.TypeFor[Config]().NumField() {
		if name := reflect.TypeFor[Config]().Field(i).Tag.Get("json"); name != "-" {
			described[name] = true
		}
	}
	read := (&Config{}).fields()
	assert.ElementsMatch(t, slices.Collect(maps.Keys(described)), slices.Collect(maps.Keys(read)))
}

// keysTable is the reference's table of those keys that are wanted.
func keysTable(t *testing.T, wanted func(key string) bool) string {
	t.Helper()
	table := "| key | type | default | meaning | refused |\n|---|---|---|---|---|"
	walk(t, func(key string, value reflect.Value, doc fieldDoc) {
		if wanted(key) {
			assert.NotEmpty(t, doc.meaning, "%s has no comment in config.go", key)
			assert.NotContains(t, doc.meaning+doc.refused, "|", "%s: it would end the table's cell", key)
			table += fmt.Sprintf("\n| `%s` | %s | %s | %s | %s |", key, kindOf(value.Type()), fallbackOf(key, value), doc.meaning, doc.refused)
		}
	})
	return table
}

// outputsTable is the reference's table of what a stack exports.
func outputsTable(t *testing.T) string {
	t.Helper()
	table := "| output | meaning |\n|---|---|"
	ast.Inspect(parsed(t, "../stacks/outputs.go"), func(node ast.Node) bool {
		if spec, ok := node.(*ast.ValueSpec); ok {
			name, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			require.NoError(t, err)
			assert.NotEmpty(t, spec.Comment.Text(), "%s has no comment in outputs.go", name)
			table += fmt.Sprintf("\n| `%s` | %s |", name, strings.TrimSpace(spec.Comment.Text()))
		}
		return true
	})
	return table
}

// fieldDoc is what the comment of a field says.
type fieldDoc struct{ meaning, refused string }

// fieldDocs reads the comments of the fields in config.go, by Type.Field.
func fieldDocs(t *testing.T) map[string]fieldDoc {
	t.Helper()
	docs := map[string]fieldDoc{}
	ast.Inspect(parsed(t, "config.go"), func(node ast.Node) bool {
		declared, ok := node.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if fields, ok := declared.Type.(*ast.StructType); ok {
			for _, field := range fields.Fields.List {
				meaning, refused, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(field.Doc.Text()), "\n", " "), "  Refused: ")
				for _, name := range field.Names {
					docs[declared.Name.Name+"."+name.Name] = fieldDoc{meaning, refused}
				}
			}
		}
		return false
	})
	return docs
}

func parsed(t *testing.T, file string) *ast.File {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	require.NoError(t, err)
	return tree
}

// walk visits every key with its default and what the comment of its field says.
func walk(t *testing.T, visit func(key string, value reflect.Value, doc fieldDoc)) {
	t.Helper()
	docs := fieldDocs(t)
	var below func(at reflect.Value, prefix string)
	below = func(at reflect.Value, prefix string) {
		if at.Kind() == reflect.Pointer {
			at = reflect.New(at.Type().Elem()).Elem()
		}
		for i := range at.NumField() {
			field := at.Type().Field(i)
			name := field.Tag.Get("json")
			switch kind := field.Type.Kind(); {
			case name == "-":
			case kind == reflect.Struct || kind == reflect.Pointer:
				below(at.Field(i), prefix+name+".")
			default:
				visit(prefix+name, at.Field(i), docs[at.Type().Name()+"."+field.Name])
			}
		}
	}
	below(reflect.ValueOf(defaults()), "")
}

func kindOf(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[Duration]():
		return "duration"
	case t.Kind() == reflect.Slice:
		return "list of " + kindOf(t.Elem()) + "s"
	case t.Kind() == reflect.Map:
		return "map of " + kindOf(t.Elem()) + "s"
	}
	return map[reflect.Kind]string{reflect.String: "string", reflect.Int: "integer", reflect.Bool: "boolean"}[t.Kind()]
}

// fallbackOf is a default as the reference writes it. What has none is
// required exactly if a good configuration without it is refused for it.
func fallbackOf(key string, value reflect.Value) string {
	switch {
	case value.Type() == reflect.TypeFor[Duration]():
		return "`" + shortest(time.Duration(value.Int())) + "`"
	case value.Kind() == reflect.Int, value.Kind() == reflect.Bool, value.Kind() == reflect.String && value.Len() > 0:
		return fmt.Sprintf("`%v`", value)
	case value.Kind() == reflect.Slice && value.Len() > 0:
		return "`" + strings.ReplaceAll(strings.Trim(fmt.Sprint(value), "[]"), " ", ", ") + "`"
	case refusedWithout(key):
		return "required"
	}
	return "none"
}

// shortest writes a duration as a person would: 15m and not 15m0s.
func shortest(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

func refusedWithout(key string) bool {
	c := goodFor(key)
	at(&c, key).SetZero()
	err := c.Validate()
	return err != nil && strings.Contains(err.Error(), key)
}

// goodFor is a good configuration in which a key has a place.
func goodFor(key string) Config {
	c := pilotLight()
	if strings.HasPrefix(key, "production.") {
		c.Peer, c.Production = nil, external()
	}
	return c
}

// at is the field of a configuration that a key sets.
func at(c *Config, key string) reflect.Value {
	field := reflect.ValueOf(c).Elem()
	for name := range strings.SplitSeq(key, ".") {
		within := reflect.Indirect(field)
		field = within.FieldByNameFunc(func(field string) bool {
			f, _ := within.Type().FieldByName(field)
			return f.Tag.Get("json") == name
		})
	}
	return field
}
