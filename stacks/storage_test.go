package stacks

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRefuseCeiling(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		ceiling, allocated int
		says               string
	}{
		"above what there is":     {400, 100, ""},
		"a tenth above":           {330, 300, ""},
		"less than a tenth above": {329, 300, "database blog-dr-1 has 300 GiB by now, so it can't be kept from growing beyond 329: set database.maxStorageGiB to 330 or more in both files"},
		"below what there is":     {200, 305, "336 or more"},
		"growth is ended":         {0, 300, ""},
	} {
		why := refuseCeiling("blog-dr-1", tc.ceiling, tc.allocated)
		if tc.says == "" {
			assert.Nil(t, why, name)
			continue
		}
		assert.ErrorContains(t, why, tc.says, name)
	}
}
