package main

import (
	"encoding"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/backend"
	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/estimate"
	"github.com/pilotlight-dr/pilotlight/media"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/sim/server"
)

// documents are what --json prints, of every command; a slice is a list.
var documents = []struct {
	commands string // as docs/codes.md shows them
	document any
}{
	{"status", listedStatus{}},
	{"check", ops.Readiness{}},
	{"plan", ops.Plan{}},
	{"cost", comparedBill{}},
	{"history", []ops.Update{}},
	{"history --checks", []ops.PublishedCheck{}},
	{"report", report.Report{}},
	{"report --all", []report.Report{}},
	{"failover, switchover, reprotect, failback, thaw, abort, deploy, rotate, retire, destroy", ops.Outcome{}},
	{"unlock", unlocked{}},
	{"state list", []ops.StateCopy{}},
	{"state restore", ops.StateCopy{}},
	{"adopt", ops.Adopted{}},
	{"init", initResult{}},
	{"bootstrap", backend.Result{}},
	{"bootstrap --move", backend.Moved{}},
	{"media sync", media.Result{}},
	{"media restore", []restoredMedia{}},
	{"images sync", syncedImages{}},
	{"drill", ops.Drill{}},
	{"drill --end", endedDrills{}},
	{"rehearse", scenario.Report{}},
	{"sim status, sim lose, sim return, sim fault, sim wait", server.Status{}},
	{"a failure, in error", ops.Failure{}},
}

// ownForm are types that write themselves, as times, texts and seconds.
var ownForm = []reflect.Type{
	reflect.TypeFor[time.Time](), reflect.TypeFor[netip.Prefix](), reflect.TypeFor[roles.Progress](), reflect.TypeFor[checks.Lag](), reflect.TypeFor[estimate.Range](),
}

var (
	fieldName = regexp.MustCompile(`^[a-z][a-zA-Z0-9]*$`)
	// unit is the end of the name of a number with a fraction: it says what is counted.
	unit = regexp.MustCompile(`([sS]econds|hours|month|year|amount|quantity|tax|gib|speed)$`)
)

// TestDocuments holds the names in all documents to one form: once programs read them they can't be renamed.
func TestDocuments(t *testing.T) {
	t.Parallel()
	seen := map[reflect.Type]bool{}
	var walk func(typ reflect.Type)
	walk = func(typ reflect.Type) {
		if seen[typ] {
			return
		}
		seen[typ] = true
		if typ.Implements(reflect.TypeFor[json.Marshaler]()) || typ.Implements(reflect.TypeFor[encoding.TextMarshaler]()) {
			assert.True(t, typ.Kind() == reflect.Pointer || slices.Contains(ownForm, typ), "%s writes itself", typ)
		}
		switch {
		case slices.Contains(ownForm, typ):
		case typ.Kind() == reflect.Pointer, typ.Kind() == reflect.Slice, typ.Kind() == reflect.Map:
			walk(typ.Elem())
		case typ.Kind() == reflect.Struct:
			for f := range typ.Fields() {
				name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
				embedded := f.Anonymous && name == ""
				if name == "-" || !f.IsExported() && !embedded {
					continue
				}
				assert.True(t, embedded || fieldName.MatchString(name), "%s.%s is called %q", typ, f.Name, name)
				if f.Type.Kind() == reflect.Float64 {
					assert.Regexp(t, unit, name, "%s.%s", typ, f.Name)
				}
				walk(f.Type)
			}
		default:
			assert.NotEqual(t, reflect.TypeFor[time.Duration](), typ, "which JSON gives in nanoseconds")
		}
	}
	for _, d := range documents {
		walk(reflect.TypeOf(d.document))
	}
}

// TestDocumentedDocuments compares the table of codes.md with the documents, and these with the commands that there are.
func TestDocumentedDocuments(t *testing.T) {
	t.Parallel()
	table, documented := "| command | type in Go | fields |\n|---|---|---|\n", map[string]bool{}
	for _, d := range documents {
		typ, list := reflect.TypeOf(d.document), ""
		if typ.Kind() == reflect.Slice {
			typ, list = typ.Elem(), "list of "
		}
		name, names := typ.String(), fieldNames(typ)
		if own := strings.HasPrefix(name, "main."); own && typ.Field(0).Anonymous { // one of ours, and some more
			name = "`" + strings.TrimPrefix(typ.Field(0).Type.String(), "*") + "` and more"
		} else if own {
			name = "its own"
		} else {
			name = "`" + name + "`"
		}
		shown := d.commands
		for command := range strings.SplitSeq(d.commands, ", ") {
			name, _, _ := strings.Cut(command, " --")
			documented[name] = true
		}
		if !strings.HasPrefix(shown, "a failure") {
			shown = "`" + strings.ReplaceAll(shown, ", ", "`, `") + "`"
		}
		table += fmt.Sprintf("| %s | %s%s | `%s` |\n", shown, list, name, strings.Join(names, "`, `"))
	}
	const page, heading = "../../docs/codes.md", "## What each command prints\n"
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(text), "| command | type in Go |")
	require.True(t, found && strings.Contains(before, heading), "codes.md has no %s", heading)
	old, after, _ := strings.Cut(rest, "\n\n")
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(before+table+"\n"+after), 0o600))
		return
	}
	assert.Equal(t, table, "| command | type in Go |"+old+"\n", "-update writes it")
	for _, cmd := range runnable(newRootCmd(realAWS)) {
		if name := strings.TrimPrefix(cmd.CommandPath(), "pilotlight "); cmd.Flags().Lookup("json") != nil {
			assert.True(t, documented[name], "the document of %s is not there", name)
		}
	}
}

// fieldNames are the names of a document's fields, as JSON has them.
func fieldNames(typ reflect.Type) (all []string) {
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	for f := range typ.Fields() {
		switch name, _, _ := strings.Cut(f.Tag.Get("json"), ","); {
		case f.Anonymous && name == "":
			all = append(all, fieldNames(f.Type)...)
		case f.IsExported() && name != "-":
			all = append(all, name)
		}
	}
	return all
}

// runnable are the commands below one that do something themselves.
func runnable(cmd *cobra.Command) (all []*cobra.Command) {
	for _, sub := range cmd.Commands() {
		all = append(append(all, sub), runnable(sub)...)
	}
	return all
}
