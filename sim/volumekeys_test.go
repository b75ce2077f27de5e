package sim_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestVolumesUnderACustomersKey holds that a group launches nothing until the key lets the role of EC2 Auto Scaling use it.
func TestVolumesUnderACustomersKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := newNetwork(t, w, home, "site")
	key := create(t, w, home, "aws:kms/key:Key", "volumes", props{}).Props["arn"].(string)
	w.EncryptVolumes(home, key)
	create(t, w, home, scalingType, "site", sized(n, 2, 4, "0"))
	w.Clock().Advance(30 * time.Minute)
	assert.Zero(t, healthy(t, w, n))
	activities, err := w.ScalingActivities(home, "site")
	require.NoError(t, err)
	assert.Contains(t, activities[0].Problem, "Client.InternalError: Client error on launch")
	w.Grant(key, "arn:aws:iam::123456789012:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling")
	w.Clock().Advance(10 * time.Minute)
	assert.Equal(t, 2, healthy(t, w, n))
}
