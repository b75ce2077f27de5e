package ops

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/assert"
)

func TestBare(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"failed to run update: signal: killed\ncode: -1\nstdout: Updating (dr):\n\nstderr: \n":       "failed to run update: signal: killed",
		"failed to run update: exit status 255\ncode: 255\nstdout: \nstderr: error: no passphrase\n": "no passphrase",
		"out of disk": "out of disk",
	} {
		assert.Equal(t, want, bare(text))
	}
}

func TestPlain(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		"<{%reset%}>an unhandled error occurred: 1 error occurred:\n\t* refused: the peer took over\n\n<{%reset%}>": "refused: the peer took over",
		"error: before hook \"blog-dr-preflight\" failed: refused:\n  no image: set it\n":                           "refused:\n  no image: set it",
		"update failed": "",
		"creating RDS DB Instance (x): InvalidParameterValue": "creating RDS DB Instance (x): InvalidParameterValue",
	} {
		assert.Equal(t, want, Plain(message))
	}
}

// TestEngineErrorSaysWhatToDo holds that a name which is taken on AWS comes with a way on.
func TestEngineErrorSaysWhatToDo(t *testing.T) {
	t.Parallel()
	for text, remedy := range map[string]string{
		"creating SSM Parameter (/blog/dr/database): ParameterAlreadyExists: The parameter already exists.":                  `see "AWS has it already" in docs/runbook.md`,
		"creating IAM Role (blog-dr): EntityAlreadyExists: Role with name blog-dr already exists.":                           `see "AWS has it already" in docs/runbook.md`,
		"creating CloudWatch Logs Log Group: ResourceAlreadyExistsException: it exists":                                      `see "AWS has it already" in docs/runbook.md`,
		"creating KMS Alias (alias/blog-dr): AlreadyExistsException: An alias with the name exists":                          `see "AWS has it already" in docs/runbook.md`,
		"creating Secrets Manager Secret: ResourceExistsException: it exists":                                                `see "AWS has it already" in docs/runbook.md`,
		"creating Lambda Function: ResourceConflictException: Function already exist: blog-dr-images":                        `see "AWS has it already" in docs/runbook.md`,
		"updating Lambda Function: ResourceConflictException: An update is in progress":                                      "",
		"deleting EC2 Subnet (subnet-1): DependencyViolation: The subnet 'subnet-1' has dependencies and cannot be deleted.": `see "Something else stands in the network" in docs/runbook.md`,
		"creating Route 53 Record: InvalidChangeBatch: it already exists":                                                    "delete that record, or set dns.takeOver to have it overwritten",
		"creating Lambda Function: AccessDenied: the alarm that already exists may not be changed":                           "",
		"no resource plugin 'pulumi-resource-aws' found in the workspace at version v6.82.0 or on your $PATH":                "pulumi plugin install resource aws 6.82.0",
		"no resource plugin 'pulumi-resource-other' found in the workspace at version v1.0.0 from http://a.test":             "restore an earlier one: pilotlight state list STACK",
	} {
		said := engineError(errors.New("exit status 1"), []string{text}).Error()
		assert.Equal(t, remedy != "", said != text, said)
		assert.True(t, strings.HasSuffix(said, remedy), said)
	}
}

// TestListen holds that no event is lost to a caller that takes its time, and that an engine which never spoke is not waited for.
func TestListen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		heard := 0
		stream, complaints := listen(Run{Event: func(events.EngineEvent) {
			time.Sleep(3 * eventTimeout)
			heard++
		}})
		for _, text := range []string{"first", "second", "last"} {
			stream <- events.EngineEvent{EngineEvent: apitype.EngineEvent{DiagnosticEvent: &apitype.DiagnosticEvent{Severity: "error", Message: text}}}
		}
		close(stream)
		assert.Equal(t, []string{"first", "second", "last"}, complaints())
		assert.Equal(t, 3, heard)
	})
	synctest.Test(t, func(t *testing.T) {
		stream, complaints := listen(Run{})
		began := time.Now()
		assert.Empty(t, complaints())
		assert.Equal(t, eventTimeout, time.Since(began))
		close(stream)
	})
}
