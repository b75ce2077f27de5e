package report

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// nasty clears a screen, by seven bits and by eight, rings, and turns the reading direction.
const nasty = "x\x1b[2J\x9b2J\u009b2J\a\u202ey"

// spoil puts nasty text behind every string of a value.
func spoil(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			spoil(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				spoil(v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			spoil(v.Index(i))
		}
	case reflect.String:
		v.SetString(v.String() + nasty)
	default:
	}
}

// controls lists what a terminal would obey, or would show otherwise than it stands there.
func controls(text string) (found []rune) {
	for _, r := range text {
		if r != '\n' && unicode.IsControl(r) || r == '\u202e' || r == unicode.ReplacementChar {
			found = append(found, r)
		}
	}
	return found
}

// TestReportsMoveNoCursor holds that nothing in a report, whose texts are AWS's and the
// configuration's, reaches a terminal or a page as it is.
func TestReportsMoveNoCursor(t *testing.T) {
	t.Parallel()
	told := night(1000)
	report := told[len(told)-1]
	spoil(reflect.ValueOf(&report))
	base := filepath.Join(t.TempDir(), "report")
	require.NoError(t, WriteFiles(base, &report))
	for _, ending := range []string{".txt", ".html", ".json"} {
		text, err := os.ReadFile(base + ending)
		require.NoError(t, err)
		assert.Empty(t, controls(string(text)), ending)
		assert.Contains(t, string(text), `\u001b[2J`, ending)
	}
	assert.Empty(t, controls(report.String()))
}

func TestVisible(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain, über 東京\n\tindented": "plain, über 東京\n\tindented",
		"\x1b[2J":                    `\u001b[2J`,
		"a\rb\a\x7f":                 `a\u000db\u0007\u007f`,
		"\u009b2J \x9b2J":            `\u009b2J \ufffd2J`,
		"\u202egnp.exe\u2066":        `\u202egnp.exe\u2066`,
	} {
		assert.Equal(t, want, Escape(text))
	}
	assert.True(t, strings.HasPrefix(Escape(strings.Repeat("a", 10)), "aaa"))
}
