package main

import "strings"

// What is put into Markdown comes from stack files and from AWS: a person who writes one
// must not be able to end a block or to write to people in the program's name.

// fenced is text as a block of code, whose fence is longer than any in the text.
func fenced(text string) string {
	fence := strings.Repeat("`", max(3, longestRun(text, '`')+1))
	return fence + "\n" + text + "\n" + fence
}

// inCode is text as code within a line, fit for a cell of a table.
func inCode(text string) string {
	text = strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", `\|`)
	ticks := strings.Repeat("`", longestRun(text, '`')+1)
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") { // it would be part of the fence
		text = " " + text + " "
	}
	return ticks + text + ticks
}

var plainMarkdown = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "|", `\|`, "~", `\~`, "#", `\#`, "\n", " ")

// inProse is text that is only read, in one line.
func inProse(text string) string { return plainMarkdown.Replace(text) }

func longestRun(text string, of rune) (longest int) {
	run := 0
	for _, r := range text {
		if r != of {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}
