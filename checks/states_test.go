package checks

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

// documented are the states of RDS's documentation, by what they mean to a person: those that
// take reads and writes, those that pass, those with data that is not whole, and those that need somebody.
var documented = map[Standing][]string{
	Usable: {"available", "storage-initialization", "storage-optimization"},
	Passing: {
		"backing-up", "configuring-enhanced-monitoring", "configuring-iam-database-auth", "configuring-log-exports", "converting-to-vpc",
		"maintenance", "modifying", "moving-to-vpc", "rebooting", "renaming", "resetting-master-credentials", "starting", "storage-config-upgrade", "upgrading",
	},
	Forming: {"creating"},
	Stuck: {
		"delete-precheck", "deleting", "failed", "inaccessible-encryption-credentials", "inaccessible-encryption-credentials-recoverable",
		"incompatible-create", "incompatible-network", "incompatible-option-group", "incompatible-parameters", "incompatible-restore",
		"insufficient-capacity", "restore-error", "stopped", "stopping", "storage-full",
	},
}

// TestStates holds that each documented state is classified once, that check, promotion and
// waits agree on it, and that whoever is refused is told what to do.
func TestStates(t *testing.T) {
	t.Parallel()
	var all []string
	for standing, states := range documented {
		for _, status := range states {
			all = append(all, status)
			assert.Equal(t, standing, StandingOf(status), status)
		}
	}
	slices.Sort(all)
	assert.Equal(t, slices.Sorted(maps.Keys(instanceStates)), all)

	replica := Replica{ID: "blog-dr-1", Status: "inaccessible-encryption-credentials-recoverable", Key: "arn:key"}
	assert.Contains(t, StateRemedy(replica, "us-east-2"), "aws kms enable-key --region us-east-2 --key-id arn:key ")
	for _, status := range []string{"deleting", "failed", "inaccessible-encryption-credentials"} {
		replica.Status = status
		assert.Contains(t, StateRemedy(replica, "us-east-2"), "docs/runbook.md has what is left", status)
	}
	for _, status := range append(all, "quantum-folding") {
		for _, source := range []string{policy.Source, ""} {
			r := Replica{ID: "blog-dr-1", Status: status, Source: source, AllocatedGiB: 50}
			step, err := Promotion(r, false, "us-east-2", nil)
			blockers := databaseState(r, policy)
			switch standing := StandingOf(status); standing {
			case Usable:
				assert.Empty(t, blockers, status)
				assert.Equal(t, map[bool]Step{true: Promote, false: Promoted}[source != ""], step, status)
			case Passing:
				assert.Empty(t, blockers, "%s: the promotion waits for it", status)
				fallthrough
			case Forming, Unknown:
				assert.Equal(t, Wait, step, status)
				assert.NoError(t, err, status)
			case Stuck:
				assert.ErrorContains(t, err, blockers[0].Remedy, status)
			}
			assert.Equal(t, StandingOf(status) == Stuck, err != nil, status)
			assert.Equal(t, slices.Contains([]Standing{Stuck, Forming, Unknown}, StandingOf(status)), len(blockers) == 1, status)
			for _, b := range blockers {
				assert.NotEmpty(t, b.Remedy, status)
				assert.NotContains(t, b.Remedy, "{", status)
			}
		}
	}
}

func TestStateRemedies(t *testing.T) {
	t.Parallel()
	for status, says := range map[string]string{
		"storage-full":                        "aws rds modify-db-instance --db-instance-identifier blog-dr-1 --region us-east-2 --allocated-storage 60 --apply-immediately",
		"stopped":                             "aws rds start-db-instance --db-instance-identifier blog-dr-1 --region us-east-2",
		"incompatible-parameters":             "reset the parameter that it names",
		"inaccessible-encryption-credentials": "enable the key",
		"upgrading":                           "wait until it is available",
		"creating":                            "wait until it is available",
		"quantum-folding":                     "this program does not know the state",
	} {
		assert.Contains(t, StateRemedy(Replica{ID: "blog-dr-1", Status: status, AllocatedGiB: 50}, "us-east-2"), says)
	}
	for name, tc := range map[string]struct {
		has  Replica
		want string
	}{
		"RDS takes no IOPS below 400":     {Replica{AllocatedGiB: 399, IOPS: 3000}, "--allocated-storage 478 --apply-immediately"},
		"and asks for them from there on": {Replica{AllocatedGiB: 400, IOPS: 12000}, "--allocated-storage 480 --iops 12000 --apply-immediately"},
		"as many as there are":            {Replica{AllocatedGiB: 1000, IOPS: 16000}, "--allocated-storage 1200 --iops 16000 --apply-immediately"},
		"storage of another type":         {Replica{AllocatedGiB: 1000}, "--allocated-storage 1200 --apply-immediately"},
	} {
		tc.has.Status = "storage-full"
		assert.Contains(t, StateRemedy(tc.has, "us-east-2"), tc.want, name)
	}
}

// TestUnknownStateAccepted holds that a state that RDS has brought since is waited for, refused at
// the gate, and left to RDS where it was accepted.
func TestUnknownStateAccepted(t *testing.T) {
	t.Parallel()
	r := Replica{ID: "blog-dr-1", Status: "quantum-folding", Source: policy.Source}
	step, err := Promotion(r, false, "us-east-2", []string{AcceptDataLoss, IgnoreProduction})
	assert.Equal(t, Wait, step)
	assert.NoError(t, err)
	step, err = Promotion(r, false, "us-east-2", []string{AcceptStandby})
	assert.Equal(t, Promote, step)
	assert.NoError(t, err)
	stand, overruled := Overrule(databaseState(r, policy), []string{AcceptStandby})
	assert.Empty(t, stand)
	assert.Len(t, overruled, 1)
}

// TestNoSnapshot holds that a state in which RDS takes no final snapshot is one that needs a person.
func TestNoSnapshot(t *testing.T) {
	t.Parallel()
	var without []string
	for status := range maps.Keys(instanceStates) {
		if NoSnapshot(status) {
			without = append(without, status)
			assert.Equal(t, Stuck, StandingOf(status), status)
		}
	}
	assert.Len(t, without, 3)
	assert.False(t, NoSnapshot("stopped"))
	assert.False(t, NoSnapshot(""))
}
