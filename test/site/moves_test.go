package site

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
)

// TestDisaster loses production under ten writes a second, while its replica falls behind. The verb
// moves the site. What its report calls lost is lost, and nothing else: counted in the database.
func TestDisaster(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	writing := d.write()
	d.world.Clock().Advance(30 * time.Minute)
	writing.await(t, home, 20)

	// Replication stops at a moment that the program can know by the metric alone, which counts whole seconds.
	replica, behind := d.on(scenario.Recovery), 0
	writing.pausing(func() {
		replica.awaits(d.on(scenario.Production))
		replica.must("STOP SLAVE IO_THREAD")
		behind = len(rows(replica.server))
		now := d.world.Clock().Now()
		d.world.Clock().Advance(now.Truncate(time.Second).Add(time.Second).Sub(now))
		growing, err := sim.ParseFault("lag=growing")
		require.NoError(t, err)
		require.NoError(t, d.world.Inject(growing))
	})
	writing.await(t, home, 10)
	d.world.Clock().Advance(2 * time.Minute)
	writing.await(t, home, 10)
	d.world.LoseRegion(home, sim.Hang)
	d.running(home).powerOff()
	d.on(scenario.Production).catchUp()
	d.world.Clock().Advance(15 * time.Minute)

	_, err := d.site().Failover(t.Context(), ops.Accepted{}, ops.Run{})
	require.NoError(t, err)
	writing.await(t, away, 10)
	writing.end()
	require.True(t, d.deep(d.running(away)).OK)
	d.returnAtOnce(t, replica)

	good := d.verdict().LastGood
	require.NotNil(t, good)
	until := good.At.Add(-good.Value)
	require.Contains(t, d.verdict().Loss, "a failover loses at least what was written after "+until.Format("15:04:05"))
	held, lost := holds(replica.server), 0
	for n, w := range writing.taken {
		switch {
		case w.region == away:
			assert.True(t, held[n], "row %d was taken by the new primary, and is lost", n)
		case held[n]:
			assert.True(t, w.at.Before(until), "row %d of %s is there: the report says that it is lost", n, w.at)
		default:
			lost++
			assert.False(t, w.at.Before(until), "row %d of %s is lost: the report says that it is not", n, w.at)
		}
	}
	assert.Equal(t, writing.count(home)-behind, lost)
	assert.GreaterOrEqual(t, lost, 20, "the replica was not behind, so the test shows nothing")
}

// TestSwitchover has the verb move the site under ten writes a second: none is lost, and the side that
// stands down takes none once the other may.
func TestSwitchover(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	v := d.visit()
	medium := v.upload(v.logIn(), "tide.txt", "text/plain", "high water at noon")
	writing := d.write()
	d.world.Clock().Advance(30 * time.Minute)
	writing.await(t, home, 10)

	tried, ignores, taken := false, false, 0
	source, replica, production := d.on(scenario.Production), d.on(scenario.Recovery), d.running(home)
	// Production is frozen then, and has not heard of the claim: later it is fenced, and tries no write.
	d.claimed = func(stack string) {
		if stack != scenario.Recovery {
			return
		}
		grant := " READ ONLY ADMIN ON *.* %s '" + d.secrets["database_user"] + "'@'%%'"
		source.must("SET sql_log_bin = 0; GRANT" + fmt.Sprintf(grant, "TO"))
		ignores = d.deep(production).IgnoresReadOnly
		source.must("SET sql_log_bin = 0; REVOKE" + fmt.Sprintf(grant, "FROM"))
	}
	d.frozen = func() {
		tried, taken = true, writing.count(home)
		frozen := d.deep(production)
		assert.True(t, frozen.Frozen)
		assert.Equal(t, "read-only", frozen.Database)
		assert.Equal(t, 503, production.visit().get("/").status, "a frozen side serves")
		for _, user := range []string{"database", "master"} {
			told := source.as(d.secrets, user, "INSERT INTO "+d.secrets["database_name"]+".writes VALUES (0)")
			assert.Contains(t, told, "ERROR 1290", "a frozen database takes what %s writes", user)
		}
	}
	_, err := d.site().Switchover(t.Context(), scenario.Recovery, ops.Accepted{}, ops.Run{})
	require.NoError(t, err)
	require.True(t, tried, "nothing was promoted")
	assert.True(t, ignores, "the freeze is believed, not tried")
	writing.await(t, away, 10)
	writing.end()
	require.NoError(t, production.systemd.start(refresh))
	assert.True(t, d.deep(production).Fenced)
	require.NoError(t, production.visit().get("/").want(503), "the side that stood down serves")

	held := holds(replica.server)
	for n, w := range writing.taken {
		assert.True(t, held[n], "row %d, taken in %s at %s, is lost", n, w.region, w.at)
	}
	assert.Equal(t, taken, writing.count(home), "the side that stood down took a write after the promotion began")
	assert.Len(t, rows(source.server), taken, "the side that stands down took more than it says")
	d.world.Clock().Advance(30 * time.Minute)
	eventually(t, patience, func() error { return v.get(medium).want(200) })
	assert.Equal(t, away, v.get(medium).header.Get(servedBy))
}

// holds are the rows of a database.
func holds(s *server) map[int]bool {
	s.t.Helper()
	held := map[int]bool{}
	for _, text := range rows(s) {
		n, err := strconv.Atoi(text)
		require.NoError(s.t, err)
		held[n] = true
	}
	return held
}
