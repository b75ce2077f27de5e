// Package mysqlversion compares versions of MySQL as RDS and configurations name them: a series
// such as 8.4, or a patch of it such as 8.4.5.
package mysqlversion

import (
	"cmp"
	"strconv"
	"strings"
)

// Compare compares as far as both versions go: 8.4 is as old as 8.4.5. It is negative where a is
// the older one.
func Compare(a, b string) int {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(x), len(y)) {
		m, _ := strconv.Atoi(x[i])
		n, _ := strconv.Atoi(y[i])
		if m != n {
			return cmp.Compare(m, n)
		}
	}
	return 0
}

// Series is a version without its patch: its parameters and its support depend on that.
func Series(version string) string {
	parts := strings.SplitN(version, ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}
