package scripts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// workflow is a file of GitHub's jobs, as far as the tests ask.
type workflow struct {
	On   yaml.Node      `yaml:"on"`
	Jobs map[string]job `yaml:"jobs"`
}

type job struct {
	Needs       yaml.Node         `yaml:"needs"`
	If          string            `yaml:"if"`
	Uses        string            `yaml:"uses"`
	Environment string            `yaml:"environment"`
	Permissions map[string]string `yaml:"permissions"`
	Steps       []step            `yaml:"steps"`
	text        string
}

type step struct {
	Uses string            `yaml:"uses"`
	Run  string            `yaml:"run"`
	With map[string]string `yaml:"with"`
	GoOn bool              `yaml:"continue-on-error"`
}

// trusted reports whether the job may do more than read.
func (j job) trusted() bool {
	return strings.Contains(j.text, "secrets.") || j.Permissions["id-token"] == "write" || j.Permissions["contents"] == "write"
}

// workflows are all of this repository, by name.
func workflows(t *testing.T) map[string]workflow {
	t.Helper()
	files, err := filepath.Glob("../.github/workflows/*.yml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	all := map[string]workflow{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Contains(t, string(text), "\npermissions: {}\n", "%s: each job says what it may do", file)
		var w workflow
		require.NoError(t, yaml.Unmarshal(text, &w), file)
		var raw struct{ Jobs map[string]yaml.Node }
		require.NoError(t, yaml.Unmarshal(text, &raw), file)
		for name, node := range raw.Jobs {
			source, err := yaml.Marshal(&node)
			require.NoError(t, err)
			j := w.Jobs[name]
			j.text = string(source)
			w.Jobs[name] = j
		}
		all[strings.TrimSuffix(filepath.Base(file), ".yml")] = w
	}
	return all
}

// TestActionsArePinned holds that what a job runs of others is one commit, with its
// version beside it: who can move a tag could else run code with this repository's
// rights. Dependabot keeps both current.
func TestActionsArePinned(t *testing.T) {
	t.Parallel()
	var files []string
	for _, pattern := range []string{"../.github/workflows/*.yml", "../.github/actions/*/action.yml"} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.NotEmpty(t, found)
		files = append(files, found...)
	}
	uses := regexp.MustCompile(`(?m)^\s*(?:- )?uses:\s*(.*)$`)
	pinned := regexp.MustCompile(`^([\w.-]+/[\w./-]+)@([0-9a-f]{40}) # v\d+\.\d+\.\d+( .*)?$`)
	commits := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, match := range uses.FindAllStringSubmatch(string(text), -1) {
			if strings.HasPrefix(match[1], "./") {
				continue
			}
			part := pinned.FindStringSubmatch(match[1])
			if !assert.NotNil(t, part, "%s: %q is not pinned to a commit with its version in a comment", file, match[1]) {
				continue
			}
			if first, ok := commits[part[1]]; ok {
				assert.Equal(t, first, part[2], "%s: one version of %s", file, part[1])
			}
			commits[part[1]] = part[2]
		}
	}
	dependabot, err := os.ReadFile("../.github/dependabot.yml")
	require.NoError(t, err)
	assert.Contains(t, string(dependabot), "package-ecosystem: github-actions")
}

// TestTokensAreOutOfReach holds that a job that may sign in, read a secret or write
// to the repository runs nothing that a pull request controls.
func TestTokensAreOutOfReach(t *testing.T) {
	t.Parallel()
	theirs := regexp.MustCompile(`head|merge|pull/|github\.ref\b|inputs\.`)
	for name, w := range workflows(t) {
		for id, j := range w.Jobs {
			if !j.trusted() {
				continue
			}
			assert.NotEmpty(t, j.Environment, "%s, %s: an environment says who lets it run", name, id)
			assert.False(t, triggered(w, "pull_request"), "%s, %s: a pull request may rewrite the workflow that it triggers", name, id)
			for _, s := range j.Steps {
				assert.NotRegexp(t, theirs, s.With["ref"], "%s, %s checks out what a pull request controls", name, id)
				assert.NotRegexp(t, theirs, s.With["repository"], "%s, %s checks out what a pull request controls", name, id)
			}
		}
	}
}

