package processes

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim/server"
)

// moved is the folder of a world whose site was failed over to dr, with prod as its standby again.
var moved = sync.OnceValues(func() (string, error) {
	from, err := deployed()
	if err != nil {
		return "", err
	}
	t := &terminal{dir: filepath.Join(scratch, "moved")}
	if err := os.CopyFS(t.dir, os.DirFS(from)); err != nil {
		return "", err
	}
	if err := t.serve(); err != nil {
		return "", err
	}
	for _, step := range []func() error{
		t.losing, t.working("failover", "--yes"), t.returning, t.working("reprotect", "--yes"),
		func() error {
			return t.world(func(ctx context.Context, p *server.Client) error { return p.Sleep(ctx, time.Hour) })
		},
	} {
		if err := step(); err != nil {
			return "", err
		}
	}
	return t.dir, t.server.Close()
})

// spoiling is what happened to the state of a stack.
type spoiling struct {
	name string
	do   func(t *testing.T, at *terminal, stack string) // after the world is there, before it is served
}

var spoilings = []spoiling{
	{"lost, with all its copies", func(t *testing.T, at *terminal, stack string) {
		t.Helper()
		for _, path := range []string{"stacks/pilotlight/" + stack + ".json", "stacks/pilotlight/" + stack + ".json.bak", "history/pilotlight/" + stack, "backups/pilotlight/" + stack} {
			require.NoError(t, os.RemoveAll(filepath.Join(at.dir, "state", ".pulumi", filepath.FromSlash(path))))
		}
	}},
	{"cut off in its middle", func(t *testing.T, at *terminal, stack string) {
		t.Helper()
		text, err := os.ReadFile(at.stateFile(stack))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(at.stateFile(stack), text[:len(text)/2], 0o600))
	}},
	{"empty", func(t *testing.T, at *terminal, stack string) {
		t.Helper()
		require.NoError(t, os.WriteFile(at.stateFile(stack), nil, 0o600))
	}},
	{"older than AWS", func(t *testing.T, at *terminal, stack string) {
		t.Helper()
		before, err := deployed()
		require.NoError(t, err)
		at.take(t, before, stack)
	}},
	{"newer than AWS", func(t *testing.T, at *terminal, stack string) {
		t.Helper()
		before, err := deployed()
		require.NoError(t, err)
		after, err := moved()
		require.NoError(t, err)
		require.NoError(t, os.RemoveAll(at.dir))
		require.NoError(t, os.CopyFS(at.dir, os.DirFS(before)))
		at.take(t, after, stack)
	}},
}

// take takes the state of a stack, and the role in its file, from another folder.
func (t *terminal) take(test *testing.T, from, stack string) {
	test.Helper()
	for _, path := range []string{filepath.Join("state", ".pulumi", "stacks", "pilotlight", stack+".json"), "Pulumi." + stack + ".yaml"} {
		text, err := os.ReadFile(filepath.Join(from, path))
		require.NoError(test, err)
		require.NoError(test, os.WriteFile(filepath.Join(t.dir, path), text, 0o600))
	}
}

// verbs are tried on each spoilt state. Every run of the tests tries the usual ones, -update all.
var verbs = []struct {
	line  string
	usual bool
}{
	{"status", true}, {"check", false}, {"check --for switchover --to prod", false}, {"failover --yes", true}, {"switchover prod --yes", false}, {"reprotect --yes", false},
	{"thaw --yes", false}, {"abort --yes", false}, {"deploy", true}, {"retire prod 1 --yes", false}, {"destroy --yes", false}, {"state list STACK", false},
}

// TestSpoiltStates tries verbs on states that AWS is not in step with. No refusal touches what
// visitors use, and no command ends the side that serves. docs/states.md has what each says.
func TestSpoiltStates(t *testing.T) {
	t.Parallel()
	p := openPage(t, "../../docs/states.md")
	p.text = splitCommands(p.text)
	t.Run("each", func(t *testing.T) {
		for _, stack := range []string{"dr", "prod"} {
			for _, s := range spoilings {
				for _, verb := range verbs {
					line := strings.ReplaceAll(verb.line, "STACK", stack)
					p.row(t, stack+" "+s.name+": "+line, verb.usual, func(t *testing.T) string {
						t.Helper()
						return spoiltState(t, stack, s, line)
					})
				}
			}
		}
	})
	p.rows = joinCommands(p.rows)
	p.close(t, statesHead)
}

