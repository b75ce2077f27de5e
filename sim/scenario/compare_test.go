package scenario

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(now *Report)
		want  []Difference
	}{
		"nothing":           {func(*Report) {}, []Difference{}},
		"less than a look":  {func(now *Report) { now.Run.TimeToRecover += 0.2; now.DataLoss += 0.2 }, []Difference{}},
		"another seed's at": {func(now *Report) { now.Lost = now.Lost.Add(1); now.At = now.Lost }, []Difference{}},
		"slower":            {func(now *Report) { now.Run.TimeToRecover = 1000 }, []Difference{{"time to recover", "10:40", "16:40"}}},
		"loses more":        {func(now *Report) { now.DataLoss = 61 }, []Difference{{"writes lost", "3 s", "61 s"}}},
		"refused": {func(now *Report) { now.Recovered, now.Refusal = false, "no image" }, []Difference{
			{"ending", "recovers", "does not recover"}, {"time to recover", "10:40", ""}, {"writes lost", "3 s", ""}, {"refusal", "", "no image"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := night()
			tc.spoil(now)
			assert.Equal(t, tc.want, Compare(night(), now))
		})
	}
}
