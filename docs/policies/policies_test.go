package policies_test

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/test/iam"
)

// values are what the placeholders may stand for in one partition.
var values = map[string]*strings.Replacer{
	"aws": strings.NewReplacer("PARTITION", "aws", "AUDIENCE", "sts.amazonaws.com", "ACCOUNT", "123456789012", "REPOSITORY", "octocat/site", "ENVIRONMENT", "readiness",
		"BUCKET", "pilotlight-twentyletters-of-a-site-123456789012-us-west-1", "KEY", "arn:aws:kms:us-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef",
		"SITE", "twentyletters-of-a-s", "ZONE", "Z00000000000000000000"),
	"aws-cn": strings.NewReplacer("PARTITION", "aws-cn", "AUDIENCE", "sts.amazonaws.com.cn", "ACCOUNT", "123456789012", "REPOSITORY", "octocat/site", "ENVIRONMENT", "readiness",
		"BUCKET", "site-state", "KEY", "arn:aws-cn:kms:cn-north-1:123456789012:key/1", "SITE", "blog", "ZONE", "Z00000000000000000000"),
}

var (
	arn         = regexp.MustCompile(`arn:[^:]*:`)
	placeholder = regexp.MustCompile(`\b[A-Z]{3,}\b`)
	action      = regexp.MustCompile(`^[a-z0-9]+:[A-Za-z]+$`)
	spaces      = regexp.MustCompile(`\s`)
)

// managed is how long a policy may be that is attached to several roles and users; IAM counts no
// white space (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
const managed = 6144

func TestPolicies(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.NotRegexp(t, `arn:aws`, string(text), "%s is for one partition only", file)
		for partition, fill := range values {
			t.Run(file+" in "+partition, func(t *testing.T) {
				t.Parallel()
				filled := fill.Replace(string(text))
				assert.Empty(t, placeholder.FindAllString(filled, -1), "nothing says what these stand for")
				assert.Less(t, len(spaces.ReplaceAllString(filled, "")), managed)
				for _, found := range arn.FindAllString(filled, -1) {
					assert.Equal(t, "arn:"+partition+":", found)
				}
				var p iam.Policy
				require.NoError(t, json.Unmarshal([]byte(filled), &p))
				assert.Equal(t, "2012-10-17", p.Version)
				require.NotEmpty(t, p.Statement)
				sids := map[string]bool{}
				for _, s := range p.Statement {
					assert.False(t, sids[s.Sid], "%s is there twice", s.Sid)
					sids[s.Sid] = true
					assert.Equal(t, "Allow", s.Effect, s.Sid)
					require.NotEmpty(t, s.Action, s.Sid)
					for _, a := range s.Action {
						assert.Regexp(t, action, a, s.Sid)
					}
					trusts := s.Principal.Federated != ""
					assert.NotEqual(t, trusts, len(s.Resource) > 0, "%s is about a principal or about resources", s.Sid)
					if slices.Contains(s.Resource, "*") {
						assert.Contains(t, anyResource, s.Sid, "say why it can't be narrowed")
					}
				}
			})
		}
	}
}

// anyResource are the statements about all resources, and why: by the column of resource types in
// AWS's Service Authorization Reference.
var anyResource = map[string]string{
	"Look":                 "operations that describe or list know no resources, or list all that there are",
	"LookAtNetworks":       "EC2's operations that describe know no resources",
	"CheckLagAndInstances": "metrics, images and instance types are looked up by operations that know no resources",
	"AskPrices":            "prices are of AWS, and operations that read them know no resources",
	"CheckParts":           "operations that describe or list know no resources",
	"RequestCertificates":  "what is requested has no name yet: the condition narrows it to the site's tag",
	"PublishReadiness":     "metrics have no ARN; a condition names the namespace",
	"CheckQuotas":          "quotas and offers are of the account, and all of what quotas count is counted",
	"MakeKeys":             "what is made has no name yet, and lists know no resources",
	"MakeNetworks":         "what is made has no name yet, and no tag",
	"MakeGateways":         "what is made has no name yet, and no tag",
	"TagWhatIsMade":        "what is made has no name yet: the condition narrows it to the site's tag",
	"NetworksOfTheSite":    "ids say nothing: the condition narrows it to the site's tag",
	"EndSubscriptions":     "SNS knows no resource in calls about a subscription",
	"FindImages":           "operations that describe know no resources",
	"PublishImageAge":      "metrics have no ARN; a condition names the namespace",
	"LaunchFromTemplates":  "instances have no name yet: the condition wants a launch template",
}

