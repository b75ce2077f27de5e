package sim

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