// TestJobsOfForeignEvents holds what a workflow may do that runs with the rights of
// the default branch when somebody opens a pull request.
func TestJobsOfForeignEvents(t *testing.T) {
	t.Parallel()
	for name, w := range workflows(t) {
		assert.False(t, triggered(w, "workflow_run"), name)
		if !triggered(w, "pull_request_target") {
			continue
		}
		for id, j := range w.Jobs {
			foreign := slices.ContainsFunc(j.Steps, func(s step) bool { return s.With["ref"] != "" })
			if !foreign {
				continue
			}
			for right, level := range j.Permissions {
				assert.Equal(t, "read", level, "%s, %s has files of a pull request and may write %s", name, id, right)
			}
			assert.NotContains(t, j.text, "./.github/actions", "%s, %s could run an action of a pull request", name, id)
			assert.NotContains(t, j.text, "actions/cache", "%s, %s could leave something in the default branch's cache", name, id)
			for _, s := range j.Steps {
				if s.With["ref"] != "" {
					assert.Equal(t, "proposed", s.With["path"], "%s, %s: beside the scripts, not over them", name, id)
					assert.Equal(t, "false", s.With["persist-credentials"], "%s, %s", name, id)
				}
				assert.NotRegexp(t, `(^|\n)\s*(\./|bash |sh |source )?proposed/\S+\s`, s.Run, "%s, %s runs a file of a pull request", name, id)
			}
		}
	}
}

// TestOnlyFilesOfAPullRequestAreUploaded holds that what is uploaded of a pull request is its own: an upload follows
// links, such as one to /proc/self/environ, and takes all that is in a folder.
func TestOnlyFilesOfAPullRequestAreUploaded(t *testing.T) {
	t.Parallel()
	trees := map[string]struct {
		put  string // a script of its own
		says string // "" is good
	}{
		"files":             {"touch Pulumi.dr.yaml Pulumi.prod.yaml", ""},
		"other files":       {"touch Pulumi.dr.yaml && ln -s /etc/passwd Pulumi.yaml", ""},
		"a link":            {"touch Pulumi.dr.yaml && ln -s /proc/self/environ Pulumi.x.yaml", "proposed/Pulumi.x.yaml is no file"},
		"a link inside":     {"touch Pulumi.dr.yaml && ln -s Pulumi.dr.yaml Pulumi.x.yaml", "proposed/Pulumi.x.yaml is no file"},
		"a link to nothing": {"touch Pulumi.dr.yaml && ln -s none Pulumi.x.yaml", "proposed/Pulumi.x.yaml is no file"},
		"a folder":          {"mkdir Pulumi.dr.yaml && ln -s /etc/passwd Pulumi.dr.yaml/x", "proposed/Pulumi.dr.yaml is no file"},
		"a strange name":    {`ln -s /etc/passwd $'Pulumi.x\n::warning::.yaml'`, `$'proposed/Pulumi.x\n::warning::.yaml' is no file`},
		"a pipe":            {"mkfifo Pulumi.dr.yaml", "proposed/Pulumi.dr.yaml is no file"},
		"nothing":           {":", "proposed/Pulumi.\\*.yaml is no file"},
		"a linked folder":   {"touch Pulumi.dr.yaml && cd .. && mv proposed elsewhere && ln -s elsewhere proposed", "proposed is no folder"},
	}
	tried := 0
	for name, w := range workflows(t) {
		for id, j := range w.Jobs {
			at := slices.IndexFunc(j.Steps, func(s step) bool {
				return strings.Contains(s.Uses, "upload-artifact@") && strings.Contains(s.With["path"], "proposed")
			})
			if at < 0 {
				continue
			}
			assert.Equal(t, "proposed/Pulumi.*.yaml", j.Steps[at].With["path"], "%s, %s", name, id)
			tried++
			for tree, tc := range trees {
				dir := t.TempDir()
				bash := func(script string) (string, error) {
					cmd := exec.CommandContext(t.Context(), "bash", "-e", "-o", "pipefail", "-c", script)
					cmd.Dir = dir
					said, err := cmd.CombinedOutput()
					return string(said), err
				}
				said, err := bash("mkdir proposed && cd proposed && " + tc.put)
				require.NoError(t, err, said)
				said, err = bash(j.Steps[at-1].Run)
				assert.Equal(t, tc.says == "", err == nil, "%s: %s", tree, said)
				assert.Contains(t, said, tc.says, tree)
			}
		}
	}
	assert.Equal(t, 1, tried)
}

