package provider

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// bare takes secrets and outputs off a value; known is false when it isn't yet.
func bare(v resource.PropertyValue) (inner resource.PropertyValue, known bool) {
	for {
		switch {
		case v.IsSecret():
			v = v.SecretValue().Element
		case v.IsComputed():
			return v, false
		case v.IsOutput():
			if !v.OutputValue().Known {
				return v, false
			}
			v = v.OutputValue().Element
		default:
			return v, true
		}
	}
}

// plainMap is a property map as JSON has it, without what is null or unknown.
func plainMap(m resource.PropertyMap) map[string]any {
	out := map[string]any{}
	for k, v := range m {
		if k == defaultsKey {
			continue
		}
		if p, ok := plainValue(v); ok {
			out[string(k)] = p
		}
	}
	return out
}

func plainValue(v resource.PropertyValue) (any, bool) {
	v, known := bare(v)
	switch {
	case !known || v.IsNull():
		return nil, false
	case v.IsArray():
		list := []any{}
		for _, item := range v.ArrayValue() {
			if p, ok := plainValue(item); ok {
				list = append(list, p)
			}
		}
		return list, true
	case v.IsObject():
		return plainMap(v.ObjectValue()), true
	case v.IsArchive():
		return v.ArchiveValue().Hash, true // what the bridge compares; the engine has worked it out
	}
	return v.V, true
}

// shown turns what the world holds into outputs. Inputs that come back as they
// went are given back as they were, secrets in their place.
func shown(s *resourceSchema, props map[string]any, inputs resource.PropertyMap) resource.PropertyMap {
	out := resource.PropertyMap{}
	for name, v := range props {
		p, ok := s.property(name)
		if !ok || v == nil {
			continue
		}
		key := resource.PropertyKey(name)
		given, _ := plainValue(inputs[key])
		value := resource.NewPropertyValue(v)
		if reflect.DeepEqual(given, v) {
			value = inputs[key]
		}
		if p.secret() && !value.IsSecret() {
			value = resource.MakeSecret(value)
		}
		out[key] = value
	}
	if _, ok := s.Outputs["tagsAll"]; ok {
		out["tagsAll"] = out["tags"]
		if _, tagged := out["tags"]; !tagged {
			out["tagsAll"] = resource.NewObjectProperty(resource.PropertyMap{})
		}
	}
	return out
}

// complete adds what the provider always shows, empty where the world has
// nothing to say of it: what is computed, and every field of an object.
func complete(s *resourceSchema, outputs resource.PropertyMap) resource.PropertyMap {
	out := outputs.Copy()
	for key, v := range out {
		p, _ := s.property(string(key))
		out[key] = p.rebuilt(v, func(o *objectSchema, fields resource.PropertyMap) {
			for name, field := range o.Properties {
				field.show(resource.PropertyKey(name), fields)
			}
		})
	}
	for _, name := range s.Computed {
		p, _ := s.property(name)
		p.show(resource.PropertyKey(name), out)
	}
	return out
}

// show adds a property, empty, where there is none.
func (p property) show(key resource.PropertyKey, in resource.PropertyMap) {
	if _, there := in[key]; there {
		return
	}
	if empty, ok := p.empty(); ok {
		in[key] = empty
	}
}

// empty is a type's value in Terraform's state when it is not set; objects
// have none.
func (p property) empty() (resource.PropertyValue, bool) {
	switch p.shape()[0] {
	case '[':
		return resource.NewProperty([]resource.PropertyValue{}), true
	case '{':
		return resource.NewProperty(resource.PropertyMap{}), true
	}
	switch p.shape() {
	case "string":
		return resource.NewProperty(""), true
	case "boolean":
		return resource.NewProperty(false), true
	case "integer", "number":
		return resource.NewProperty(0.0), true
	}
	return resource.PropertyValue{}, false
}

// foreseen is what a preview shows of a resource to be created: its inputs, and
// as unknown all that AWS works out.
func foreseen(s *resourceSchema, inputs resource.PropertyMap) resource.PropertyMap {
	out := inputs.Copy()
	delete(out, defaultsKey)
	for _, name := range slices.Concat(s.Computed, slices.Collect(maps.Keys(s.Outputs))) {
		key := resource.PropertyKey(name)
		if _, given := out[key]; given {
			continue
		}
		out[key] = resource.MakeComputed(resource.NewProperty(""))
		if name == "tagsAll" {
			if tags, tagged := out["tags"]; tagged {
				out[key] = tags
			}
		}
	}
	return out
}

// fillIn sets what has a default and was not given, in objects further down too.
func fillIn(s *resourceSchema, inputs resource.PropertyMap) {
	for key, v := range inputs {
		inputs[key] = s.Inputs[string(key)].rebuilt(v, func(o *objectSchema, fields resource.PropertyMap) {
			o.Defaults.fillIn(fields)
		})
	}
	s.Defaults.fillIn(inputs)
}

func (d defaults) fillIn(values resource.PropertyMap) {
	for name, v := range d {
		if given := values[resource.PropertyKey(name)]; given.IsNull() {
			values[resource.PropertyKey(name)] = resource.NewPropertyValue(v)
		}
	}
}

// rebuilt is a copy of a value, in which each may change the objects.
func (p property) rebuilt(v resource.PropertyValue, each func(*objectSchema, resource.PropertyMap)) resource.PropertyValue {
	switch o := p.object(); {
	case v.IsSecret():
		return resource.MakeSecret(p.rebuilt(v.SecretValue().Element, each))
	case v.IsArray() && strings.HasPrefix(string(p), "["):
		list := make([]resource.PropertyValue, len(v.ArrayValue()))
		for i, item := range v.ArrayValue() {
			list[i] = p.element().rebuilt(item, each)
		}
		return resource.NewProperty(list)
	case v.IsObject() && o != nil:
		fields := v.ObjectValue().Copy()
		for key, field := range fields {
			fields[key] = o.Properties[string(key)].rebuilt(field, each)
		}
		each(o, fields)
		return resource.NewProperty(fields)
	}
	return v
}
