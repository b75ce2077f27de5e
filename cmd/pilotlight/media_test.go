package main

import (
	"fmt"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// deletedMedia has something delete all media, which S3 replicates, and puts them
// back on both sides.
func (s *story) deletedMedia() {
	t, world := s.t, s.stage.World
	buckets := map[string]string{}
	for region, stack := range map[string]string{"us-west-2": scenario.Production, "us-east-2": scenario.Recovery} {
		bucket, ok := staged.Outputs(t, s.stage, stack)["mediaBucket"].(string)
		require.True(t, ok)
		buckets[region] = bucket
	}
	held := func(region string) (keys []string) {
		uploads, err := world.Uploads(region, buckets[region])
		require.NoError(t, err)
		for _, u := range uploads {
			keys = append(keys, u.Key)
		}
		return keys
	}
	for i := range 10 {
		require.NoError(t, world.Put(buckets["us-east-2"], fmt.Sprintf("2026/03/%d.jpg", i), 1000))
	}
	whole := time.Date(2026, time.April, 1, 3, 0, 0, 0, time.UTC) // every run gets there
	world.Clock().Advance(whole.Add(time.Minute).Sub(world.Clock().Now()))
	were := map[string][]string{"us-west-2": held("us-west-2"), "us-east-2": held("us-east-2")}
	require.Contains(t, were["us-west-2"], "2026/03/9.jpg")
	for _, key := range held("us-east-2") {
		_, err := world.DeleteObject("us-east-2", buckets["us-east-2"], key)
		require.NoError(t, err)
	}
	world.Clock().Advance(time.Hour)
	assert.Empty(t, held("us-west-2"), "the other side is no backup: deletions are replicated")

	const before = " --before 2026-04-01T03:00:00Z"
	s.run(2, "media restore --before yesterday prod dr")
	s.run(2, "media restore"+before)
	s.run(2, "media restore"+before+" mars")
	s.run(4, "media restore --before 2026-03-01T00:00:00Z prod")
	s.run(0, "media restore --dry-run"+before+" prod dr")
	assert.Empty(t, held("us-west-2"))
	s.run(0, "media restore"+before+" prod")
	assert.Empty(t, held("us-east-2"), "no removal of a delete marker is replicated")
	s.run(0, "media restore"+before+" prod dr")
	for region, keys := range were {
		assert.Equal(t, keys, held(region))
	}
	s.run(0, "media restore --json --prefix 2026/"+before+" dr")
}
