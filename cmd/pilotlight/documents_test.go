package main

import (
	"encoding"
	"encoding/json"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

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

// documents are what --json prints, of every command.
var documents = []any{
	ops.Adopted{}, backend.Result{}, backend.Moved{}, ops.Readiness{}, comparedBill{}, ops.Drill{}, endedDrills{}, ops.Update{},
	ops.PublishedCheck{}, report.Report{}, syncedImages{}, initResult{}, media.Result{}, restoredMedia{}, ops.Outcome{}, ops.Plan{},
	scenario.Report{}, server.Status{}, ops.StateCopy{}, listedStatus{}, unlocked{}, ops.Failure{},
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
	for _, document := range documents {
		walk(reflect.TypeOf(document))
	}
}
