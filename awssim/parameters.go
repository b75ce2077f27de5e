package awssim

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
				return nil
			},
			changed: func(w *World, _ Call, old, o *Object) error {
				if was := parameterValue(old); was != parameterValue(o) {
					o.Phases = []Phase{{was, w.clock.Now()}}
				}
				return nil
			},
			made: func(w *World, o *Object) {
				if _, there := o.Times["made"]; !there {
					o.setTime("made", w.clock.Now())
				}
				o.fill(map[string]any{"arn": arn("ssm", o, "parameter/"+trimSlash(o.text("name"))), "dataType": "text", "tier": "Standard", "version": 0.0})
				o.Props["version"] = float64(o.number("version") + 1)
				if o.text("type") != "SecureString" {
					o.Props["value"] = parameterValue(o) // the provider shows it under both names
					o.Props["insecureValue"] = parameterValue(o)
				}
			},
		},
	}
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
