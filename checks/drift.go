package checks

import (
	"fmt"
	"slices"
	"strings"
)

// Drifted is a code: what AWS has is no longer what the stack made, where that touches a failover.
const Drifted = "drifted"

// Drift is a difference between what a stack made and what AWS has now.
type Drift struct {
	Type string `json:"type"` // such as aws:lb/targetGroup:TargetGroup
	Name string `json:"name"` // of the resource in the program
	// Property is where they differ, such as `tags.owner`; empty where the resource is gone.
	Property string `json:"property,omitempty"`
	// Made is what the stack made of it, and Found what AWS has, as JSON; empty for nothing.
	Made  string `json:"made,omitempty"`
	Found string `json:"found,omitempty"`
	// Touches reports that a failover uses it.
	Touches bool `json:"touches"`
}

// untouched are properties that no failover needs: what they say is for people, for a bill, or for
// another day.
var untouched = []string{
	"tags", "description", "retentionInDays", "maintenanceWindow", "backupWindow", "copyTagsToSnapshot",
	"monitoringInterval", "performanceInsightsEnabled", "enabledCloudwatchLogsExports",
}

// watching are services and types that only tell of the others, or tidy up after them.
var watching = []string{
	"aws:cloudwatch/", "aws:lambda/", "aws:sns/", "aws:s3/bucketLifecycleConfigurationV2:",
}

// TouchesFailover reports whether a failover uses a property of a resource; of the whole of it where
// property is empty. It does unless the property is known as one that no failover needs.
func TouchesFailover(typ, property string) bool {
	if slices.ContainsFunc(watching, func(prefix string) bool { return strings.HasPrefix(typ, prefix) }) {
		return false
	}
	root, _, _ := strings.Cut(strings.ReplaceAll(property, "[", "."), ".")
	return !slices.Contains(untouched, root)
}

// String is the difference in words.
func (d Drift) String() string {
	what := fmt.Sprintf("%s %s", d.Type[strings.LastIndex(d.Type, ":")+1:], d.Name)
	switch {
	case d.Property == "":
		return what + " is gone"
	case d.Made == d.Found: // secrets, and values that are shown in part
		return fmt.Sprintf("%s: %s is another than it was: %s", what, d.Property, d.Found)
	case d.Found == "":
		return fmt.Sprintf("%s: %s is gone, it was %s", what, d.Property, d.Made)
	case d.Made == "":
		return fmt.Sprintf("%s: %s is %s, and was not set", what, d.Property, d.Found)
	}
	return fmt.Sprintf("%s: %s is %s, and was %s", what, d.Property, d.Found, d.Made)
}
