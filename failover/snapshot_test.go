package failover

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/stretchr/testify/assert"
)

func TestNewestOf(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	snapshot := func(id string, made time.Time) types.DBSnapshot {
		return types.DBSnapshot{DBSnapshotIdentifier: &id, Status: aws.String("available"), SnapshotCreateTime: &made, Encrypted: aws.Bool(true)}
	}
	unfinished := snapshot("unfinished", noon.Add(time.Hour))
	unfinished.Status, unfinished.SnapshotCreateTime = aws.String("creating"), nil
	for name, tc := range map[string]struct {
		all  []types.DBSnapshot
		want string
	}{
		"none":             {nil, ""},
		"only one, unmade": {[]types.DBSnapshot{unfinished}, ""},
		"newest in front":  {[]types.DBSnapshot{snapshot("new", noon), snapshot("old", noon.Add(-time.Hour)), unfinished}, "new"},
		"newest behind":    {[]types.DBSnapshot{snapshot("old", noon.Add(-time.Hour)), snapshot("new", noon)}, "new"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			newest, ok := newestOf(tc.all)
			assert.Equal(t, tc.want, newest.ID)
			assert.Equal(t, tc.want != "", ok)
			assert.Equal(t, tc.want != "", newest.Encrypted)
		})
	}
}
