package failover

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/stretchr/testify/assert"
)

// TestHealthyInAnyCase holds that an instance is in service however its health is written: Auto Scaling says Healthy of a
// group's instances, and HEALTHY where it is asked for instances alone.
func TestHealthyInAnyCase(t *testing.T) {
	t.Parallel()
	found := instances{placed: map[string]int{}}
	var group types.AutoScalingGroup
	for _, health := range []string{"Healthy", "HEALTHY", "Unhealthy", ""} {
		group.Instances = append(group.Instances, types.Instance{
			LifecycleState: types.LifecycleStateInService, HealthStatus: aws.String(health), InstanceType: aws.String("m6i.large"), AvailabilityZone: aws.String("us-east-2b"),
		})
	}
	assert.Equal(t, 2, found.count(group))
	assert.Equal(t, map[string]int{"m6i.large in us-east-2b": 2}, found.placed)
}
