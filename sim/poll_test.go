package sim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestPoll(t *testing.T) {
	t.Parallel()
	const s = time.Second
	for name, tc := range map[string]struct {
		poll        poll
		after, want time.Duration
	}{
		"there at once":                   {poll{}, 0, 0},
		"soon":                            {poll{}, 150 * time.Millisecond, 200 * time.Millisecond},
		"looks move apart":                {poll{}, s, 1400 * time.Millisecond},
		"up to ten seconds":               {poll{}, 100 * s, 102600 * time.Millisecond},
		"after a delay":                   {poll{delay: 30 * s, least: 10 * s}, s, 30 * s},
		"never closer than that":          {poll{delay: 30 * s, least: 10 * s}, 31 * s, 40 * s},
		"three in a row":                  {poll{delay: 60 * s, every: 10 * s, times: 3}, 65 * s, 90 * s},
		"three in a row, there at once":   {poll{delay: 60 * s, every: 10 * s, times: 3}, 0, 80 * s},
		"five in a row, a second apart":   {poll{least: s, times: 5}, 0, 4 * s},
		"twice, as close as the first":    {poll{times: 2}, 0, 100 * time.Millisecond},
		"twice, as far apart as they got": {poll{times: 2}, 5 * s, 6200*time.Millisecond + 3200*time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tc.want, tc.poll.sees(tc.after))
		})
	}
}
