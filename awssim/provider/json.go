package provider

import (
	"encoding/json"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Provider configuration that is not text comes as JSON in a string.

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
