package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/refusal"
)

// TestMarkdownHoldsWhatIsPutIn has a site whose names and refusals are Markdown.
func TestMarkdownHoldsWhatIsPutIn(t *testing.T) {
	t.Parallel()
	text := planMarkdown("update of stack <b>", ops.Plan{
		Change:     ops.Change{Stack: "a`\n# b"},
		Refusal:    "refused\n```\n</details> ````",
		Shortfalls: []refusal.Blocker{{Reason: "no <room>", Remedy: "make some"}},
		Warnings:   []string{"[a](//b)\n\n# c"},
		Resources:  []ops.Planned{{Op: "create", Type: "aws:x|y", Name: "n` | </details>"}},
	})
	assert.Equal(t, strings.ReplaceAll(`### Plan of the update of stack &lt;b&gt;

''pulumi up -s a' # b'' would touch create 1.

As things are now it would be refused:

'''''
refused
'''
</details> ''''
'''''

> [!CAUTION]
> It may fall short: no &lt;room&gt;: make some

> [!WARNING]
> \[a\](//b)  \# c

<details><summary>Resources</summary>

| operation | type | name |
|---|---|---|
| create | 'aws:x\|y' | ''n' \| </details>'' |

</details>
`, "'", "`"), text)
}

func TestInCode(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "`blog-dr-1`", inCode("blog-dr-1"))
	assert.Equal(t, "`` `a ``", inCode("`a"), "a tick at the end must not touch the fence")
	assert.Equal(t, `a \* &lt;b&gt; \_c\_`, inProse("a *\n<b> _c_"))
}
