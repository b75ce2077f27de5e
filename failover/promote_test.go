package failover_test

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/sim"
)

func promotions(w *sim.World) (count int) {
	for _, step := range w.Journal() {
		if step.Operation == "rds:PromoteReadReplica" {
			count++
		}
	}
	return count
}

func TestResetReadOnly(t *testing.T) {
	t.Parallel()
	w, rt, _ := standby(t)
	require.NoError(t, rt.ResetReadOnly(t.Context()))
	assert.Zero(t, resets(w), "it takes writes")
	frozen := group(map[string]any{"name": "read_only", "value": "1", "applyMethod": "immediate"})
	_, err := w.Update(t.Context(), sim.Call{Region: recovery, Type: groupType, ID: "replicas", Inputs: frozen, Old: group()})
	require.NoError(t, err)
	require.NoError(t, rt.ResetReadOnly(t.Context()))
	require.NoError(t, rt.ResetReadOnly(t.Context()))
	assert.Equal(t, 1, resets(w))
	verdict, err := rt.Check(t.Context())
	require.NoError(t, err)
	assert.NotContains(t, codes(verdict), checks.ReplicaReadOnly)
	rt.Site.Database = "not-made-yet"
	require.NoError(t, rt.ResetReadOnly(t.Context()))
}

// TestResetReadOnlyWaitsForAnotherChange has RDS refuse while another change of the group is
// under way.
func TestResetReadOnlyWaitsForAnotherChange(t *testing.T) {
	t.Parallel()
	w, rt, _ := standby(t, "error=rds:ResetDBParameterGroup:InvalidDBParameterGroupState:3")
	frozen := group(map[string]any{"name": "read_only", "value": "1", "applyMethod": "immediate"})
	_, err := w.Update(t.Context(), sim.Call{Region: recovery, Type: groupType, ID: "replicas", Inputs: frozen, Old: group()})
	require.NoError(t, err)
	require.NoError(t, rt.ResetReadOnly(t.Context()))
	assert.Equal(t, 4, resets(w))
}

// TestResetReadOnlyUnread holds that a group which RDS refuses to tell of is passed over only where that was accepted, and not
// while RDS is busy.
func TestResetReadOnlyUnread(t *testing.T) {
	t.Parallel()
	_, rt, said := standby(t, "error=rds:DescribeDBParameters:AccessDenied:2")
	require.ErrorContains(t, rt.ResetReadOnly(t.Context()), "AccessDenied")
	rt.Site.Accepted = []string{checks.AcceptStandby}
	require.NoError(t, rt.ResetReadOnly(t.Context()))
	assert.Contains(t, strings.Join(*said, "\n"), "whether parameter group replicas sets read_only is not known, which was accepted (RDS DescribeDBParameters: AccessDenied)")

	w, rt, _ := standby(t, "throttle=rds:DescribeDBParameters:20")
	frozen := group(map[string]any{"name": "read_only", "value": "1", "applyMethod": "immediate"})
	_, err := w.Update(t.Context(), sim.Call{Region: recovery, Type: groupType, ID: "replicas", Inputs: frozen, Old: group()})
	require.NoError(t, err)
	rt.Site.Accepted = []string{checks.AcceptStandby}
	require.NoError(t, rt.ResetReadOnly(t.Context()))
	assert.Equal(t, 1, resets(w))
}

// resets counts the parameters that were given their defaults.
func resets(w *sim.World) (count int) {
	for _, step := range w.Journal() {
		if step.Operation == "rds:ResetDBParameterGroup" {
			count++
		}
	}
	return count
}

func TestPromotion(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault string
		asked int // how often RDS is asked
	}{
		"goes well":         {"", 1},
		"breaks off":        {"promotion=fails", 2},
		"is refused a time": {"promotion=refused", 2},
		"loads its volume":  {"database=storage-initialization", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var faults []string
			if tc.fault != "" {
				faults = append(faults, tc.fault)
			}
			w, rt, said := standby(t, faults...)
			require.NoError(t, rt.StartPromotion(t.Context()))
			require.NoError(t, rt.WaitPromoted(t.Context()))
			assert.Equal(t, tc.asked, promotions(w))

			found, err := w.Databases(recovery, "site-dr")
			require.NoError(t, err)
			assert.Empty(t, found[0].Source)
			assert.Equal(t, "available", found[0].Status)
			assert.Equal(t, 7, found[0].BackupRetention, "the retention of backups stays")
			assert.Contains(t, strings.Join(*said, "\n"), "rebooting")

			require.NoError(t, rt.StartPromotion(t.Context()))
			require.NoError(t, rt.WaitPromoted(t.Context()))
			assert.Equal(t, tc.asked, promotions(w), "what is promoted is not promoted again")
		})
	}
}

// asMoto has RDS show a database as moto does: available, a replica of its source for good, and nothing of replication. A
// promotion is accepted each time.
var asMoto = map[string]edit{
	"DescribeDBInstances": func(status int, body string) (int, string) {
		_, body = without("StatusInfos", "ReadReplicaSourceDBInstanceIdentifier")(status, body)
		body = instanceStatus.ReplaceAllString(body, "<DBInstanceStatus>available</DBInstanceStatus><ReadReplicaSourceDBInstanceIdentifier>"+
			"arn:aws:rds:us-west-2:123456789012:db:site</ReadReplicaSourceDBInstanceIdentifier>")
		return status, body
	},
	"PromoteReadReplica": func(int, string) (int, string) {
		return http.StatusOK, "<PromoteReadReplicaResponse><PromoteReadReplicaResult></PromoteReadReplicaResult></PromoteReadReplicaResponse>"
	},
}

