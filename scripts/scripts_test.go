package scripts_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/itchyny/gojq/cli"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/ops/engine"
)

// TestMain lets this program be the jq of a machine that has none.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "jq" {
		os.Exit(cli.Run())
	}
	os.Exit(m.Run())
}

// stage is a PATH on which commands are played.
type stage struct {
	t        *testing.T
	dir      string
	env      []string
	input    string
	dirOfRun string // where scripts are run; empty is here
}

func newStage(t *testing.T) *stage {
	t.Helper()
	dir := t.TempDir()
	if _, err := exec.LookPath("jq"); err != nil {
		self, err := os.Executable()
		require.NoError(t, err)
		require.NoError(t, os.Symlink(self, filepath.Join(dir, "jq")))
	}
	return &stage{t: t, dir: dir, env: append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "STAGE="+dir, "GITHUB_REPOSITORY=octocat/site")}
}

// play puts a command on the stage, which writes down how it was called.
func (s *stage) play(name, script string) {
	s.t.Helper()
	// A process that is forked while the file is open for writing would keep it busy.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	text := "#!/bin/bash\necho \"" + name + " $*\" >>\"$STAGE/calls\"\n" + script
	require.NoError(s.t, os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o700))
}

// file writes a file.
func (s *stage) file(text string) (path string) {
	s.t.Helper()
	path = filepath.Join(s.dir, "file.md")
	require.NoError(s.t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// run runs a script of this folder.
func (s *stage) run(script string, args ...string) (out, log string, status int) {
	s.t.Helper()
	path, err := filepath.Abs(script)
	require.NoError(s.t, err)
	cmd := exec.CommandContext(s.t.Context(), path, args...)
	var stdout, stderr bytes.Buffer
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.Dir = s.env, strings.NewReader(s.input), &stdout, &stderr, s.dirOfRun
	err = cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return stdout.String(), stderr.String(), exit.ExitCode()
	}
	require.NoError(s.t, err)
	return stdout.String(), stderr.String(), 0
}

// calls are the commands that were called since the last time.
func (s *stage) calls() []string {
	s.t.Helper()
	path := filepath.Join(s.dir, "calls")
	text, err := os.ReadFile(path)
	require.NoError(s.t, err)
	require.NoError(s.t, os.Remove(path))
	return strings.Split(strings.TrimSpace(strings.ReplaceAll(string(text), s.dir, "STAGE")), "\n")
}

// TestPublic holds what everybody may read.
func TestPublic(t *testing.T) {
	t.Parallel()
	const at = "@\u200b"
	for text, want := range map[string]string{
		"by @octocat and @octo-org/team, a@example.com":                                           "by " + at + "octocat and " + at + "octo-org/team, a" + at + "example.com",
		"User: arn:aws:sts::123456789012:assumed-role/preview/x is not authorized to kms:Decrypt": "User: arn:… is not authorized to kms:Decrypt",
		`on "arn:aws-cn:s3:::site-media/*"`:                                                       `on "arn:…"`,
		"as account 123456789012, not 210987654321":                                               "as account (account), not (account)",
		"123456789012 123456789012":                                                               "(account) (account)",
		"at 1234567890123":                                                                        "at 1234567890123",
		"in s3://site-state?region=us-west-1, and more":                                           "in s3://…, and more",
		"awskms://alias/state?region=us-west-1":                                                   "awskms://…",
		"blog-dr-1.abc.us-east-2.rds.amazonaws.com: no":                                           "….amazonaws.com: no",
		"https://s3.cn-north-1.amazonaws.com.cn/x":                                                "https://….amazonaws.com.cn/x",
		"AKIAIOSFODNN7EXAMPLE ASIAIOSFODNN7EXAMPLE":                                               "AKIA… ASIA…",
		"| create | `aws:s3/bucket:Bucket` |":                                                     "| create | `aws:s3/bucket:Bucket` |",
		"at 12:00 @ night":                                                                        "at 12:00 @ night",
	} {
		s := newStage(t)
		s.input = text + "\n"
		out, _, status := s.run("public")
		assert.Zero(t, status)
		assert.Equal(t, want+"\n", out)
		s.input = out
		again, _, _ := s.run("public")
		assert.Equal(t, out, again, "it may be done twice")
	}
}

// TestProtected holds that nothing is signed in for from an environment that a pull
// request could enter.
func TestProtected(t *testing.T) {
	t.Parallel()
	const named = `{"deployment_branch_policy": {"protected_branches": false, "custom_branch_policies": true}, "protection_rules": [`
	const reviewed = `[{"type": "deletion"}, {"type": "pull_request", "parameters": {"required_approving_review_count": 1}}]`
	const reviewers = `{"type": "required_reviewers"}, {"type": "branch_policy"}]}`
	for name, tc := range map[string]struct {
		environment, branches string
		status                int
		says                  string
		rules                 string // of the default branch; none can be read of an empty one
	}{
		"one branch, with reviewers":    {named + reviewers, "branch main", 0, "", reviewed},
		"a branch to push to":           {named + reviewers, "branch main", 1, "All who may push can change branch main", `[{"type": "deletion"}]`},
		"a branch of a classic rule":    {named + reviewers, "branch main", 1, "no ruleset asks for a pull request: set it up as docs/pull-requests.md says.", "[]"},
		"rules that can't be read":      {named + reviewers, "branch main", 1, "All who may push can change branch main", ""},
		"pull requests without reviews": {named + reviewers, "branch main", 0, "No pull request needs an approval", strings.ReplaceAll(reviewed, "1", "0")},
		"rules of two rulesets":         {named + reviewers, "branch main", 0, "", strings.Replace(reviewed, "]", `, {"type": "pull_request", "parameters": {"required_approving_review_count": 0}}]`, 1)},
		"one branch, without reviewers": {named + `{"type": "branch_policy"}]}`, "branch main", 0, "It has no reviewers", reviewed},
		"a branch for everybody":        {named + `]}`, "branch main\nbranch *", 1, "Jobs of more than the default branch may enter it", reviewed},
		"another branch":                {named + `]}`, "branch other", 1, "Jobs of more than the default branch", reviewed},
		"a tag of that name":            {named + `]}`, "tag main", 1, "Jobs of more than the default branch", reviewed},
		"whatever is protected":         {`{"deployment_branch_policy": {"protected_branches": true, "custom_branch_policies": false}}`, "", 1, "does not name the one branch", reviewed},
		"made by the first job":         {`{"deployment_branch_policy": null, "protection_rules": []}`, "", 1, "does not name the one branch", reviewed},
		"none":                          {"", "", 1, "It can't be read: set it up as docs/pull-requests.md says.", reviewed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.play("gh", `case $2 in
	*/deployment-branch-policies) printf '`+tc.branches+`\n' ;;
	*/environments/preview) [[ -n '`+tc.environment+`' ]] && echo '`+tc.environment+`' ;;
	*/rules/branches/main) [[ -n '`+tc.rules+`' ]] && jq --raw-output "$4" <<<'`+tc.rules+`' ;;
	*/branches/main) echo true ;; # what GitHub says of each classic protection
	repos/octocat/site) echo main ;;
	*) exit 1 ;;
esac`)
			out, log, status := s.run("protected", "preview")
			assert.Equal(t, tc.status, status, out+log)
			assert.Contains(t, out, tc.says)
			assert.Equal(t, tc.says == "", out == "")
		})
	}
}

