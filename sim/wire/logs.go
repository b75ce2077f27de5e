package wire

import "time"

var logOperations = map[string]operation{
	"FilterLogEvents": {logGroup, filterLogEvents},
	"DescribeLogGroups": {
		subject: func(in input) string { return in.member("logGroupNamePrefix") },
		serve: func(r request) (any, error) {
			groups := []answer{}
			for _, name := range r.world.Held(r.region, []string{r.in.member("logGroupNamePrefix")}, "aws:cloudwatch/logGroup:LogGroup") {
				groups = append(groups, answer{"logGroupName": name})
			}
			return answer{"logGroups": groups}, nil
		},
	},
}

func logGroup(in input) string {
	name, _ := in.json["logGroupName"].(string)
	return name
}

// filterLogEvents answers with all lines since a time, in one page.
func filterLogEvents(r request) (any, error) {
	for name := range r.in.json {
		if name != "logGroupName" && name != "startTime" {
			return nil, unmodelled("%s of FilterLogEvents is not modelled by the simulator", name)
		}
	}
	since, _ := r.in.json["startTime"].(float64)
	logged, err := r.world.LogEvents(r.region, logGroup(r.in))
	if err != nil {
		return nil, err
	}
	events := []map[string]any{}
	for _, e := range logged {
		if !e.At.Before(time.UnixMilli(int64(since))) {
			events = append(events, map[string]any{"timestamp": e.At.UnixMilli(), "message": e.Line})
		}
	}
	return map[string]any{"events": events, "searchedLogStreams": []any{}}, nil
}