var instanceStatus = regexp.MustCompile("<DBInstanceStatus>[^<]*</DBInstanceStatus>")

// TestPromotionWhoseSourceStays holds that a promotion comes to its end where its source is shown for good, in the process that
// asked for it and in another one, and that the database counts as no replica once the state has seen it promoted.
func TestPromotionWhoseSourceStays(t *testing.T) {
	t.Parallel()
	w, rt, said := standbyBehind(t, asMoto)
	waits := func() time.Duration {
		began := w.Clock().Now()
		require.NoError(t, rt.StartPromotion(t.Context()))
		require.NoError(t, rt.WaitPromoted(t.Context()))
		return w.Clock().Now().Sub(began)
	}
	assert.InDelta(t, 2*time.Minute, waits(), float64(15*time.Second), "as long as RDS may take to begin")
	assert.Equal(t, 1, promotions(w))
	assert.Contains(t, strings.Join(*said, "\n"), "the promotion of site-dr: promoted")

	rt = rt.Again()
	assert.InDelta(t, 2*time.Minute, waits(), float64(15*time.Second), "another process asks again")
	assert.Equal(t, 2, promotions(w))

	rt.Site.Promoted, rt.Site.StandsBy = true, false
	assert.Less(t, waits(), time.Minute)
	assert.Equal(t, 2, promotions(w), "what is promoted is not promoted again")
	verdict, err := rt.CheckRetire(t.Context())
	require.NoError(t, err)
	assert.Empty(t, verdict.Blockers, "it is the live database")
	verdict, err = rt.Check(t.Context())
	require.NoError(t, err)
	assert.Empty(t, verdict.Blockers, "of a site that is reclaimed")
	seen, err := rt.Look(t.Context())
	require.NoError(t, err)
	assert.Empty(t, seen.Replica.Source)
}

// TestPromotionThatFailsIsAskedForAgain holds that a replica which still has a state of replication is not promoted, whatever
// was asked for and whatever the state has seen.
func TestPromotionThatFailsIsAskedForAgain(t *testing.T) {
	t.Parallel()
	w, rt, _ := standbyBehind(t, map[string]edit{"PromoteReadReplica": asMoto["PromoteReadReplica"], "DescribeDBInstances": func(status int, body string) (int, string) {
		status, body = asMoto["DescribeDBInstances"](status, body)
		return status, strings.ReplaceAll(body, "</DBInstanceStatus>", "</DBInstanceStatus><StatusInfos><DBInstanceStatusInfo><StatusType>read replication</StatusType><Status>error</Status></DBInstanceStatusInfo></StatusInfos>")
	}})
	rt.Site.Promoted = true
	rt.Site.Limits.Promote = 10 * time.Minute
	require.NoError(t, rt.StartPromotion(t.Context()))
	assert.True(t, isTimeout(rt.WaitPromoted(t.Context())))
	assert.Equal(t, 6, promotions(w))
}

func TestWaitPromotedGivesUp(t *testing.T) {
	t.Parallel()
	w, rt, _ := standby(t)
	rt.Site.Limits.Promote = time.Minute
	begin := w.Clock().Now()
	err := rt.WaitPromoted(t.Context())
	assert.True(t, isTimeout(err), "%v", err)
	assert.ErrorContains(t, err, `last saw "modifying": run the same command again to resume`)
	assert.WithinDuration(t, begin.Add(time.Minute), w.Clock().Now(), 10*time.Second)
}

// TestUnknownState holds that a state which RDS has brought since is waited for, and left to RDS
// where it was accepted, or where a change has waited long enough for it.
func TestUnknownState(t *testing.T) {
	t.Parallel()
	w, rt, said := standby(t, "database=quantum-folding")
	rt.Site.Limits.Promote = time.Minute
	assert.ErrorContains(t, rt.WaitPromoted(t.Context()), `last saw "quantum-folding"`)
	assert.Zero(t, promotions(w))
	rt.Site.Accepted = []string{checks.AcceptStandby}
	assert.True(t, isTimeout(rt.WaitPromoted(t.Context())))
	assert.Positive(t, promotions(w), "RDS is asked whether it takes a promotion")

	begin := w.Clock().Now()
	rt.Site.Limits.Promote = time.Hour
	require.NoError(t, rt.WaitModifiable(t.Context(), recovery, "site-dr"))
	assert.WithinDuration(t, begin.Add(10*time.Minute), w.Clock().Now(), 10*time.Second)
	assert.Contains(t, strings.Join(*said, "\n"), "quantum-folding, which is unknown: RDS itself says now whether it takes a change")
}

func TestWaitPromotedOfAFullVolume(t *testing.T) {
	t.Parallel()
	_, rt, _ := standby(t, "database=storage-full")
	assert.ErrorContains(t, rt.WaitPromoted(t.Context()), "aws rds modify-db-instance --db-instance-identifier site-dr --region us-east-2 --allocated-storage")
}

func TestWaitPromotedEndsWithItsContext(t *testing.T) {
	t.Parallel()
	_, rt, _ := standby(t)
	ctx, cancel := context.WithCancel(t.Context())
	rt.Say = func(string) { cancel() }
	assert.ErrorIs(t, rt.WaitPromoted(ctx), context.Canceled)
}

func TestPromotionOfNobody(t *testing.T) {
	t.Parallel()
	_, rt, _ := standby(t)
	rt.Site.Database = "nobody"
	assert.ErrorIs(t, rt.StartPromotion(t.Context()), failover.ErrNotFound)
}