// commandsOfRow are the commands of a row, between what is spoilt and what they say.
var commandsOfRow = regexp.MustCompile("(?m)^(\\| [^|]+ \\| [^|]+ \\| `)([^|]+)(` \\| .*\n)")

// joinCommands makes one row of those in which several commands say the same, at the place of the first.
func joinCommands(rows []string) (joined []string) {
	at := map[string]int{}
	for _, row := range rows {
		cells := commandsOfRow.FindStringSubmatch(row)
		if cells == nil {
			joined = append(joined, row)
			continue
		}
		same := cells[1] + cells[3]
		if n, found := at[same]; found {
			joined[n] = commandsOfRow.ReplaceAllString(joined[n], "${1}${2}`, `"+cells[2]+"${3}")
			continue
		}
		at[same] = len(joined)
		joined = append(joined, row)
	}
	return joined
}

// splitCommands undoes that.
func splitCommands(page string) string {
	return commandsOfRow.ReplaceAllStringFunc(page, func(row string) (rows string) {
		cells := commandsOfRow.FindStringSubmatch(row)
		for command := range strings.SplitSeq(cells[2], "`, `") {
			rows += cells[1] + command + cells[3]
		}
		return rows
	})
}

func TestJoinCommands(t *testing.T) {
	t.Parallel()
	rows := []string{"| dr | empty | `status` | 4 | no |\n", "| dr | empty | `check` | 3 | NO |\n", "| dr | empty | `deploy` | 4 | no |\n", "| prod | empty | `deploy` | 4 | no |\n"}
	joined := joinCommands(rows)
	assert.Equal(t, []string{"| dr | empty | `status`, `deploy` | 4 | no |\n", "| dr | empty | `check` | 3 | NO |\n", "| prod | empty | `deploy` | 4 | no |\n"}, joined)
	for _, row := range rows {
		assert.Contains(t, splitCommands(strings.Join(joined, "")), row)
	}
}

const statesHead = `# What each command does with a state that AWS is not in step with

The site was failed over from prod to dr, and prod is its standby again. Then the state of one stack is spoilt. (For a state that is newer,
AWS and the other stack are as they were before the failover.) Each row is tested with commands in processes of their own.
` + "`go test ./test/processes -run Spoilt -update`" + ` writes this page.

| the state of | is | command | exit | it says |
|---|---|---|---|---|
`

// spoiltState is the row of one cell.
func spoiltState(t *testing.T, stack string, s spoiling, line string) string {
	t.Helper()
	from, err := moved()
	require.NoError(t, err)
	at := &terminal{dir: filepath.Join(t.TempDir(), "site")}
	require.NoError(t, os.CopyFS(at.dir, os.DirFS(from)))
	s.do(t, at, stack)
	require.NoError(t, at.serve())
	t.Cleanup(func() { assert.NoError(t, at.server.Close()) })
	before := at.serving(t)
	require.Contains(t, before, "visitors are served")
	said, code, err := at.command(strings.Fields(line)...).output()
	require.NoError(t, err)
	assert.Equal(t, before, at.serving(t), said)
	assert.NotEqual(t, 5, code, "a refusal comes before any change: %s", said)
	return fmt.Sprintf("| %s | %s | `%s` | %d | %s |\n", stack, s.name, line, code, gist(said))
}

// gists begin the lines that say what came of a command, the most telling first.
var gists = []string{"pilotlight: stack ", "pilotlight: refused", "NO ", "verdict ", "pilotlight: ", "nothing to do", "done ", "current ", "stack "}

// listed is the moment before what state list says of the state.
var listed = regexp.MustCompile(`(?m)^[0-9: -]+UTC +(current)`)

// gist is the line that says what came of a command, and the remedy where it has one.
func gist(said string) string {
	lines := strings.Split(listed.ReplaceAllString(said, "$1"), "\n")
	for _, begin := range gists {
		for i, text := range lines {
			if !strings.HasPrefix(text, begin) {
				continue
			}
			if strings.HasSuffix(text, ":") { // the reasons are below it
				text += lines[i+1]
			}
			return strings.Join(strings.Fields(passing.ReplaceAllString(text, "")), " ")
		}
	}
	return strings.TrimSpace(said)
}