// TestBuildIsReproducible builds the same twice, at other times and by other names.
func TestBuildIsReproducible(t *testing.T) {
	t.Parallel()
	var first []byte
	for i := range 2 {
		s := newStage(t)
		s.play("go", `if [[ "$1 $2 ${GOOS-none}" == "run ./cmd/imagesync/build none" ]]; then
	echo function >"$3"
	touch -d "-`+strconv.Itoa(i)+` hour" "$3"
	exit
fi
[[ $GOOS/$GOARCH/$CGO_ENABLED == linux/arm64/0 && $* == *"-buildvcs=true -trimpath"* ]] || exit 1
while [[ $1 != -o ]]; do shift; done
echo program >"$2"
touch -d "-`+strconv.Itoa(i)+` hour" "$2"`)
		s.dirOfRun = t.TempDir()
		out, log, status := s.run("build", "linux", "arm64")
		require.Zero(t, status, out+log)
		built, err := os.ReadFile(filepath.Join(s.dirOfRun, "pilotlight-linux-arm64.tar.gz"))
		require.NoError(t, err)
		if i == 0 {
			first = built
		}
		assert.True(t, bytes.Equal(first, built))
		listed, err := exec.Command("tar", "-tzf", filepath.Join(s.dirOfRun, "pilotlight-linux-arm64.tar.gz")).Output()
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(string(listed), "pilotlight\nprogram\nimagesync.zip\nCONTRIBUTING.md\nREADME.md\nREADME.zh-CN.md\ndocs/"), string(listed))
		for _, page := range []string{"docs/runbook.md", "docs/existing-production.md", "docs/configuration.md", "docs/policies/failover.json"} {
			assert.Contains(t, string(listed), "\n"+page+"\n")
		}
		assert.NotContains(t, string(listed), "_test.go")
	}
}

