package stacks

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/roles"
)

func TestStorageCeiling(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		own    config.Database
		origin roles.Origin
		peers  int
		want   int
	}{
		"a primary":                        {config.Database{StorageGiB: 100}, roles.OriginEmpty, 0, 400},
		"a primary with one":               {config.Database{StorageGiB: 100, MaxStorageGiB: 800}, roles.OriginEmpty, 0, 800},
		"a large primary":                  {config.Database{StorageGiB: 20000}, roles.OriginEmpty, 0, 65536},
		"a primary that can't grow":        {config.Database{StorageGiB: 60000}, roles.OriginEmpty, 0, 0},
		"a replica follows":                {config.Database{StorageGiB: 50}, roles.OriginReplica, 400, 400},
		"a replica with a higher one":      {config.Database{MaxStorageGiB: 800}, roles.OriginReplica, 400, 800},
		"a replica with a lower one":       {config.Database{MaxStorageGiB: 200}, roles.OriginReplica, 400, 400},
		"a replica of a foreign one":       {config.Database{StorageGiB: 50}, roles.OriginReplica, 0, 0},
		"a replica of a foreign, with one": {config.Database{MaxStorageGiB: 800}, roles.OriginReplica, 0, 800},
	} {
		assert.Equal(t, tc.want, storageCeiling(tc.own, tc.origin, tc.peers), name)
	}
}
