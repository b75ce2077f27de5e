package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/test/messages"
)

var (
	verb     = regexp.MustCompile(`^[a-z]+$`)
	argument = regexp.MustCompile(`^(?:--?[a-z].*|[A-Z]+|%(?:\[\d\])?[a-z]|\d+|salts|cache|prod|dr)$`)
	inlined  = regexp.MustCompile("(?s)```sh\n.*?```|`[^`\n]+`")
)

// TestCommandsInMessages holds that each command which a message or the runbook gives can be given so: it has the verb, and
// all that this must be given.
func TestCommandsInMessages(t *testing.T) {
	t.Parallel()
	root := os.DirFS("../..")
	rooms, err := fs.ReadDir(root, ".")
	require.NoError(t, err)
	found := 0
	hold := func(at, text string, given []string) {
		found++
		assert.NoError(t, givable(given), "%s: pilotlight %s, of %q", at, strings.Join(given, " "), text)
	}
	for _, room := range rooms {
		if !room.IsDir() || slices.Contains([]string{".git", "bin", "docs", "scripts", "test"}, room.Name()) {
			continue
		}
		said, err := messages.In("../../" + room.Name())
		require.NoError(t, err)
		for _, m := range said {
			for _, given := range commandsIn(m.Text) {
				hold(m.At, m.Text, given)
			}
		}
	}
	pages, err := fs.Glob(root, "docs/*.md")
	require.NoError(t, err)
	for _, page := range append(pages, "README.md", "README.zh-CN.md") {
		text, err := fs.ReadFile(root, page)
		require.NoError(t, err)
		for _, code := range inlined.FindAllString(string(text), -1) {
			for line := range strings.Lines(code) {
				line, _, _ = strings.Cut(line, "#")
				for step := range strings.SplitSeq(line, "&&") {
					if given, command := strings.CutPrefix(strings.Trim(step, "` \n"), "pilotlight "); command {
						hold(page, line, strings.Fields(given))
					}
				}
			}
		}
	}
	assert.Greater(t, found, 150)
}

// commandsIn are the commands that a text gives, in words: the verb, and what follows it as long as that is an argument.
func commandsIn(text string) (all [][]string) {
	named := strings.Split(strings.ReplaceAll(text, "made by pilotlight ", ""), "pilotlight ") // which is who, and no command
	for _, after := range named[1:] {
		var given []string
		line, _, _ := strings.Cut(after, "\n")
		for _, word := range strings.Fields(line) {
			bare := strings.TrimRight(word, ".,;:)`'\"")
			known := len(given) == 0 && verb.MatchString(bare) || len(given) == 1 && verb.MatchString(bare) && has(given[0], bare)
			if !known && (len(given) == 0 || !argument.MatchString(bare)) {
				break
			}
			given = append(given, bare)
			if bare != word {
				break
			}
		}
		if len(given) > 0 && has("", given[0]) {
			all = append(all, given)
		}
	}
	return all
}

// has reports whether a verb, or the command itself, has another below it.
func has(verb, below string) bool {
	cmd, _, err := newRootCmd(realAWS).Find(strings.Fields(verb))
	if err != nil {
		return false
	}
	for _, sub := range cmd.Commands() {
		if sub.Name() == below {
			return true
		}
	}
	return false
}

// givable is why a command can't be given so.
func givable(given []string) error {
	cmd, args, err := newRootCmd(realAWS).Find(given)
	if err != nil {
		return err
	}
	for i, arg := range args { // what a message fills in may be a number
		if strings.HasPrefix(arg, "%") || arg == "EPOCH" {
			args[i] = "2"
		}
	}
	cmd.InitDefaultVersionFlag()
	if err := cmd.ParseFlags(args); err != nil {
		if errors.Is(err, pflag.ErrHelp) {
			return nil
		}
		return err
	}
	if err := cmd.Args(cmd, cmd.Flags().Args()); err != nil {
		return err
	}
	return lacking(cmd)
}

// needs are the flags without which a verb says how it is used.
var needs = map[string][]string{"media sync": {"from", "to"}, "bootstrap": {"region"}}

func lacking(cmd *cobra.Command) error {
	for _, flag := range needs[strings.TrimPrefix(cmd.CommandPath(), "pilotlight ")] {
		if !cmd.Flags().Changed(flag) {
			return fmt.Errorf("it needs --%s", flag)
		}
	}
	return nil
}
