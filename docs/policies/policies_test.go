package policies_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// list is a string or a list of them, as IAM takes it.
type list []string

func (l *list) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*l = list{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(l))
}

type policy struct {
	Version   string
	Statement []struct {
		Sid       string
		Effect    string
		Principal struct{ Federated string }
		Action    list
		Resource  list
		Condition map[string]map[string]list
	}
}

// values are what the placeholders may stand for in one partition.
var values = map[string]*strings.Replacer{
	"aws": strings.NewReplacer("PARTITION", "aws", "AUDIENCE", "sts.amazonaws.com", "ACCOUNT", "123456789012", "REPOSITORY", "octocat/site",
		"BUCKET", "site-state", "KEY", "arn:aws:kms:us-west-1:123456789012:key/1", "SITE", "blog"),
	"aws-cn": strings.NewReplacer("PARTITION", "aws-cn", "AUDIENCE", "sts.amazonaws.com.cn", "ACCOUNT", "123456789012", "REPOSITORY", "octocat/site",
		"BUCKET", "site-state", "KEY", "arn:aws-cn:kms:cn-north-1:123456789012:key/1", "SITE", "blog"),
}

var (
	arn         = regexp.MustCompile(`arn:[^:]*:`)
	placeholder = regexp.MustCompile(`\b[A-Z]{3,}\b`)
	action      = regexp.MustCompile(`^[a-z0-9]+:[A-Za-z]+$`)
)

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
				for _, found := range arn.FindAllString(filled, -1) {
					assert.Equal(t, "arn:"+partition+":", found)
				}
				var p policy
				require.NoError(t, json.Unmarshal([]byte(filled), &p))
				assert.Equal(t, "2012-10-17", p.Version)
				require.NotEmpty(t, p.Statement)
				for _, s := range p.Statement {
					assert.Equal(t, "Allow", s.Effect, s.Sid)
					require.NotEmpty(t, s.Action, s.Sid)
					for _, a := range s.Action {
						assert.Regexp(t, action, a, s.Sid)
					}
					trusts := s.Principal.Federated != ""
					assert.NotEqual(t, trusts, len(s.Resource) > 0, "%s is about a principal or about resources", s.Sid)
				}
			})
		}
	}
}

// TestTrust holds that the repository's two environments are trusted, and nothing
// else: jobs of any pull request have pull_request as their subject, and may be anything.
func TestTrust(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("trust-github.json")
	require.NoError(t, err)
	var p policy
	require.NoError(t, json.Unmarshal([]byte(values["aws"].Replace(string(text))), &p))
	for _, s := range p.Statement {
		require.Len(t, s.Condition, 1)
		equals := s.Condition["StringEquals"] // and not StringLike: a pattern would let others in
		assert.Equal(t, list{"sts.amazonaws.com"}, equals["token.actions.githubusercontent.com:aud"])
		assert.Equal(t, list{"repo:octocat/site:environment:preview", "repo:octocat/site:environment:readiness"}, equals["token.actions.githubusercontent.com:sub"])
	}
}

// TestPlaceholdersAreExplained holds that the guide fills in every placeholder.
func TestPlaceholdersAreExplained(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../pull-requests.md")
	require.NoError(t, err)
	files, err := filepath.Glob("*.json")
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, name := range placeholder.FindAllString(string(text), -1) {
			assert.Contains(t, string(guide), "s|"+name+"|", file)
		}
	}
}
