package checks

import (
	"cmp"
	"strings"
	"time"
	"unicode"
)

// refused begins the line of an instance that does not serve (package components sends it).
const refused = "refused to serve"

// LogLine is a line that an instance logged.
type LogLine struct {
	At   time.Time
	Text string
}

// LastLogged is the line to show of what instances logged while they are waited for, as one
// line of plain text: the newest that says why one refuses to serve, or else the newest.
func LastLogged(lines []LogLine) LogLine {
	var last LogLine
	for _, line := range lines {
		if line.Text = plain(line.Text); line.Text == "" {
			continue
		}
		if cmp.Or(cmp.Compare(rank(line), rank(last)), line.At.Compare(last.At)) >= 0 {
			last = line
		}
	}
	return last
}

func rank(line LogLine) int {
	if strings.HasPrefix(line.Text, refused) {
		return 1
	}
	return 0
}

// longest is as much of a line as is shown, in characters.
const longest = 160

// plain is a text in one line without what a terminal would act on.
func plain(text string) string {
	words := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) || r == unicode.ReplacementChar })
	line := []rune(strings.Join(words, " "))
	if len(line) > longest {
		line = append(line[:longest-1], '…')
	}
	return string(line)
}
