package sim

import (
	"slices"
	"time"
)

const parameterType = "aws:ssm/parameter:Parameter"

func parameterKinds() map[string]*kind {
	return map[string]*kind{
		parameterType: {
			service: "ssm", sdk: "SSM", noun: "SSM Parameter", create: "PutParameter", update: "PutParameter", delete: "DeleteParameter",
			id: named("name"),
			check: func(w *World, o *Object) error {
				if there := w.find(parameterType, o.Region, o.text("name")); o.ID == "" && there != nil && !o.flag("overwrite") {
					return refuse("ParameterAlreadyExists", "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")
				}
				if parameterValue(o) == "" {
					return refuse("ValidationException", "1 validation error detected: Value at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1")
				}
				return checkParameterSize(o)
			},
			made: func(w *World, o *Object) {
				if o.number("version") == 0 {
					o.Former = w.formerOf(o)
				}
				o.fill(map[string]any{"arn": arn("ssm", o, "parameter/"+trimSlash(o.text("name"))), "dataType": "text", "tier": "Standard", "version": 0.0})
				o.Props["version"] = float64(o.number("version") + 1)
				if o.text("type") != "SecureString" {
					o.Props["value"] = parameterValue(o) // the provider shows it under both names
					o.Props["insecureValue"] = parameterValue(o)
				}
			},
			changed: changedParameter,
			removed: func(w *World, o *Object) error {
				w.state.Deleted[key(o.Type, o.Region, o.ID)] = append(o.Former, Former{parameterValue(o), w.clock.Now()})
				return nil
			},
		},
	}
}

// checkParameterSize refuses a value that is too long (PutParameter, "Value"). pulumi-aws v6 does not send the tier
// Intelligent-Tiering (its patch "Workaround SSM Parameter tier bug"): to AWS such a parameter is a standard one.
func checkParameterSize(o *Object) error {
	switch size := len(parameterValue(o)); {
	case size > 8192:
		return refuse("ValidationException", "Parameter value is too large: advanced tier parameters support a maximum parameter value of 8192 characters.")
	case size > 4096 && o.text("tier") != "Advanced":
		return refuse("ValidationException", "Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier.")
	}
	return nil
}

// changedParameter remembers what the value was. Only the input that is given
// counts: the other holds the old value still.
func changedParameter(w *World, c Call, old, o *Object) error {
	if _, given := c.Inputs["insecureValue"]; !given {
		delete(o.Props, "insecureValue")
	}
	if was := parameterValue(old); was != parameterValue(o) {
		o.Former = append(o.Former, Former{was, w.clock.Now()})
	}
	return nil
}

// formerOf is what was under a new parameter's name: one that it overwrites, one
// that has been deleted, or nothing.
func (w *World) formerOf(o *Object) []Former {
	now := w.clock.Now()
	if there := w.find(o.Type, o.Region, o.ID); there != nil {
		return append(slices.Clone(there.Former), Former{parameterValue(there), now})
	}
	k := key(o.Type, o.Region, o.ID)
	former := w.state.Deleted[k]
	delete(w.state.Deleted, k)
	return append(former, Former{"", now})
}

// parameterAt is a parameter's value at a time that is over; empty when there
// was none.
func (w *World) parameterAt(region, name string, at time.Time) string {
	former, value := w.state.Deleted[key(parameterType, region, name)], ""
	if o := w.find(parameterType, region, name); o != nil {
		former, value = o.Former, parameterValue(o)
	}
	for _, f := range former {
		if at.Before(f.Until) {
			return f.Value
		}
	}
	return value
}

// ParameterValue is what GetParameter finds in a region.
func (w *World) ParameterValue(region, name string) (value string, found bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.find(parameterType, region, name)
	if o == nil {
		return "", false
	}
	return w.parameterShown(o), true
}

// imageFound is after what time a parameter shows a new image: until then AWS looks for that (Systems Manager User Guide,
// "Native parameter support for Amazon Machine Image IDs"). That it never finds it is not modelled: the program asks for it before.
const imageFound = 10 * time.Second

// parameterShown is the value that a read finds: of an image, the one before until AWS has found the new one. A new
// parameter is waited for by the provider.
func (w *World) parameterShown(o *Object) string {
	if last := len(o.Former) - 1; o.text("dataType") == "aws:ec2:image" && last >= 0 && o.Former[last].Value != "" {
		if former := o.Former[last]; w.clock.Now().Before(former.Until.Add(imageFound)) {
			return former.Value
		}
	}
	return parameterValue(o)
}

// parameterValue: only one of the two inputs is given.
func parameterValue(o *Object) string {
	if v := o.text("insecureValue"); v != "" {
		return v
	}
	return o.text("value")
}

func trimSlash(name string) string {
	if name != "" && name[0] == '/' {
		return name[1:]
	}
	return name
}
