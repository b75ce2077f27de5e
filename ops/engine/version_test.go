package engine

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	for printed, why := range map[string]string{
		"v3.259.0\n":             "",
		"3.259.0":                "",
		"v3.259.0\r\n":           "",
		"v3.274.1":               "",
		"v3.1000.0":              "",
		"v3.260.0-dev.0+g12ab":   "",
		"v3.258.9\n":             "it is v3.258.9, older than v3.259.0",
		"v3.26.0":                "it is v3.26.0, older than v3.259.0",
		"v3.259.0-alpha.1+g12ab": "it is v3.259.0-alpha.1+g12ab, older than v3.259.0",
		"v2.300.0":               "it is v2.300.0, not a version 3",
		"v4.0.0":                 "it is v4.0.0, not a version 3",
		"\n":                     "it was built without a version",
		"warning: A new version": `it calls its version "warning: A new version"`,
	} {
		t.Run(printed, func(t *testing.T) {
			t.Parallel()
			err := judge(printed)
			if why == "" {
				assert.NoError(t, err)
				return
			}
			assert.EqualError(t, err, why)
		})
	}
}
