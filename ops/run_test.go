package ops

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestRunWith holds that whatever one run is told, the other is told, too.
func TestRunWith(t *testing.T) {
	t.Parallel()
	var told []string
	all := func(name string) (run Run) {
		for field, value := range reflect.ValueOf(&run).Elem().Fields() {
			if typ := field.Type; typ.Kind() == reflect.Func && typ.NumOut() == 0 {
				value.Set(reflect.MakeFunc(typ, func([]reflect.Value) []reflect.Value {
					told = append(told, name)
					return nil
				}))
			}
		}
		return run
	}
	for name, with := range map[string]Run{"both": all("a").With(all("b")), "the first": all("a").With(Run{}), "the second": Run{}.With(all("b"))} {
		want := map[string][]string{"both": {"a", "b"}, "the first": {"a"}, "the second": {"b"}}[name]
		for field, value := range reflect.ValueOf(with).Fields() {
			if typ := field.Type; typ.Kind() == reflect.Func && typ.NumOut() == 0 {
				told = nil
				value.Call([]reflect.Value{reflect.Zero(typ.In(0))})
				assert.Equal(t, want, told, "%s: %s", name, field.Name)
			}
		}
	}
	var said []string
	lines := Run{ConfigFile: "file", Say: func(line string) { said = append(said, line) }}.With(all("b"))
	lines.Progress(Progress{Awaits: "it", Seen: "comes"})
	assert.Equal(t, []string{"it: comes"}, said, "to who asks for lines alone")
	assert.Equal(t, "file", lines.ConfigFile)
}
