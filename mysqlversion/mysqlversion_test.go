package mysqlversion

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		a, b string
		want int
	}{
		{"8.0", "8.4", -1},
		{"8.0.42", "8.0.9", 1},
		{"8.4", "8.4.5", 0},
		{"8.4.5", "8.4.5", 0},
		{"8.4.0", "8.0.42", 1},
		{"8.0", "8.0.46-rds.20260908", 0},
		{"8.0.46", "8.0.46-rds.20260908", -1},
		{"8.0.46-rds.20260908", "8.0.46-rds.20260908", 0},
		{"8.0.46-rds.20261104", "8.0.46-rds.20260908", 1},
		{"8.0.46-rds.20260908", "8.0.47", -1},
		{"8.0.46-rds.20260908", "8.0.45", 1},
		{"8.4.5", "8.0.46-rds.20260908", 1},
	} {
		assert.Equal(t, tc.want, Compare(tc.a, tc.b), "%s and %s", tc.a, tc.b)
	}
}

func TestSeries(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{"8.4.5": "8.4", "8.4": "8.4", "8.0.42": "8.0", "8.0.46-rds.20260908": "8.0", "9": "9", "": ""} {
		assert.Equal(t, want, Series(version), version)
	}
}

func TestSupport(t *testing.T) {
	t.Parallel()
	for series, want := range map[string][2]string{"8.0": {"2026-07-31", "2028-08-01"}, "8.4": {"2029-07-31", "2031-08-01"}} {
		end, known := StandardSupport(series)
		assert.True(t, known, series)
		dearer, _ := DearerSupport(series)
		assert.Equal(t, want, [2]string{end.Format(time.DateOnly), dearer.Format(time.DateOnly)}, series)
	}
	_, known := StandardSupport("5.7")
	assert.False(t, known)
}
