package checks

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestLaunches(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	failed := func(minute int, message string) Launch {
		return Launch{At: noon.Add(time.Duration(minute) * time.Minute), Failed: true, Message: message}
	}
	for name, tc := range map[string]struct {
		launches     []Launch
		code, reason string
	}{
		"none":            {nil, "", ""},
		"all well":        {[]Launch{{At: noon.Add(time.Minute)}}, "", ""},
		"long ago":        {[]Launch{failed(-1, "The image id '[ami-1]' does not exist.")}, "", ""},
		"the newest":      {[]Launch{failed(1, "The image id '[ami-1]' does not exist."), failed(2, "Other. Launching EC2 instance failed.")}, "", "Other"},
		"without a word":  {[]Launch{failed(1, "")}, "", "AWS says no reason"},
		"one came after":  {[]Launch{failed(1, "Other. X"), {At: noon.Add(time.Hour)}}, "", "Other"},
		"no such image":   {[]Launch{failed(1, "The image id '[ami-1]' does not exist. Launching EC2 instance failed.")}, "InvalidAMIID", "The image id '[ami-1]' does not exist"},
		"pending image":   {[]Launch{failed(1, "AMI ami-1 is pending, and cannot be run. Launching EC2 instance failed.")}, "InvalidAMIID", "AMI ami-1 is pending, and cannot be run"},
		"no capacity":     {[]Launch{failed(1, "We currently do not have sufficient t3.medium capacity in the Availability Zone you requested (us-east-2a). Our system will …")}, "InsufficientInstanceCapacity", "We currently do not have sufficient t3.medium capacity in the Availability Zone you requested (us-east-2a)"},
		"quota":           {[]Launch{failed(1, "You have requested more vCPU capacity than your current vCPU limit of 5 allows for the instance bucket. Please visit …")}, "VcpuLimitExceeded", "You have requested more vCPU capacity than your current vCPU limit of 5 allows for the instance bucket"},
		"quota of before": {[]Launch{failed(1, "You have requested more instances (7) than your current instance limit of 6 allows for the specified instance type. Please visit …")}, "VcpuLimitExceeded", "You have requested more instances (7) than your current instance limit of 6 allows for the specified instance type"},
		"key":             {[]Launch{failed(1, "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state. Launching EC2 instance failed.")}, "InvalidKMSKey", "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state"},
		"type":            {[]Launch{failed(1, "The requested configuration is currently not supported. Please check the documentation for supported configurations. Launching EC2 instance failed.")}, "Unsupported", "The requested configuration is currently not supported"},
		"addresses":       {[]Launch{failed(1, "There are not enough free addresses in subnet 'subnet-1' to satisfy the requested number of instances. Launching EC2 instance failed.")}, "InsufficientFreeAddressesInSubnet", "There are not enough free addresses in subnet 'subnet-1' to satisfy the requested number of instances"},
		"zones in turn": {[]Launch{failed(1, "do not have sufficient x in b. Our"), failed(2, "do not have sufficient x in a. Our"), failed(3, "do not have sufficient x in b. Our")},
			"InsufficientInstanceCapacity", "do not have sufficient x in a"},
		"profile": {[]Launch{failed(1, "Value (x) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name. Launching EC2 instance failed.")}, "", "Value (x) for parameter iamInstanceProfile.name is invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := Launches(tc.launches, noon)
			assert.Equal(t, tc.code, f.Code)
			assert.Equal(t, tc.reason, f.Reason)
			assert.Equal(t, tc.reason != "", f.Remedy != "")
			assert.Equal(t, name == "zones in turn", f.Others == 1, f.String())
		})
	}
}
