package provider

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// checker collects what is wrong with a resource's inputs, in the words of the
// Terraform bridge.
type checker struct {
	resource string
	failures []plugin.CheckFailure
}

func (c *checker) fail(at, format string, args ...any) {
	c.failures = append(c.failures, plugin.CheckFailure{
		Reason: fmt.Sprintf(format, args...) + fmt.Sprintf(". Examine values at '%s.%s'.", c.resource, at),
	})
}

func (c *checker) object(at string, props map[string]property, required []string, values resource.PropertyMap) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		p, known := props[string(name)]
		switch {
		case name == defaultsKey:
		case !known:
			c.fail(at+string(name), "Unexpected argument. An argument named %q is not expected here", name)
		default:
			c.value(at+string(name), p, values[name])
		}
	}
	for _, name := range required {
		if v, given := values[resource.PropertyKey(name)]; !given || v.IsNull() {
			c.fail(at+name, "Missing required argument. The argument %q is required, but no definition was found.", name)
		}
	}
}

func (c *checker) value(at string, p property, v resource.PropertyValue) {
	v, known := bare(v)
	if !known || v.IsNull() {
		return
	}
	wrong := func(want string) { c.fail(at, "expected %s type, got %q type", want, v.TypeString()) }
	switch shape := p.shape(); shape[0] {
	case '[':
		if !v.IsArray() {
			wrong("array")
			return
		}
		for i, item := range v.ArrayValue() {
			c.value(fmt.Sprintf("%s[%d]", at, i), p.element(), item)
		}
	case '{':
		if !v.IsObject() {
			wrong("object")
			return
		}
		for _, key := range slices.Sorted(maps.Keys(v.ObjectValue())) {
			c.value(at+"."+string(key), p.element(), v.ObjectValue()[key])
		}
	case '@':
		if !v.IsObject() {
			wrong("object")
		} else if o := p.object(); o != nil {
			c.object(at+".", o.Properties, o.Required, v.ObjectValue())
		}
	default:
		c.scalar(at, shape, v, wrong)
	}
}

// scalar takes what the bridge would convert: a number or boolean for a text, and
// a text that reads as one of them.
func (c *checker) scalar(at, shape string, v resource.PropertyValue, wrong func(string)) {
	text := ""
	if v.IsString() {
		text = v.StringValue()
	}
	_, notNumber := strconv.ParseFloat(text, 64)
	_, notBool := strconv.ParseBool(text)
	switch {
	case shape == "string" && !v.IsString() && !v.IsNumber() && !v.IsBool():
		wrong("string")
	case shape == "boolean" && !v.IsBool() && notBool != nil:
		wrong("boolean")
	case (shape == "integer" || shape == "number") && !v.IsNumber() && notNumber != nil:
		wrong("number")
	case shape == "integer" && v.IsNumber() && v.NumberValue() != math.Trunc(v.NumberValue()):
		c.fail(at, "expected a whole number, got %v", v.NumberValue())
	}
}
