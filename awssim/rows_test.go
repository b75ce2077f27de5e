package awssim_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/awssim"
)

// instance is a machine in the home region, with what it may do.
func instance(t *testing.T, w *awssim.World) (any awssim.Instance) {
	t.Helper()
	balancer, n := served(t, w)
	startInstances(t, w, n)
	w.SetWorkload(func(i awssim.Instance, _ *http.Request) awssim.Answer {
		any = i
		return awssim.Answer{Status: http.StatusOK}
	})
	_, _, err := visit(t, w, "http://"+balancer)
	require.NoError(t, err)
	return any
}

func TestRowsFollowTheirReplication(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := instance(t, w)
	source, replica := pair(t, w)
	from, to := source.Props["address"].(string), replica.Props["identifier"].(string)
	require.NoError(t, i.Write(from, "one"))
	require.ErrorContains(t, i.Write(replica.Props["address"].(string), "x"), "--read-only")
	require.Error(t, i.Write("nobody", "x"))
	w.Clock().Advance(time.Minute)
	assert.Equal(t, []string{"one"}, w.Rows(other, to))

	require.NoError(t, w.Inject(awssim.Fault{Name: "lag", Value: "5m"}))
	require.NoError(t, i.Write(from, "two"))
	w.Clock().Advance(4 * time.Minute)
	assert.Equal(t, []string{"one"}, w.Rows(other, to), "it has not come through yet")
	w.LoseRegion(home, awssim.Refuse)
	w.Clock().Advance(10 * time.Minute)
	assert.Equal(t, []string{"one"}, w.Rows(other, to), "and never will")
	_, err := w.Promote(other, to, nil)
	require.NoError(t, err)
	w.ReturnRegion(home)
	w.Clock().Advance(time.Hour)
	assert.Equal(t, []string{"one"}, w.Rows(other, to), "a promotion ends replication")
	assert.Equal(t, []string{"one", "two"}, w.Rows(home, source.Props["identifier"].(string)))

	restored := awssim.New(1)
	t.Cleanup(restored.Close)
	require.NoError(t, restored.Restore(w.Snapshot()))
	assert.Equal(t, []string{"one"}, restored.Rows(other, to))
}

func TestReadOnlyParameter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := instance(t, w)
	source, replica := pair(t, w)
	address := source.Props["address"].(string)
	group := create(t, w, home, "aws:rds/parameterGroup:ParameterGroup", "group", props{"name": "group", "family": "mysql8.0"})
	inputs := props{}
	for name, value := range source.Props {
		inputs[name] = value
	}
	inputs["parameterGroupName"] = "group"
	_, err := w.Update(t.Context(), awssim.Call{Region: home, Type: "aws:rds/instance:Instance", Name: "source", ID: source.ID, Inputs: inputs, Old: source.Props})
	require.NoError(t, err)
	set := func(old, new []any) {
		_, err := w.Update(t.Context(), awssim.Call{
			Region: home, Type: "aws:rds/parameterGroup:ParameterGroup", Name: "group", ID: group.ID,
			Inputs: props{"name": "group", "family": "mysql8.0", "parameters": new}, Old: props{"parameters": old},
		})
		require.NoError(t, err)
	}
	readOnly := []any{props{"name": "read_only", "value": "1", "applyMethod": "immediate"}}

	set(nil, readOnly)
	assert.NoError(t, i.Write(address, "late"), "RDS takes a moment to apply it")
	w.Clock().Advance(2 * time.Minute)
	assert.ErrorContains(t, i.Write(address, "x"), "--read-only")
	assert.False(t, i.Database(address).Writable)
	for range 5 {
		w.Clock().Advance(time.Minute)
		assert.Equal(t, []string{"late"}, w.Rows(other, replica.Props["identifier"].(string)), "its replica is not behind")
	}
	set(readOnly, nil)
	w.Clock().Advance(2 * time.Minute)
	assert.NoError(t, i.Write(address, "again"))
}

func TestInstancesHearOfAParameterWithinAMinute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := instance(t, w)
	made := create(t, w, other, "aws:ssm/parameter:Parameter", "mode", props{"name": "/site/mode", "type": "String", "insecureValue": "open"})
	w.Clock().Advance(time.Minute)
	_, err := w.Update(t.Context(), awssim.Call{
		Region: other, Type: "aws:ssm/parameter:Parameter", Name: "mode", ID: made.ID,
		Inputs: props{"name": "/site/mode", "type": "String", "insecureValue": "frozen"}, Old: props{"insecureValue": "open"},
	})
	require.NoError(t, err)
	before, _, err := i.Parameter(other, "/site/mode")
	require.NoError(t, err)
	assert.Equal(t, "open", before)
	w.Clock().Advance(time.Minute)
	after, _, err := i.Parameter(other, "/site/mode")
	require.NoError(t, err)
	assert.Equal(t, "frozen", after)
}
