// Package docs_test holds what can be held of the documents.
package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// block is a paragraph, a list's item, a heading, a table's row or a fenced
// code block: what a translation has one of for each of the original.
type block struct {
	line  int
	kind  string // what it begins with; of a row, how many cells it has
	text  string
	shape string // what no translation changes
}

var (
	opening = regexp.MustCompile(`^(#+ |- |\d+\. |\|)`)
	fixed   = regexp.MustCompile("`[^`]+`|[0-9]+([.][0-9]+)*")
	link    = regexp.MustCompile(`\]\(([^)]+)\)`)
	comment = regexp.MustCompile(`(?m)(^|\s+)# .*$`)
)

// TestTranslation holds that README.zh-CN.md has not fallen behind README.md:
// the same blocks in the same order, with the same code, numbers and links in each.
func TestTranslation(t *testing.T) {
	t.Parallel()
	english, chinese := blocks(t, "../README.md"), blocks(t, "../README.zh-CN.md")
	for i := range min(len(english), len(chinese)) {
		en, zh := english[i], chinese[i]
		require.Equal(t, en.shape, zh.shape, "README.md:%d and README.zh-CN.md:%d: change both\n\n%s\n\n%s", en.line, zh.line, en.text, zh.text)
	}
}

// TestLinks checks that each link within the documents leads to a file that exists, and to one
// of its headings if it names one.
func TestLinks(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("*.md")
	require.NoError(t, err)
	for _, page := range append(pages, "policies/README.md", "../README.md", "../README.zh-CN.md", "../CONTRIBUTING.md") {
		for _, b := range blocks(t, page) {
			for _, target := range targets(b) {
				if strings.Contains(target, "://") {
					continue
				}
				file, heading, named := strings.Cut(target, "#")
				to := page
				if file != "" {
					to = filepath.Join(filepath.Dir(page), file)
					_, err := os.Stat(to)
					require.NoError(t, err, "%s:%d", page, b.line)
				}
				if named {
					assert.Contains(t, headings(t, to), heading, "%s:%d", page, b.line)
				}
			}
		}
	}
}

// headings are the anchors of a page.
func headings(t *testing.T, page string) (all []string) {
	t.Helper()
	for _, b := range blocks(t, page) {
		if strings.HasPrefix(b.kind, "#") {
			all = append(all, anchor(b.text))
		}
	}
	return all
}

func blocks(t *testing.T, page string) []block {
	t.Helper()
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	var all []block
	var fenced, ended bool
	for i, line := range strings.Split(string(text), "\n") {
		fence := strings.HasPrefix(line, "```")
		kind := strings.TrimSpace(opening.FindString(line))
		switch {
		case fence && !fenced:
			all = append(all, block{line: i + 1, kind: line, text: line})
		case fenced:
			all[len(all)-1].text += "\n" + line
		case line == "":
		case ended || kind != "" || len(all) == 0:
			if kind == "|" {
				kind = strconv.Itoa(strings.Count(line, "|")-1) + " cells"
			}
			all = append(all, block{line: i + 1, kind: kind, text: line})
		default:
			all[len(all)-1].text += "\n" + line
		}
		fenced = fenced != fence
		ended = line == "" || fence || strings.HasPrefix(kind, "#")
	}
	all = append(all, block{line: strings.Count(string(text), "\n"), kind: "the end"})
	for i := range all {
		all[i].shape = shape(all[i])
	}
	return all
}

// shape is the whole of a code block without comments. Of everything else it is the
// kind, and the code, numbers and links in any order, since a sentence may turn round.
func shape(b block) string {
	switch {
	case b.kind == "```":
		return b.text // output, which has no comments
	case strings.HasPrefix(b.kind, "```"):
		return comment.ReplaceAllString(b.text, "")
	}
	kept := fixed.FindAllString(b.text, -1)
	for _, target := range targets(b) {
		switch {
		case strings.HasPrefix(target, "#"):
			target = "#…" // TestLinks looks at it
		case target == "README.md" || target == "README.zh-CN.md":
			target = "the other language"
		}
		kept = append(kept, target)
	}
	slices.Sort(kept)
	return strings.Join(append([]string{b.kind}, slices.Compact(kept)...), "\n")
}

// targets are what a block links to.
func targets(b block) []string {
	var all []string
	if !strings.HasPrefix(b.kind, "```") {
		for _, found := range link.FindAllStringSubmatch(b.text, -1) {
			all = append(all, found[1])
		}
	}
	return all
}

// anchor is what GitHub makes of a heading.
func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r):
			return unicode.ToLower(r)
		}
		return -1
	}, strings.TrimLeft(heading, "# "))
}
