package report

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Escape writes out the control characters of a text, as \u001b: what AWS or a
// configuration says must neither move the cursor of a terminal nor change how the text
// around it reads. Line feeds and tabs stay. It leaves JSON what it is, since it writes
// them as JSON does.
func Escape(text string) string {
	if strings.IndexFunc(text, hidden) < 0 {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		if hidden(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteString(text[:size])
		}
		text = text[size:]
	}
	return b.String()
}

// hidden reports whether a character is obeyed, and not shown: controls, and what changes the
// direction of reading (Unicode's Bidi_Control). Bytes that are no text decode to U+FFFD:
// some terminals obey those, too.
func hidden(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r) || r == utf8.RuneError
}

// EscapingWriter passes on what is written to it as Escape writes it.
type EscapingWriter struct{ To io.Writer }

// Write takes whole characters.
func (w EscapingWriter) Write(text []byte) (int, error) {
	if _, err := io.WriteString(w.To, Escape(string(text))); err != nil {
		return 0, err
	}
	return len(text), nil
}