// TestReadiness holds too that nothing of what was seen is printed: a public
// repository's issues and logs are public.
func TestReadiness(t *testing.T) {
	t.Parallel()
	const secret = "account 123456789012, bucket blog-dr-media-1234567"
	for name, tc := range map[string]struct {
		script string
		status int
		want   []string
	}{
		"ready": {
			`echo '{"stack": "dr", "requirements": [{"subject": "engine", "ok": true, "reason": "` + secret + `"}]}'`,
			0, []string{"The standby is ready.", "| ok | engine |"},
		},
		"not ready": {
			`echo '{"stack": "dr", "requirements": [{"subject": "engine", "ok": true, "reason": "it is there"},
			{"subject": "image", "ok": false, "reason": "a|b\nc", "remedy": "` + secret + `"}, {"subject": "` + secret + `", "ok": false}]}'
			echo "not ready: ` + secret + `" >&2; exit 3`,
			3, []string{"**The standby is not ready.**", "| ok | engine |", "| **no** | image |", "| **no** | other |", "Run `pilotlight check` in the project"},
		},
		"not known": {
			`echo "pilotlight: ` + secret + `" >&2; exit 1`,
			1, []string{"It could not be found out: `pilotlight check` ended with status 1.", "Run `pilotlight check` in the project"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.play("pilotlight", tc.script)
			out, log, status := s.run("readiness")
			assert.Equal(t, tc.status, status)
			for _, want := range tc.want {
				assert.Contains(t, out, want)
			}
			assert.NotRegexp(t, `123456789012|blog-dr`, out+log)
			assert.Equal(t, []string{"pilotlight check --publish --json"}, s.calls())
		})
	}
}

func TestComment(t *testing.T) {
	t.Parallel()
	const (
		list  = "gh api --paginate repos/octocat/site/issues/7/comments?per_page=100"
		write = "gh api --silent --method POST repos/octocat/site/issues/7/comments --field body=@"
		again = "gh api --silent --method PATCH repos/octocat/site/issues/comments/12 --field body=@"
		ours  = `{"id": 12, "user": {"login": "github-actions[bot]"}, "body": "<!-- pilotlight preview -->\nolder"}`
	)
	for name, tc := range map[string]struct {
		comments string
		want     string
	}{
		"first":                  {"[]", write},
		"again":                  {`[{"id": 11, "user": {"login": "github-actions[bot]"}, "body": "hello"}, ` + ours + `]`, again},
		"on a later page":        {`[{"id": 11, "user": {"login": "github-actions[bot]"}, "body": "hello"}][` + ours + `]`, again},
		"a visitor's":            {`[{"id": 12, "user": {"login": "octocat"}, "body": "<!-- pilotlight preview -->\nmine"}]`, write},
		"another program's":      {`[{"id": 12, "user": {"login": "echo[bot]"}, "body": "<!-- pilotlight preview -->\nmine"}]`, write},
		"marker not at the head": {`[{"id": 12, "user": {"login": "github-actions[bot]"}, "body": "> <!-- pilotlight preview -->\nno"}]`, write},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.play("gh", `[[ $* != *--paginate* ]] || echo '`+tc.comments+`'
last=${!#}
[[ $last != body=@* ]] || cat "${last#body=@}" >"$STAGE/body"`)
			_, log, status := s.run("comment", "7", s.file("<!-- pilotlight preview -->\nnewer, @octocat\n"))
			require.Zero(t, status, log)
			calls := s.calls()
			require.Len(t, calls, 2)
			assert.Equal(t, list, calls[0])
			assert.True(t, strings.HasPrefix(calls[1], tc.want), calls[1])
			body, err := os.ReadFile(filepath.Join(s.dir, "body"))
			require.NoError(t, err)
			assert.Equal(t, "<!-- pilotlight preview -->\nnewer, @\u200boctocat\n", string(body), "nobody is called")
		})
	}
}

