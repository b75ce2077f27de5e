package sim_test

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
)

// TestCallsAreListed holds that the list of calls has each type that the program makes, and no
// call twice: a policy that is made of it would lack what is not there.
func TestCallsAreListed(t *testing.T) {
	t.Parallel()
	listed := map[string]bool{}
	for _, c := range sim.Calls() {
		assert.True(t, sim.Models(c.Type), c.Type)
		assert.Regexp(t, `^[a-z0-9]+/[a-z0-9_]+\.go$`, c.Source, c.Type)
		for _, operation := range c.Operations {
			listed[c.Type+" "+operation] = true
			for _, call := range c.Calls {
				assert.Regexp(t, `^[a-z0-9]+:[A-Z][A-Za-z0-9]+$`, call, c.Type)
				key := strings.Join([]string{c.Type, operation, call, c.When}, " ")
				assert.False(t, listed[key], "%s is there twice", key)
				listed[key] = true
			}
		}
	}
	for _, typ := range sim.Types() {
		for _, operation := range []string{"create", "read"} {
			if typ != "aws:iam/rolePolicyAttachment:RolePolicyAttachment" { // known to the simulator, made by no program
				assert.True(t, listed[typ+" "+operation], "%s %s", typ, operation)
			}
		}
	}
}

// TestActions holds what IAM is asked where that is not the operation's own name.
func TestActions(t *testing.T) {
	t.Parallel()
	for operation, want := range map[string][]string{
		"ec2:DescribeVpcs":                 {"ec2:DescribeVpcs"},
		"ec2:CreateVpc":                    {"ec2:CreateVpc", "ec2:CreateTags"},
		"s3:HeadBucket":                    {"s3:ListBucket"},
		"s3:GetObject":                     {"s3:GetObject", "kms:Decrypt"},
		"s3:PutBucketReplication":          {"s3:PutReplicationConfiguration", "iam:PassRole"},
		"sts:GetCallerIdentity":            nil,
		"iam:AddRoleToInstanceProfile":     {"iam:AddRoleToInstanceProfile", "iam:PassRole"},
		"elasticloadbalancing:SetSubnets":  {"elasticloadbalancing:SetSubnets"},
		"elasticloadbalancing:RemoveTags":  {"elasticloadbalancing:RemoveTags"},
		"s3:DeletePublicAccessBlock":       {"s3:PutBucketPublicAccessBlock"},
		"s3:GetBucketReplication":          {"s3:GetReplicationConfiguration"},
		"elasticloadbalancing:AddTags":     {"elasticloadbalancing:AddTags"},
		"rds:CreateDBInstanceReadReplica":  {"rds:CreateDBInstanceReadReplica", "rds:AddTagsToResource", "iam:CreateServiceLinkedRole", "kms:CreateGrant", "kms:DescribeKey"},
		"autoscaling:StartInstanceRefresh": {"autoscaling:StartInstanceRefresh", "ec2:RunInstances", "ec2:CreateTags", "iam:PassRole", "ssm:GetParameters"},
	} {
		assert.ElementsMatch(t, want, sim.Actions(operation), operation)
	}
}

// TestCallsDocument holds docs/provider-calls.md to the list.
func TestCallsDocument(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	fmt.Fprintf(&text, `# What the AWS provider calls

An update needs rights for all that the provider asks of AWS meanwhile. This is the list of those calls, for every
type that the program makes and with the arguments that it gives. A create and an update end in a read. Tests hold the policies in
[docs/policies](policies/README.md) to it. It is written by a test (%s).

The calls of balancers, listeners, databases, groups, roles, parameters and secrets were looked up in terraform-provider-aws (releases from
5.43 to 6.0, the files named below internal/service; pulumi-aws 6.83 is made of 5.100); the others are what we know of it. None of it was
tried on a real account. The last column has what IAM asks for: some actions are named otherwise than the call, and some are checked beside it (tags
of what is created, roles that are handed to a service, keys).

| type | operation | calls | when | source | actions in IAM, where they differ |
|---|---|---|---|---|---|
`, "`go test ./sim -run Document -update`")
	short := func(names []string) string {
		return "`" + strings.Join(names, "` `") + "`"
	}
	for _, c := range sim.Calls() {
		var asked []string
		for _, call := range c.Calls {
			for _, action := range sim.Actions(call) {
				if !slices.Contains(c.Calls, action) && !slices.Contains(asked, action) {
					asked = append(asked, action)
				}
			}
		}
		differ := "-"
		if len(asked) > 0 {
			differ = short(asked)
		}
		fmt.Fprintf(&text, "| `%s` | %s | %s | %s | %s | %s |\n", c.Type, strings.Join(c.Operations, ", "), short(c.Calls), cmp.Or(c.When, "always"), c.Source, differ)
	}
	const file = "../docs/provider-calls.md"
	if *update {
		require.NoError(t, os.WriteFile(file, text.Bytes(), 0o644)) //nolint:gosec // a document
	}
	have, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, text.String(), string(have), "go test ./sim -run Document -update writes it anew")
}
