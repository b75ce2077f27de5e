package sim

import (
	"net/http"
	"slices"
	"time"
)

const logGroupType = "aws:cloudwatch/logGroup:LogGroup"

func logKinds() map[string]*kind {
	return map[string]*kind{
		logGroupType: {
			service: "logs", sdk: "CloudWatch Logs", noun: "CloudWatch Logs Log Group",
			create: "CreateLogGroup", update: "PutRetentionPolicy", delete: "DeleteLogGroup", id: named("name"),
			unique: &unique{prop: "name", taken: func(*Object) error {
				return refuse("ResourceAlreadyExistsException", "The specified log group already exists")
			}},
			made:     func(_ *World, o *Object) { o.fill(map[string]any{"arn": arn("logs", o, "log-group:"+o.ID)}) },
			defaults: map[string]any{"retentionInDays": 0.0, "logGroupClass": "STANDARD"},
		},
	}
}

// A LogEvent is one line in a log group.
type LogEvent struct {
	At   time.Time `json:"at"`
	Line string    `json:"line"`
}

// Log has something log a line to a log group of a region now, as an instance does.
func (w *World) Log(region, group, line string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := region + "|" + group
	w.state.Logged[key] = append(w.state.Logged[key], LogEvent{w.clock.Now(), line})
}

// LogEvents are the lines in a log group, the oldest first.
func (w *World) LogEvents(region, group string) ([]LogEvent, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.find(logGroupType, region, group) == nil {
		return nil, &Error{Status: http.StatusBadRequest, Code: "ResourceNotFoundException", Message: "The specified log group does not exist."}
	}
	return slices.Clone(w.state.Logged[region+"|"+group]), nil
}
