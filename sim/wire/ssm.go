package wire

import (
	"net/http"

	"github.com/pilotlight-dr/pilotlight/sim"
)

var ssmOperations = map[string]operation{
	"GetParameter": {parameterName, getParameter},
}

func parameterName(in input) string {
	name, _ := in.json["Name"].(string)
	return name
}

func getParameter(r request) (any, error) {
	name := parameterName(r.in)
	value, found := r.world.ParameterValue(r.region, name)
	if !found {
		return nil, &sim.Error{Status: http.StatusBadRequest, Code: "ParameterNotFound", Message: ""}
	}
	return map[string]any{"Parameter": map[string]any{"Name": name, "Type": "String", "Value": value}}, nil
}
