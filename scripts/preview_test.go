package scripts_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPreview(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.env = append(s.env, "PREVIEW_COMMIT=0123456789abcdef")
	s.play("pilotlight", `echo "### Plan of $*"`)
	out, _, status := s.run("preview")
	assert.Zero(t, status)
	assert.Equal(t, `<!-- pilotlight preview -->
## Preview of 0123456

What would happen if these stack files were run now. Nothing was changed.

### Plan of plan --cwd ROOT --markdown --stack dr

### Plan of plan --cwd ROOT --markdown --stack prod

### Plan of plan --cwd ROOT --markdown

### Plan of cost --cwd ROOT --markdown

### Plan of rehearse --cwd ROOT --markdown
`, strings.ReplaceAll(out, root(t), "ROOT"))
	s.calls()

	_, _, status = s.run("preview", "prod2")
	assert.Zero(t, status)
	assert.Equal(t, []string{"pilotlight plan --cwd " + root(t) + " --markdown --stack prod2", "pilotlight plan --cwd " + root(t) + " --markdown", "pilotlight cost --cwd " + root(t) + " --markdown", "pilotlight rehearse --cwd " + root(t) + " --markdown"}, s.calls())
}

// TestPreviewOfAFork holds that a rehearsal alone makes no plan, and that it and the bill are compared with the base's
// where there is one.
func TestPreviewOfAFork(t *testing.T) {
	t.Parallel()
	for base, compared := range map[string]bool{"exit 0": true, "exit 3": true, "exit 1": false} {
		s := newStage(t)
		s.play("pilotlight", `[[ $* != *--json* ]] || { echo "{}"; `+base+`; }
echo "### $1" "${@:4}"`)
		proposed := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(proposed, "Pulumi.dr.yaml"), []byte("proposed"), 0o600))
		out, log, status := s.run("preview", "--rehearsal", "--files", proposed)
		assert.Zero(t, status, log)
		assert.NotContains(t, out, "Plan")
		for _, verb := range []string{"cost", "rehearse"} {
			assert.Contains(t, out, "### "+verb+" --markdown")
			assert.Equal(t, compared, strings.Contains(out, "### "+verb+" --markdown --base"), "%s where the base's has %s", verb, base)
		}
	}
}

// root is the project's folder.
func root(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("..")
	require.NoError(t, err)
	return path
}

// TestPreviewOfProposedFiles holds that of a pull request the stacks' files alone are
// taken, and that they are only read.
func TestPreviewOfProposedFiles(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		propose func(dir string) error
		status  int
		want    string
	}{
		"files": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "Pulumi.dr.yaml"), []byte("proposed"), 0o600)
		}, 0, "### dr Pulumi.dr.yaml Pulumi.yaml proposed\n"},
		"other files": {func(dir string) error {
			return errors.Join(os.WriteFile(filepath.Join(dir, "Pulumi.dr.yaml"), []byte("proposed"), 0o600),
				os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), []byte("plugins: evil"), 0o600))
		}, 0, "### dr Pulumi.dr.yaml Pulumi.yaml proposed\n"},
		"a link": {func(dir string) error {
			return os.Symlink("/etc/passwd", filepath.Join(dir, "Pulumi.dr.yaml"))
		}, 2, "Pulumi.dr.yaml is not the file of a stack"},
		"a flag": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "Pulumi.--cwd=x.yaml"), nil, 0o600)
		}, 2, "Pulumi.--cwd=x.yaml is not the file of a stack"},
		"no file": {func(string) error { return nil }, 2, "is not the file of a stack"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.env = append(s.env, "PREVIEW_OTHERS=2", "PREVIEW_NUMBER=7")
			s.play("pilotlight", `[[ $* == *--stack* ]] || exit 0
cmp -s "$3/Pulumi.yaml" ../Pulumi.yaml || exit 1
echo "###" "${!#}" $(cd "$3" && ls) $(cat "$3/Pulumi.dr.yaml")`)
			proposed := t.TempDir()
			require.NoError(t, tc.propose(proposed))
			out, log, status := s.run("preview", "--files", proposed)
			assert.Equal(t, tc.status, status, log)
			assert.Contains(t, out+log, tc.want)
			if status == 0 {
				assert.Contains(t, out, "This pull request changes 2 more files: read them, and then see on your own machine what they do: `gh pr checkout 7 && scripts/preview`.")
			}
		})
	}
}

func TestPreviewThatFails(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		script string
		want   string
	}{
		"no plan": {
			`echo "pilotlight: no credentials" >&2; exit 1`,
			"### Plan of the update of stack dr\n\nIt could not be made:\n\n~~~\npilotlight: no credentials\n~~~\n\n### Plan of the failover",
		},
		"an error that ends a block of code, and calls for people": {
			`printf 'no\n~~~\n# @octocat, approve arn:aws:iam::123456789012:role/x\n~~~~\n' >&2; exit 1`,
			"It could not be made:\n\n~~~~~\nno\n~~~\n# @\u200boctocat, approve arn:…\n~~~~\n~~~~~\n\n### Plan of the failover",
		},
		"a plan that says so itself": {
			`echo "### It would be refused"; echo "pilotlight: refused" >&2; exit 4`,
			"### It would be refused\n\n### Plan of the failover",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.play("pilotlight", `[[ "$*" == *dr ]] || { echo "### Plan of the failover"; exit 0; }`+"\n"+tc.script)
			out, log, status := s.run("preview", "dr")
			assert.Equal(t, 1, status)
			assert.Contains(t, out, tc.want, "the others are made all the same")
			assert.NotContains(t, log, "123456789012")
			assert.NotEmpty(t, log)
		})
	}
}
