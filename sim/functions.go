package sim

import (
	"path"
	"regexp"
)

const (
	functionType   = "aws:lambda/function:Function"
	permissionType = "aws:lambda/permission:Permission"
)

func functionKinds() map[string]*kind {
	return map[string]*kind{
		functionType: {
			service: "lambda", sdk: "Lambda", noun: "Lambda Function", create: "CreateFunction", update: "UpdateFunctionCode", delete: "DeleteFunction",
			id: named("name"),
			unique: &unique{prop: "name", taken: func(o *Object) error {
				return refuse("ResourceConflictException", "Function already exist: %s", o.text("name"))
			}},
			refs: []ref{{path: "role", to: roleType, by: "arn", loose: true, missing: func(string) error {
				return refuse("InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda.")
			}}},
			check: validFunction,
			made: func(_ *World, o *Object) {
				at := arn("lambda", o, "function:"+o.ID)
				o.fill(map[string]any{"arn": at, "qualifiedArn": at + ":$LATEST", "version": "$LATEST", "sourceCodeSize": 1.0})
			},
			removed: func(w *World, o *Object) error {
				for _, p := range w.all(permissionType, o.Region) { // they are part of the function
					if p.text("function") == o.ID {
						w.drop(p)
					}
				}
				return nil
			},
			defaults: map[string]any{"memorySize": 128.0, "timeout": 3.0, "packageType": "Zip", "publish": false, "reservedConcurrentExecutions": -1.0, "skipDestroy": false},
		},
		permissionType: {
			service: "lambda", sdk: "Lambda", noun: "Lambda Permission", create: "AddPermission", update: "AddPermission", delete: "RemovePermission",
			id: named("statementId"), // the site has one function in a region, so one policy
			unique: &unique{prop: "statementId", taken: func(o *Object) error {
				return refuse("ResourceConflictException", "The statement id (%s) provided already exists. Please provide a new statement id, or remove the existing statement.", o.text("statementId"))
			}},
			refs: []ref{{path: "function", to: functionType, by: "name", goes: true, missing: func(name string) error {
				return refuse("ResourceNotFoundException", "Function not found: %s", name)
			}}},
		},
	}
}

var functionName = regexp.MustCompile(`^[a-zA-Z0-9-_]{1,64}$`)

// validFunction has what CreateFunction checks (Lambda API Reference).
func validFunction(_ *World, o *Object) error {
	invalid := func(format string, args ...any) error {
		return refuse("InvalidParameterValueException", format, args...)
	}
	switch timeout, memory := o.number("timeout"), o.number("memorySize"); {
	case !functionName.MatchString(o.text("name")):
		return refuse("ValidationException", "1 validation error detected: Value '%s' at 'functionName' failed to satisfy constraint", o.text("name"))
	case o.text("runtime") != "provided.al2023":
		return ErrNotModelled
	case o.text("handler") == "":
		return invalid("Runtime and Handler are mandatory parameters for functions created with deployment packages.")
	case timeout < 0 || timeout > 900, memory != 0 && (memory < 128 || memory > 10240):
		return invalid("timeout %d or memory size %d is out of range", timeout, memory)
	}
	return nil
}

// like reports whether a pattern of a condition ArnLike fits.
func like(pattern, arn string) bool {
	fits, err := path.Match(pattern, arn)
	return fits && err == nil
}

// permitted reports whether a function's policy lets a rule run it.
func (w *World) permitted(function, rule *Object) bool {
	for _, p := range w.all(permissionType, function.Region) {
		if p.text("function") == function.ID && p.text("principal") == "events.amazonaws.com" && like(p.text("sourceArn"), rule.text("arn")) {
			return true
		}
	}
	return false
}
