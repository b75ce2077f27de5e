package provider

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// differ compares the inputs in the state with the wanted ones.
type differ struct {
	detailed map[string]plugin.PropertyDiff
	changed  []resource.PropertyKey
	replaced []resource.PropertyKey
}

func diff(typ string, olds, news resource.PropertyMap) plugin.DiffResult {
	s := schema.Resources[typ]
	d := &differ{detailed: map[string]plugin.PropertyDiff{}}
	for _, key := range slices.Sorted(maps.Keys(both(olds, news))) {
		if key == defaultsKey {
			continue
		}
		p := s.Inputs[string(key)]
		before := len(d.detailed)
		replaces := d.value(resource.PropertyPath{string(key)}, p, olds[key], news[key])
		if len(d.detailed) > before {
			d.changed = append(d.changed, key)
		}
		if replaces {
			d.replaced = append(d.replaced, key)
		}
	}
	result := plugin.DiffResult{
		Changes: plugin.DiffNone, DetailedDiff: d.detailed, ChangedKeys: d.changed, ReplaceKeys: d.replaced,
	}
	if len(d.changed) > 0 {
		result.Changes = plugin.DiffSome
	}
	if n, named := namingOf(typ); named && len(d.replaced) > 0 {
		// A name that is given cannot be had twice at once.
		_, same := d.detailed[n.prop]
		result.DeleteBeforeReplace = !same && !madeUp(news, n.prop)
	}
	return result
}

// both has the keys of two maps.
func both(a, b resource.PropertyMap) resource.PropertyMap {
	all := maps.Clone(a)
	if all == nil {
		all = resource.PropertyMap{}
	}
	maps.Copy(all, b)
	return all
}

// value notes how a value changes, and reports whether that replaces the resource.
func (d *differ) value(at resource.PropertyPath, p property, olds, news resource.PropertyValue) bool {
	was, had := plainValue(olds)
	will, has := plainValue(news)
	_, known := bare(news)
	if known && !news.ContainsUnknowns() && (reflect.DeepEqual(was, will) || nothing(was) && nothing(will)) {
		return false
	}
	if replaces, inside := d.inside(at, p, olds, news); inside {
		return replaces
	}
	kind := plugin.DiffUpdate
	switch {
	case !had:
		kind = plugin.DiffAdd
	case !has && known:
		kind = plugin.DiffDelete
	}
	if p.replaces() {
		kind = kind.AsReplace()
	}
	d.detailed[at.String()] = plugin.PropertyDiff{Kind: kind, InputDiff: true}
	return p.replaces()
}

// inside descends where both sides have the same shape.
func (d *differ) inside(at resource.PropertyPath, p property, olds, news resource.PropertyValue) (replaces, inside bool) {
	a, _ := bare(olds)
	b, _ := bare(news)
	// A list or object that forces a replacement does so wherever it changes.
	forced := p.replaces()
	step := func(elem any, q property, x, y resource.PropertyValue) {
		if forced {
			q += "!"
		}
		if d.value(append(slices.Clone(at), elem), q, x, y) {
			replaces = true
		}
	}
	switch {
	case a.IsObject() && b.IsObject():
		for _, key := range slices.Sorted(maps.Keys(both(a.ObjectValue(), b.ObjectValue()))) {
			step(string(key), p.member(string(key)), a.ObjectValue()[key], b.ObjectValue()[key])
		}
		return replaces, true
	case a.IsArray() && b.IsArray() && len(a.ArrayValue()) == len(b.ArrayValue()):
		for i, item := range a.ArrayValue() {
			step(i, p.element(), item, b.ArrayValue()[i])
		}
		return replaces, true
	}
	return false, false
}

// member is the type of an object's or map's value.
func (p property) member(name string) property {
	switch {
	case p.shape()[0] == '{':
		return p.element()
	case p.object() == nil:
		return "any"
	}
	return p.object().Properties[name]
}

// nothing tells an absent value, which an empty list, map or text equals in the
// provider.
func nothing(v any) bool {
	return v == nil || fmt.Sprint(v) == "" || fmt.Sprint(v) == "[]" || fmt.Sprint(v) == "map[]"
}
