package checks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Launch is one attempt of a group to launch an instance.
type Launch struct {
	At      time.Time
	Failed  bool
	Message string // why it failed, in AWS's words
}

// LaunchFailure is why instances cannot be launched. The zero value is none.
type LaunchFailure struct {
	Code   string // of EC2 where it is one of those known
	Reason string // the first sentence of AWS's own
	Others int    // reasons of the same kind, such as that of another zone
	Remedy string
}

// String is the reason, and its code where that is known.
func (f LaunchFailure) String() string {
	text := f.Reason
	if f.Code != "" {
		text += " (" + f.Code + ")"
	}
	if f.Others > 0 {
		text += fmt.Sprintf(", and %d more like it", f.Others)
	}
	return text
}

// Launches finds why attempts since a time failed: those of the kind of the newest. A
// group keeps trying, so a failure says what is in the way, and not that no instance
// will come. Zones take turns in failing, which is no news.
func Launches(launches []Launch, since time.Time) (failure LaunchFailure) {
	failed := slices.DeleteFunc(slices.Clone(launches), func(l Launch) bool { return !l.Failed || !l.At.After(since) })
	if len(failed) == 0 {
		return LaunchFailure{}
	}
	slices.SortStableFunc(failed, func(a, b Launch) int { return b.At.Compare(a.At) })
	failure = explain(failed[0].Message)
	reasons := map[string]bool{}
	for _, l := range failed {
		if like := explain(l.Message); like.Code == failure.Code && like.Remedy == failure.Remedy {
			reasons[like.Reason] = true
			failure.Reason = min(failure.Reason, like.Reason)
		}
	}
	failure.Others = len(reasons) - 1
	return failure
}

// causes are known reasons by words of their messages (EC2 Auto Scaling User Guide,
// "Troubleshoot issues": capacity, instance launch failure, AMI).
var causes = []struct {
	words        []string
	code, remedy string
}{
	{[]string{"do not have sufficient", "insufficientinstancecapacity"}, "InsufficientInstanceCapacity",
		"name more types in app.fallbackTypes, set app.instanceType to one that EC2 has, or add a zone at the end of network.zones; the group keeps trying meanwhile"},
	{[]string{"vcpu limit", "vcpulimitexceeded", "instance limit", "instancelimitexceeded"}, "VcpuLimitExceeded",
		"ask for a higher quota of EC2 vCPUs in this region (pilotlight check --request-increases), or set a smaller app.instanceType or app.min"},
	{[]string{"kms", "client error on launch", "client.internalerror"}, "InvalidKMSKey",
		"let the role AWSServiceRoleForAutoScaling use the key of the image's snapshot and of the volumes, and see that the key is enabled"},
	{[]string{"not supported", "unsupported", "does not match the architecture"}, "Unsupported", "set app.instanceType to one that the zones in network.zones offer and the image can run on"},
	{[]string{"image id", "ami ", "invalidamiid", "ssm parameter", "the parameter /"}, "InvalidAMIID",
		"set app.image to an image of this account that is available in this region"},
	{[]string{"free addresses", "insufficientfreeaddresses"}, "InsufficientFreeAddressesInSubnet", "free addresses in the private subnets"},
	{[]string{"iam instance profile"}, "", "nothing: IAM takes a moment to know a new profile, and the group tries again"},
}

func explain(message string) LaunchFailure {
	reason, _, _ := strings.Cut(message, ". ")
	f := LaunchFailure{Reason: strings.TrimSuffix(reason, "."), Remedy: "see what the group's activities say (aws autoscaling describe-scaling-activities)"}
	lower := strings.ToLower(message)
	for _, cause := range causes {
		if slices.ContainsFunc(cause.words, func(words string) bool { return strings.Contains(lower, words) }) {
			f.Code, f.Remedy = cause.code, cause.remedy
			break
		}
	}
	f.Reason = cmp.Or(f.Reason, "AWS says no reason")
	return f
}
