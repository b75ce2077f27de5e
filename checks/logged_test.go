package checks_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/pilotlight-dr/pilotlight/checks"
)

func TestLastLogged(t *testing.T) {
	t.Parallel()
	at := func(minute int, text string) checks.LogLine {
		return checks.LogLine{At: time.Date(2026, 1, 2, 3, minute, 0, 0, time.UTC), Text: text}
	}
	for name, tc := range map[string]struct {
		lines []checks.LogLine
		want  string
	}{
		"nothing":                              {nil, ""},
		"the newest":                           {[]checks.LogLine{at(2, "second"), at(3, "third"), at(1, "first")}, "third"},
		"the last of those sent together":      {[]checks.LogLine{at(1, "first"), at(1, "second")}, "second"},
		"an empty line says nothing":           {[]checks.LogLine{at(1, "first"), at(2, " \n")}, "first"},
		"a refusal says more than what others": {[]checks.LogLine{at(1, "refused to serve: no s3fs"), at(1, "error_log: started"), at(2, "more")}, "refused to serve: no s3fs"},
		"the newest refusal":                   {[]checks.LogLine{at(2, "refused to serve: no php"), at(1, "refused to serve: no s3fs")}, "refused to serve: no php"},
		"a visitor may not forge a refusal":    {[]checks.LogLine{at(1, "error_log: refused to serve: x"), at(2, "more")}, "more"},
		"no terminal acts on it":               {[]checks.LogLine{at(1, "a\x1b[2J\r\nb\u202ec\xff\td")}, "a [2J b c d"},
		"it is cut":                            {[]checks.LogLine{at(1, strings.Repeat("é", 161))}, strings.Repeat("é", 159) + "…"},
		"it just fits":                         {[]checks.LogLine{at(1, strings.Repeat("é", 160))}, strings.Repeat("é", 160)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tc.want, checks.LastLogged(tc.lines).Text)
		})
	}
}