func TestCommentThatIsTooLong(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.play("gh", `[[ $* != *--paginate* ]] || echo '[]'
last=${!#}
[[ $last != body=@* ]] || cat "${last#body=@}" >"$STAGE/body"`)
	_, log, status := s.run("comment", "7", s.file("<!-- pilotlight preview -->\n"+strings.Repeat("much ", 20_000)))
	require.Zero(t, status, log)
	body, err := os.ReadFile(filepath.Join(s.dir, "body"))
	require.NoError(t, err)
	assert.Less(t, len(body), 65_536)
	assert.Contains(t, string(body), "… and more")
}

// TestCommentOfSomethingElse holds that the file does not choose which comment is
// written over.
func TestCommentOfSomethingElse(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "\n", "<!-- another bot -->\nnew\n", "<!-- pilotlight preview --> \n"} {
		s := newStage(t)
		s.play("gh", "exit 1")
		_, log, status := s.run("comment", "7", s.file(text))
		assert.Equal(t, 1, status)
		assert.Contains(t, log, "is no preview: its first line is not <!-- pilotlight preview -->")
		assert.NoFileExists(t, filepath.Join(s.dir, "calls"))
	}
}

func TestIssue(t *testing.T) {
	t.Parallel()
	const (
		list = "gh issue list --state open --label readiness --limit 1 --json number --jq .[].number"
		edit = "gh issue edit 5 --body-file STAGE/tmp."
	)
	for name, tc := range map[string]struct {
		status, open string
		missing      bool
		want         []string
	}{
		"ready":                     {"0", "", false, []string{list}},
		"no longer ready":           {"3", "", false, []string{list, "gh label create readiness --force", "gh issue create --title"}},
		"still not ready":           {"3", "5", false, []string{list, edit}},
		"not known":                 {"1", "", false, []string{list, "gh label create readiness --force", "gh issue create --title"}},
		"still not known":           {"1", "5", false, []string{list, edit}},
		"the check never ended":     {"", "", true, []string{list, "gh label create readiness --force", "gh issue create --title"}},
		"and said nothing":          {"0", "5", true, []string{list, edit}},
		"it ended without a status": {"", "5", false, []string{list, edit}},
		"ready once again":          {"0", "5", false, []string{list, edit, "gh issue close 5 --comment"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.play("gh", `[[ $* != *list* ]] || echo "`+tc.open+`"`)
			s.env = append(s.env, "TMPDIR="+s.dir)
			file := s.file("text")
			if tc.missing {
				file += ".none"
			}
			_, log, status := s.run("issue", tc.status, file)
			require.Zero(t, status, log)
			calls := s.calls()
			require.Len(t, calls, len(tc.want))
			for i, want := range tc.want {
				assert.True(t, strings.HasPrefix(calls[i], want), calls[i])
			}
		})
	}
}

// TestVersions holds that GitHub's jobs install the engine and the plugin that
// the program is built for.
func TestVersions(t *testing.T) {
	t.Parallel()
	module, err := os.ReadFile("../go.mod")
	require.NoError(t, err)
	plugin := regexp.MustCompile(`pulumi-aws/sdk/v6 v(\S+)`).FindSubmatch(module)
	require.NotNil(t, plugin)
	action, err := os.ReadFile("../.github/actions/pilotlight/action.yml")
	require.NoError(t, err)
	for _, want := range []string{
		"pulumi-version: " + engine.Version + "\n",
		"key: pulumi-aws-" + string(plugin[1]) + "-",
		"pulumi plugin install resource aws " + string(plugin[1]) + "\n",
	} {
		assert.Contains(t, string(action), want)
	}
}
