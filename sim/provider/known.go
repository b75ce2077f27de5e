package provider

import (
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// known is what the provider takes for the inputs of a resource as it is. The real one
// compares what is wanted with the outputs in the state, and after an update that
// failed those hold what was wanted then, whether or not AWS did it; the inputs are the
// ones of before (pulumi/pulumi#21458). So the next update finds nothing to do, reads
// what there is, and only the one after that does it. What the inputs lack is what the
// resource has: Terraform's state holds all.
func known(inputs, outputs, news resource.PropertyMap) resource.PropertyMap {
	is := inputs.Copy()
	for key, out := range outputs {
		wanted, given := news[key]
		before, had := inputs[key]
		switch {
		case given && same(out, wanted):
			is[key] = wanted
		case given && !had:
			is[key] = out
		case had && scalar(out) && scalar(before) && !same(out, before):
			is[key] = out
		}
	}
	return is
}

// failed are the outputs that an update leaves in the state when it fails: the provider
// keeps all that was planned (terraform-plugin-sdk, helper/schema/resource.go, Apply).
func failed(outputs, inputs, news resource.PropertyMap) resource.PropertyMap {
	left := outputs.Copy()
	for key := range inputs {
		if _, kept := news[key]; !kept {
			delete(left, key)
		}
	}
	for key, v := range news {
		if key != defaultsKey {
			left[key] = v
		}
	}
	return left
}

func same(a, b resource.PropertyValue) bool {
	x, known := plainValue(a)
	y, alsoKnown := plainValue(b)
	return known && alsoKnown && reflect.DeepEqual(x, y)
}

func scalar(v resource.PropertyValue) bool {
	bare, known := bare(v)
	return known && (bare.IsString() || bare.IsNumber() || bare.IsBool())
}
