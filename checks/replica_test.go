package checks

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestEnded(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(*Replica)
		ended bool
	}{
		"its source is lost":     {func(*Replica) {}, false},
		"it replicates":          {func(r *Replica) { r.Replication, r.Message = "replicating", "" }, false},
		"stopped by hand":        {func(r *Replica) { r.Replication, r.Message = "stopped", "" }, false},
		"an error without words": {func(r *Replica) { r.Message = "" }, false},
		"stopped by RDS":         {func(r *Replica) { r.Replication, r.Message = "terminated", "" }, true},
		"the applier failed":     {func(r *Replica) { r.Message = "SQLError: 1062, reason: Duplicate entry" }, true},
		"the binary log is gone": {func(r *Replica) { r.Message = "IOError: 1236, reason: Got fatal error 1236" }, true},
		"promoted":               {func(r *Replica) { *r = Replica{ID: r.ID, Status: "available"} }, true},
		"promoted, backing up":   {func(r *Replica) { *r = Replica{ID: r.ID, Status: "backing-up"} }, true},
		"of another source":      {func(r *Replica) { r.Source = "arn:other" }, true},
		"full": {func(r *Replica) {
			r.Status, r.Message = "storage-full", "SQLError: 1021, reason: Disk full"
		}, false},
		"creating": {func(r *Replica) { r.Status, r.Replication, r.Message = "creating", "", "" }, false},
		"failed":   {func(r *Replica) { r.Status = "failed" }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := *productionLost().Replica
			tc.spoil(&r)
			assert.Equal(t, tc.ended, Ended(r, policy.Source))
		})
	}
	assert.False(t, Ended(*productionLost().Replica, ""), "a source that is not known is no other one")
	var named []string
	for status, state := range maps.All(instanceStates) {
		if strings.Contains(state.remedy, anew) {
			named = append(named, status)
		}
	}
	slices.Sort(named)
	assert.Equal(t, endedStates, named, "what a remedy sends to reprotect, reprotect mends")
}
