package failover_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLookAtClass holds that a class is not to be had where RDS has others, and that an RDS which shows none says nothing.
func TestLookAtClass(t *testing.T) {
	t.Parallel()
	_, rt, _ := standby(t, "offer="+recovery+":db.m6g.xlarge")
	class, err := rt.LookAtClass(t.Context(), "db.m6g.large")
	require.NoError(t, err)
	assert.NotEmpty(t, class.Options)
	class, err = rt.LookAtClass(t.Context(), "db.m6g.xlarge")
	require.NoError(t, err)
	assert.Empty(t, class.Options)

	_, rt, _ = standbyBehind(t, map[string]edit{"DescribeOrderableDBInstanceOptions": without("OrderableDBInstanceOption")})
	_, err = rt.LookAtClass(t.Context(), "db.m6g.large")
	require.EqualError(t, err, "RDS shows no class for MySQL in this region")
}
