package wire

import (
	"net/http"
	"strings"

	"github.com/pilotlight-dr/pilotlight/sim"
)

var ssmOperations = map[string]operation{
	"GetParameter": {parameterName, getParameter},
	"PutParameter": {parameterName, func(r request) (any, error) {
		return answer{"Version": 2, "Tier": "Standard"}, r.world.PutParameter(r.region, parameterName(r.in), r.in.member("Value"))
	}},
	"GetParameters": {parameterNames, getParameters},
	"DescribeParameters": {
		subject: func(in input) string { return strings.Join(filteredNames(in), ",") },
		serve: func(r request) (any, error) {
			found := []answer{}
			for _, name := range r.world.Held(r.region, filteredNames(r.in), "aws:ssm/parameter:Parameter") {
				found = append(found, answer{"Name": name, "Type": "String"})
			}
			return answer{"Parameters": found}, nil
		},
	},
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

// parameterNames joins the names, which is what the journal shows.
func parameterNames(in input) string { return strings.Join(textsOf(in.json["Names"]), ",") }

// getParameters lists names that there are none of as invalid, with no error.
func getParameters(r request) (any, error) {
	found, missing := []map[string]any{}, []string{}
	for _, name := range textsOf(r.in.json["Names"]) {
		if value, ok := r.world.ParameterValue(r.region, name); ok {
			found = append(found, map[string]any{"Name": name, "Type": "String", "Value": value})
		} else {
			missing = append(missing, name)
		}
	}
	return map[string]any{"Parameters": found, "InvalidParameters": missing}, nil
}

// filteredNames are the names that a filter is for.
func filteredNames(in input) []string {
	filters, _ := in.json["ParameterFilters"].([]any)
	if len(filters) != 1 {
		return nil
	}
	filter, _ := filters[0].(map[string]any)
	if filter["Key"] != "Name" || filter["Option"] != "Equals" {
		return nil
	}
	return textsOf(filter["Values"])
}

func textsOf(list any) (texts []string) {
	items, _ := list.([]any)
	for _, item := range items {
		if text, ok := item.(string); ok {
			texts = append(texts, text)
		}
	}
	return texts
}
