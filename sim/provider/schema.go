package provider

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
)

//go:embed schema.json
var schemaJSON []byte

// A property's type is one word: a JSON type, "[…]" for a list, "{…}" for a map,
// "@token" for an object. "!" behind it forces a replacement, "*" makes it secret.
type property string

func (p property) replaces() bool { return strings.Contains(p.flags(), "!") }
func (p property) secret() bool   { return strings.Contains(p.flags(), "*") }
func (p property) shape() string  { return strings.TrimRight(string(p), "!*") }
func (p property) flags() string  { return string(p)[len(p.shape()):] }

// element is what a list or map holds.
func (p property) element() property { return property(p.shape()[1 : len(p.shape())-1]) }

// resourceSchema is what pulumi-aws knows of a resource type. Outputs lists what
// is not an input too; Computed, what AWS works out unless it is given; Defaults,
// what the provider itself fills in then.
type resourceSchema struct {
	Inputs   map[string]property `json:"inputs"`
	Outputs  map[string]property `json:"outputs"`
	Required []string            `json:"required"`
	Computed []string            `json:"computed"`
	Defaults defaults            `json:"defaults"`
}

func (r *resourceSchema) property(name string) (property, bool) {
	if p, ok := r.Inputs[name]; ok {
		return p, true
	}
	p, ok := r.Outputs[name]
	return p, ok
}

// defaults are values by the names of their properties.
type defaults map[string]any

type functionSchema struct {
	Inputs map[string]property `json:"inputs"`
}

type objectSchema struct {
	Properties map[string]property `json:"properties"`
	Required   []string            `json:"required"`
	Defaults   defaults            `json:"defaults"`
}

// schema is the part of pulumi-aws 6.83.0 that is modelled.
var schema = func() (s struct {
	Resources map[string]*resourceSchema `json:"resources"`
	Functions map[string]*functionSchema `json:"functions"`
	Types     map[string]*objectSchema   `json:"types"`
}) {
	if err := json.Unmarshal(schemaJSON, &s); err != nil {
		panic(fmt.Sprintf("schema.json: %v", err))
	}
	return s
}()

// object finds the properties of an object type; nil where any will do.
func (p property) object() *objectSchema {
	return schema.Types[strings.TrimPrefix(p.shape(), "@")]
}
