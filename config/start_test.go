package config

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestStart(t *testing.T) {
	t.Parallel()
	app := App{Min: 2, Max: 6}
	for lately, start := range map[int]int{0: 2, 1: 2, 2: 2, 4: 4, 6: 6, 20: 6} {
		assert.Equal(t, start, app.Start(lately), lately)
	}
}
