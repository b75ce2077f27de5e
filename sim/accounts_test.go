package sim_test

import (
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
)

// asInstance has an instance do something.
func asInstance(t *testing.T, w *sim.World, balancer string, do func(sim.Instance)) {
	t.Helper()
	w.SetWorkload(func(i sim.Instance, _ *http.Request) sim.Answer {
		do(i)
		return sim.Answer{Status: http.StatusOK}
	})
	_, _, err := visit(t, w, "http://"+balancer)
	require.NoError(t, err)
}

// TestAccounts makes users of a database and changes the master's password: a replica lets in whom its source does,
// once it has heard of them.
func TestAccounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	balancer, n := served(t, w)
	startInstances(t, w, n)
	source, replica := pair(t, w)
	at, copied := addressOf(source), addressOf(replica)
	user, password := source.Props["username"].(string), source.Props["password"].(string)
	w.Clock().Advance(time.Minute)
	asInstance(t, w, balancer, func(i sim.Instance) {
		assert.ErrorContains(t, i.LogIn(at, "blog", "first"), "Error 1045", "nobody made it")
		assert.ErrorContains(t, i.SetAccount(at, user, "wrong", "blog", "first"), "Error 1045")
		assert.NoError(t, i.SetAccount(at, user, password, "blog", "first"))
		assert.NoError(t, i.LogIn(at, "blog", "first"))
		assert.ErrorContains(t, i.LogIn(copied, "blog", "first"), "Error 1045", "replication takes a while")
	})
	w.Clock().Advance(time.Minute)
	asInstance(t, w, balancer, func(i sim.Instance) {
		assert.NoError(t, i.LogIn(copied, "blog", "first"))
		assert.ErrorContains(t, i.SetAccount(copied, user, password, "blog", "second"), "Error 1290", "a replica takes no writes")
		assert.NoError(t, i.SetAccount(at, user, password, "blog", ""))
		assert.ErrorContains(t, i.LogIn(at, "blog", "first"), "Error 3118")
	})
	assert.Empty(t, w.Rows(home, "site"), "users are in no table of the site")

	inputs := maps.Clone(source.Props)
	inputs["password"] = "another password"
	_, err := w.Update(t.Context(), sim.Call{Region: home, Type: source.Type, Name: source.Name, ID: source.ID, Inputs: inputs, Old: source.Props})
	require.NoError(t, err)
	w.Clock().Advance(time.Minute)
	asInstance(t, w, balancer, func(i sim.Instance) {
		for _, address := range []string{at, copied} {
			assert.Error(t, i.LogIn(address, user, password))
			assert.NoError(t, i.LogIn(address, user, "another password"))
		}
	})
}

// TestCacheToken changes the token of a cache: with ROTATE it lets in by the one before, too.
func TestCacheToken(t *testing.T) {
	t.Parallel()
	const first, second = "first-first-first", "second-second-second"
	w := newWorld(t)
	balancer, n := served(t, w)
	startInstances(t, w, n)
	inputs := props{"replicationGroupId": "cache", "authToken": first, "transitEncryptionEnabled": true, "subnetGroupName": "none", "authTokenUpdateStrategy": "SET"}
	create(t, w, home, "aws:elasticache/subnetGroup:SubnetGroup", "none", props{"name": "none", "subnetIds": n.subnets})
	cache := create(t, w, home, "aws:elasticache/replicationGroup:ReplicationGroup", "cache", inputs)
	lets := func() (by []string) {
		asInstance(t, w, balancer, func(i sim.Instance) {
			for _, token := range []string{first, second} {
				if i.Cache(cache.Props["primaryEndpointAddress"].(string), token) {
					by = append(by, token)
				}
			}
		})
		return by
	}
	assert.Equal(t, []string{first}, lets())
	for _, step := range []struct {
		strategy string
		lets     []string
	}{{"ROTATE", []string{first, second}}, {"SET", []string{second}}} {
		old := maps.Clone(inputs)
		inputs["authToken"], inputs["authTokenUpdateStrategy"] = second, step.strategy
		_, err := w.Update(t.Context(), sim.Call{Region: home, Type: cache.Type, Name: cache.Name, ID: cache.ID, Inputs: inputs, Old: old})
		require.NoError(t, err)
		assert.Equal(t, step.lets, lets(), step.strategy)
	}
	old := maps.Clone(inputs)
	inputs["authToken"] = first
	_, err := w.Update(t.Context(), sim.Call{Region: home, Type: cache.Type, Name: cache.Name, ID: cache.ID, Inputs: inputs, Old: old})
	require.ErrorContains(t, err, "SET is allowed only after ROTATE")
	assert.Equal(t, []string{second}, lets())
}
