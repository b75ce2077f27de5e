package rdsstorage

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestReach(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ allocated, ceiling, want int }{
		{20, 30, 20}, {20, 31, 31}, // 10 GiB are the least step, and must stay below the ceiling
		{50, 60, 50}, {50, 61, 61},
		{100, 110, 100}, {100, 111, 111},
		{105, 116, 105}, {105, 117, 117}, // a tenth is rounded up
		{1000, 1100, 1000}, {1000, 1101, 1101},
		{100, 0, 100}, {100, 80, 100},
	} {
		assert.Equal(t, tc.want, Reach(tc.allocated, tc.ceiling), "%d GiB under %d", tc.allocated, tc.ceiling)
	}
}

// TestLeastCeiling: RDS takes each least ceiling, since it is a tenth above what there is.
func TestLeastCeiling(t *testing.T) {
	t.Parallel()
	for allocated := 20; allocated <= Most; allocated++ {
		least := LeastCeiling(allocated)
		assert.GreaterOrEqual(t, 10*least, 11*allocated)
		assert.Equal(t, least, Reach(allocated, least))
		assert.Equal(t, allocated, Reach(allocated, least-1))
	}
}