// TestTrust holds that one environment of the repository is trusted, and nothing
// else: jobs of any pull request have pull_request as their subject, and may be anything.
func TestTrust(t *testing.T) {
	t.Parallel()
	p, err := iam.Read("trust-github.json", values["aws"])
	require.NoError(t, err)
	for _, s := range p.Statement {
		require.Len(t, s.Condition, 1)
		equals := s.Condition["StringEquals"] // and not StringLike: a pattern would let others in
		assert.Equal(t, iam.List{"sts.amazonaws.com"}, equals["token.actions.githubusercontent.com:aud"])
		assert.Equal(t, iam.List{"repo:octocat/site:environment:readiness"}, equals["token.actions.githubusercontent.com:sub"])
	}
}

// TestPlaceholdersAreExplained holds that the page fills in every placeholder, and names every policy.
func TestPlaceholdersAreExplained(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("README.md")
	require.NoError(t, err)
	files, err := filepath.Glob("*.json")
	require.NoError(t, err)
	for _, file := range files {
		assert.Contains(t, string(page), strings.TrimSuffix(file, ".json"))
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, name := range placeholder.FindAllString(string(text), -1) {
			assert.Contains(t, string(page), "s|"+name+"|", file)
		}
	}
}

// engine are the operations by which Pulumi itself keeps a state in a bucket, with its secrets
// under a key. TestPolicies of package test sees them called.
var engine = []string{"s3:ListObjectsV2", "s3:GetObject", "s3:HeadObject", "s3:PutObject", "s3:CopyObject", "s3:DeleteObject", "kms:Decrypt", "kms:Encrypt"}

// beside are actions that depend on an argument, and so on no operation's name alone.
var beside = map[string]string{
	"s3:GetObjectVersion":        "versions of states and of media are read to restore them",
	"s3:GetObjectTagging":        "a copy takes the tags of a file along",
	"s3:GetObjectVersionTagging": "so does one of a version",
	"s3:PutObjectTagging":        "a copy has the tags of the file",
}

// TestDeployments holds deploy.json, deploy-foundation.json and deploy-watch.json, which belong together, and
// deploy-images.json, which may be added and repeats some of them, to all that the code calls, Pulumi keeps the state by, and the provider calls for each type of resource.
func TestDeployments(t *testing.T) {
	t.Parallel()
	want := maps.Clone(beside)
	add := func(operation, because string) {
		for _, a := range sim.Actions(operation) {
			want[a] = because
		}
	}
	for _, operation := range engine {
		add(operation, "Pulumi's state")
	}
	for _, c := range sim.Calls() {
		for _, call := range c.Calls {
			add(call, strings.Join(c.Operations, ", ")+" of "+c.Type)
		}
	}
	called := 0
	for _, room := range []string{"backend", "cmd", "components", "config", "failover", "images", "media", "ops", "pricelist", "setup", "stacks"} {
		require.NoError(t, filepath.WalkDir(filepath.Join("..", "..", room), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			operations, err := iam.Operations(path)
			for _, operation := range operations {
				add(operation, operation+" in "+path)
				called++
			}
			return err
		}))
	}
	require.Greater(t, called, 40, "the code calls AWS by the SDK")
	const added = "deploy-images.json"
	have := map[string]string{}
	for _, file := range []string{"deploy.json", "deploy-foundation.json", "deploy-watch.json", added} {
		p, err := iam.Read(file, values["aws"])
		require.NoError(t, err)
		for _, a := range p.Actions() {
			if file != added {
				assert.Empty(t, have[a], "%s is in %s already", a, have[a])
			}
			have[a] = file
			assert.Contains(t, want, a, "%s allows an action that nothing asks for", file)
		}
	}
	for _, a := range slices.Sorted(maps.Keys(want)) {
		assert.Contains(t, have, a, "a deployment may not do this, for %s", want[a])
	}
}
