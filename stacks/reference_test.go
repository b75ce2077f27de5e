package stacks

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/components"
)

// entry is what the reference says of a key.
type entry struct{ kind, fallback, meaning string }

// row is a row of one of its tables: key, type, default, meaning, what is refused.
var row = regexp.MustCompile("(?m)^\\| `([A-Za-z.]+)` \\| ([a-z ]+) \\| ([^|]+) \\| ([^|]+) \\|[^|]*\\|$")

func reference(t *testing.T) map[string]entry {
	t.Helper()
	text, err := os.ReadFile("../docs/configuration.md")
	require.NoError(t, err)
	entries := map[string]entry{}
	for _, cells := range row.FindAllStringSubmatch(string(text), -1) {
		assert.NotContains(t, entries, cells[1], "it is documented once")
		entries[cells[1]] = entry{kind: cells[2], fallback: cells[3], meaning: cells[4]}
	}
	return entries
}

// walk visits every key below a struct, by its json tags, with its value.
func walk(at reflect.Value, prefix string, visit func(key string, value reflect.Value)) {
	if at.Kind() == reflect.Pointer {
		at = reflect.New(at.Type().Elem()).Elem()
	}
	for i := range at.NumField() {
		name := at.Type().Field(i).Tag.Get("json")
		switch kind := at.Field(i).Kind(); {
		case name == "-":
		case kind == reflect.Struct || kind == reflect.Pointer:
			walk(at.Field(i), prefix+name+".", visit)
		default:
			visit(prefix+name, at.Field(i))
		}
	}
}

// TestReference holds that docs/configuration.md has each key, and no other,
// with its type and its default.
func TestReference(t *testing.T) {
	t.Parallel()
	documented, known := reference(t), map[string]bool{}
	walk(reflect.ValueOf(defaults()), "", func(key string, value reflect.Value) {
		known[key] = true
		if found, ok := documented[key]; assert.True(t, ok, "%s is missing in the reference", key) {
			assert.Equal(t, kindOf(value.Type()), found.kind, "type of %s", key)
			assert.Equal(t, fallbackOf(key, value), found.fallback, "default of %s", key)
		}
	})
	for key := range documented {
		assert.True(t, known[key], "%s is in the reference, but is no key", key)
	}
	for _, key := range components.SecretKeys() {
		assert.Contains(t, documented["production.secrets"].meaning, "`"+key+"`")
	}
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
		return "`" + time.Duration(value.Int()).String() + "`"
	case value.Kind() == reflect.Int, value.Kind() == reflect.Bool, value.Kind() == reflect.String && value.Len() > 0:
		return fmt.Sprintf("`%v`", value)
	case refusedWithout(key):
		return "required"
	}
	return "none"
}

func refusedWithout(key string) bool {
	c := pilotLight()
	if strings.HasPrefix(key, "production.") {
		c.Peer, c.Production = nil, external()
	}
	at := reflect.ValueOf(&c).Elem()
	for name := range strings.SplitSeq(key, ".") {
		within := reflect.Indirect(at)
		at = within.FieldByNameFunc(func(field string) bool {
			f, _ := within.Type().FieldByName(field)
			return f.Tag.Get("json") == name
		})
	}
	at.SetZero()
	err := c.Validate()
	return err != nil && strings.Contains(err.Error(), key)
}