// TestAFailedCheckIsTold holds that the issue is kept up to date also where a job before it failed: GitHub leaves out a job whose needs
// failed, unless its condition names a status function.
func TestAFailedCheckIsTold(t *testing.T) {
	t.Parallel()
	j := workflows(t)["readiness"].Jobs["issue"]
	assert.Equal(t, "${{ !cancelled() && needs.protected.result != 'skipped' }}", j.If)
	assert.Equal(t, []string{"protected", "check"}, listed(j.Needs))
	for _, s := range j.Steps {
		assert.Equal(t, strings.HasPrefix(s.Uses, "actions/download-artifact@"), s.GoOn, "what was never uploaded fails no job: %s", s.Uses)
	}
}

// TestNothingIsPastedIntoScripts holds that no text that others write becomes part
// of a script: a title of a pull request could be a command.
func TestNothingIsPastedIntoScripts(t *testing.T) {
	t.Parallel()
	for name, w := range workflows(t) {
		for id, j := range w.Jobs {
			for _, s := range j.Steps {
				assert.NotContains(t, s.Run, "${{", "%s, %s: give it to the script by env", name, id)
			}
		}
	}
	action, err := os.ReadFile("../.github/actions/pilotlight/action.yml")
	require.NoError(t, err)
	var composite struct{ Runs struct{ Steps []step } }
	require.NoError(t, yaml.Unmarshal(action, &composite))
	for _, s := range composite.Runs.Steps {
		assert.NotContains(t, s.Run, "${{")
	}
	last := composite.Runs.Steps[len(composite.Runs.Steps)-1]
	assert.Contains(t, last.Uses, "configure-aws-credentials", "nothing before it has the credentials")
}

// TestReleaseIsTested holds that a tag is checked as a push is, and that what is
// published says where it comes from: by its commit, since the workflow is that of the tag.
func TestReleaseIsTested(t *testing.T) {
	t.Parallel()
	all := workflows(t)
	assert.True(t, triggered(all["ci"], "workflow_call"))
	release := all["release"].Jobs
	assert.Equal(t, "./.github/workflows/ci.yml", release["test"].Uses)
	publish := release["publish"]
	for _, needed := range []string{"tag", "test", "build"} {
		assert.Contains(t, listed(publish.Needs), needed)
	}
	assert.Empty(t, publish.If, "it runs only if all of them did well")
	assert.Contains(t, publish.text, "actions/attest@")
	assert.Contains(t, publish.text, "SHA256SUMS")
	for page, commands := range map[string][]string{
		"README.md": {
			"gh attestation verify ", "--signer-workflow pilotlight-dr/pilotlight/.github/workflows/release.yml", "sha256sum --check --ignore-missing SHA256SUMS",
			"--source-ref refs/tags/$tag --source-digest $commit", "compare/main...$commit", // the workflow is the tag's own
		},
		"docs/pull-requests.md": {`"target": "tag"`, `"include": ["refs/tags/v*"]`, `"rules": [{"type": "creation"}, {"type": "update"}, {"type": "deletion"}]`, "-f 'name=v*' -f type=tag"},
	} {
		text, err := os.ReadFile(filepath.Join("..", page))
		require.NoError(t, err)
		for _, command := range commands {
			assert.True(t, strings.Contains(string(text), command), "%s does not give %q", page, command) //nolint:testifylint // the page is long
		}
	}
}

func triggered(w workflow, event string) bool { return slices.Contains(listed(w.On), event) }

// listed are the words of a scalar or a list, or the keys of a map.
func listed(n yaml.Node) (words []string) {
	switch n.Kind {
	case yaml.ScalarNode:
		words = append(words, n.Value)
	case yaml.SequenceNode:
		for _, item := range n.Content {
			words = append(words, item.Value)
		}
	case yaml.MappingNode:
		for i := 0; i < len(n.Content); i += 2 {
			words = append(words, n.Content[i].Value)
		}
	}
	return words
}
