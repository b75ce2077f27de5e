package sim_test

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
)

// TestUpgradeOrder holds that MySQL is upgraded as RDS lets it be: the replica first, with a group of
// its own series, upwards alone and a series only when asked to.
func TestUpgradeOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	source, replica := pair(t, w)
	for _, region := range []string{home, other} {
		create(t, w, region, parameterGroupType, "new", props{"name": "new", "family": "mysql8.4"})
	}
	upgrade := func(of sim.Object, change props) (string, error) {
		inputs := props{}
		for _, prop := range []string{"identifier", "engine", "engineVersion", "instanceClass", "allocatedStorage", "username", "password", "replicateSourceDb", "kmsKeyId", "backupRetentionPeriod", "skipFinalSnapshot"} {
			if value, ok := of.Props[prop]; ok {
				inputs[prop] = value
			}
		}
		made, err := w.Update(t.Context(), sim.Call{Region: of.Region, Type: databaseType, Name: of.Name, ID: of.ID, Inputs: with(maps.Clone(inputs), change), Old: inputs})
		actual, _ := made.Props["engineVersionActual"].(string)
		return actual, err
	}
	major := props{"engineVersion": "8.4", "allowMajorVersionUpgrade": true, "parameterGroupName": "new"}

	_, err := upgrade(source, major)
	assert.ErrorContains(t, err, "DBUpgradeDependencyFailure: One or more of the DB Instance's read replicas need to be upgraded: site-dr")
	_, err = upgrade(replica, props{"engineVersion": "8.4", "parameterGroupName": "new"})
	assert.ErrorContains(t, err, "The AllowMajorVersionUpgrade flag must be present")
	_, err = upgrade(replica, props{"parameterGroupName": "new"})
	assert.ErrorContains(t, err, "with DBParameterGroupFamily mysql8.4 cannot be used for this instance. Please use a Parameter Group with DBParameterGroupFamily mysql8.0")
	actual, err := upgrade(replica, major)
	require.NoError(t, err)
	assert.Equal(t, "8.4.5", actual)
	assert.Equal(t, "replicating", look(t, w).StatusInfos[0].Status, "a newer replica applies what an older source writes")
	actual, err = upgrade(source, major)
	require.NoError(t, err)
	assert.Equal(t, "8.4.5", actual)
	_, err = upgrade(replica, props{"engineVersion": "8.0", "allowMajorVersionUpgrade": true})
	assert.ErrorContains(t, err, "Cannot upgrade mysql from 8.4.5 to 8.0")
	_, err = upgrade(source, props{"engineVersion": "8.4.9"})
	assert.ErrorContains(t, err, "need to be upgraded", "of a patch, too")
}
