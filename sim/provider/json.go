package provider

import (
	"encoding/json"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Provider configuration that is not text comes as JSON in a string, or as it is;
// the state holds the former.

// encoded is a configuration as the state holds it.
func encoded(config resource.PropertyMap) resource.PropertyMap {
	out := config.Copy()
	for key, v := range out {
		if v.IsString() || v.IsNull() || v.ContainsUnknowns() || v.ContainsSecrets() {
			continue
		}
		plain, _ := plainValue(v)
		if text, err := json.Marshal(plain); err == nil { // it came as JSON
			out[key] = resource.NewProperty(string(text))
		}
	}
	return out
}

func decodedProperty(v resource.PropertyValue) resource.PropertyValue {
	inner, known := bare(v)
	if !known || !inner.IsString() {
		return v
	}
	var decoded any
	if json.Unmarshal([]byte(inner.StringValue()), &decoded) != nil {
		return v
	}
	return resource.NewPropertyValue(decoded)
}

func decodedList(v any) []any {
	if text, ok := v.(string); ok {
		_ = json.Unmarshal([]byte(text), &v) // what is no JSON stays text, and is no list
	}
	list, _ := v.([]any)
	return list
}
