package when_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/pilotlight-dr/pilotlight/when"
)

func TestWords(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 30, 5, 7, 45, 0, time.FixedZone("CET", 3600))
	assert.Equal(t, "2026-11-30 04:07:45 UTC", when.Date(at))
	assert.Equal(t, "04:07:45 UTC", when.Clock(at))
	assert.Equal(t, "20261130T040745Z", when.Stamp(at))
	for seconds, text := range map[float64]string{0: "0:00", 372.5: "6:13", 372.4: "6:12", 3600: "60:00"} {
		assert.Equal(t, text, when.Minutes(when.Seconds(seconds)))
	}
}
