package checks

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// pair is a replica and its source that are alike.
func pair() Snapshot {
	return Snapshot{
		At: noon,
		Source: &Replica{
			ID: "blog-prod-1", Status: "available", Engine: "8.4.5", AllocatedGiB: 100, CeilingGiB: 400, Free: &Free{GiB: 60, At: noon}, BackupWindow: "09:00-09:30",
			Set: map[string]string{"require_secure_transport": "1"},
		},
		Replica: &Replica{
			ID: "blog-dr-1", Status: "available", Source: policy.Source, Engine: "8.4.5", AllocatedGiB: 100, CeilingGiB: 400, Free: &Free{GiB: 60, At: noon}, BackupWindow: "03:00-03:30",
			Set: map[string]string{"require_secure_transport": "1"},
		},
	}
}

func TestAlike(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(*Snapshot)
		codes []string
		says  string
	}{
		"alike":                     {func(*Snapshot) {}, nil, ""},
		"the source was not asked":  {func(s *Snapshot) { s.Source = nil }, nil, ""},
		"no replica":                {func(s *Snapshot) { s.Replica = nil }, nil, ""},
		"a lower ceiling":           {func(s *Snapshot) { s.Replica.CeilingGiB = 200 }, []string{StorageCeiling}, "set database.maxStorageGiB to 400 in both files"},
		"no ceiling":                {func(s *Snapshot) { s.Replica.CeilingGiB = 0 }, []string{StorageCeiling}, "grows up to 100 GiB, and its source blog-prod-1 up to 400"},
		"a higher ceiling":          {func(s *Snapshot) { s.Replica.CeilingGiB = 800 }, nil, ""},
		"neither grows":             {func(s *Snapshot) { s.Replica.CeilingGiB, s.Source.CeilingGiB = 0, 0 }, nil, ""},
		"a source grown by hand":    {func(s *Snapshot) { s.Source.AllocatedGiB, s.Source.CeilingGiB = 500, 0 }, []string{StorageCeiling}, "set database.maxStorageGiB to 551"},
		"little free, and it grows": {func(s *Snapshot) { s.Replica.Free.GiB = 4 }, nil, ""},
		"little free at the ceiling": {
			func(s *Snapshot) {
				s.Replica.Free.GiB, s.Replica.AllocatedGiB, s.Replica.CeilingGiB, s.Replica.IOPS = 4, 400, 400, 12000
			},
			[]string{StorageLow}, "aws rds modify-db-instance --db-instance-identifier blog-dr-1 --region us-east-2 --allocated-storage 480 --iops 12000",
		},
		"little free under a ceiling that no step fits below": {
			func(s *Snapshot) { s.Replica.Free.GiB, s.Replica.CeilingGiB, s.Source.CeilingGiB = 4, 110, 110 },
			[]string{StorageLow}, "does not grow any more",
		},
		"a replica that grew alone": {
			func(s *Snapshot) { s.Replica.AllocatedGiB = 380 },
			[]string{StorageCeiling}, "grows up to 380 GiB, and its source blog-prod-1 up to 400: it stops replicating when it is full: set database.maxStorageGiB to 419 in both files",
		},
		"free space is not measured": {func(s *Snapshot) { s.Replica.Free, s.Replica.AllocatedGiB = nil, 400 }, nil, ""},
		"an older replica":           {func(s *Snapshot) { s.Replica.Engine = "8.4.3" }, []string{EngineOlder}, `database.engineVersion: "8.4.5"`},
		"an older series":            {func(s *Snapshot) { s.Replica.Engine = "8.0.42" }, []string{EngineOlder}, "older than the 8.4.5 of its source"},
		"before extended support": {
			func(s *Snapshot) { s.Replica.Engine, s.Source.Engine = "8.0.46", "8.0.46-rds.20260908" }, []string{EngineOlder}, `database.engineVersion: "8.0.46-rds.20260908"`,
		},
		"a later patch of it":      {func(s *Snapshot) { s.Replica.Engine, s.Source.Engine = "8.0.46-rds.20261104", "8.0.46-rds.20260908" }, nil, ""},
		"a replica upgraded first": {func(s *Snapshot) { s.Source.Engine = "8.0.42" }, nil, ""},
		"a parameter of one side": {
			func(s *Snapshot) { s.Source.Set["sql_mode"] = "ANSI" },
			[]string{ParametersDiffer}, `sql_mode is not set, and ANSI at its source: make them alike in database.parameters of both files ({sql_mode: "ANSI"})`,
		},
		"smaller packets":               {func(s *Snapshot) { s.Source.Set["max_allowed_packet"] = "134217728" }, []string{ParametersDiffer}, "max_allowed_packet"},
		"larger packets":                {func(s *Snapshot) { s.Replica.Set["max_allowed_packet"] = "134217728" }, nil, ""},
		"default packets":               {func(s *Snapshot) { s.Source.Set["max_allowed_packet"] = "67108864" }, nil, ""},
		"memory that follows the class": {func(s *Snapshot) { s.Source.Set["innodb_buffer_pool_size"] = "8589934592" }, nil, ""},
		"read-only, as a frozen one is": {func(s *Snapshot) { s.Source.Set["read_only"] = "1" }, nil, ""},
		"a source that waits for a reboot": {
			func(s *Snapshot) { s.Source.AwaitsReboot = true },
			[]string{ParametersPending}, "aws rds reboot-db-instance --db-instance-identifier blog-prod-1 --region us-west-2, at a quiet moment",
		},
		"a replica that waits for one": {func(s *Snapshot) { s.Replica.AwaitsReboot, s.Replica.Set["max_allowed_packet"] = true, "134217728" }, nil, ""},
		"a replica that waits for what must agree": {
			func(s *Snapshot) {
				s.Replica.AwaitsReboot, s.Replica.Set["max_allowed_packet"], s.Source.Set["max_allowed_packet"] = true, "134217728", "134217728"
			},
			[]string{ParametersPending}, "aws rds reboot-db-instance --db-instance-identifier blog-dr-1 --region us-east-2, which no visitor notices",
		},
		"everything at once": {
			func(s *Snapshot) {
				s.Replica.CeilingGiB, s.Replica.Free.GiB, s.Replica.Engine, s.Source.Set["time_zone"] = 0, 1, "8.0.42", "Asia/Shanghai"
			},
			[]string{StorageLow, StorageCeiling, EngineOlder, ParametersDiffer}, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := pair()
			tc.spoil(&s)
			var codes []string
			var text string
			for _, b := range Alike.Blockers(s, policy) {
				codes = append(codes, b.Code)
				text += b.String() + "\n"
				assert.NotEmpty(t, b.Remedy)
			}
			assert.Equal(t, tc.codes, codes)
			assert.Contains(t, text, tc.says)
		})
	}
}

func TestFindingsOfBoth(t *testing.T) {
	t.Parallel()
	facts := func(spoil func(*Snapshot)) map[string]string {
		s := pair()
		spoil(&s)
		all := map[string]string{}
		for _, f := range Alike.Findings(s, policy) {
			all[f.Subject] = f.Reason
		}
		return all
	}
	assert.Equal(t, map[string]string{
		"storage":    "database blog-dr-1 has 100 GiB, 60.0 free, and grows up to 400; its source database blog-prod-1 has 100 GiB, 60.0 free, and grows up to 400",
		"mysql":      "database blog-dr-1 runs MySQL 8.4.5, its source 8.4.5",
		"parameters": "the parameters of both databases agree where they must",
		"backups":    "database blog-dr-1 is backed up between 03:00-03:30 UTC, when a promotion may have to wait for that",
	}, facts(func(*Snapshot) {}))
	assert.Empty(t, facts(func(s *Snapshot) { s.Replica = nil }))

	engine := func(version string, at time.Time) string {
		return facts(func(s *Snapshot) { s.Source.Engine, s.At = version, at })["mysql"]
	}
	assert.Contains(t, engine("8.0.42", noon), "(an upgrade is under way: the source is next); standard support of 8.0 ends on 2026-07-31")
	assert.Contains(t, engine("8.0.42", noon.AddDate(0, 6, 0)), "standard support of 8.0 ended on 2026-07-31, and extended support is billed")
	assert.NotContains(t, engine("8.0.42", noon.AddDate(0, -3, 0)), "standard support")
	assert.Contains(t, facts(func(s *Snapshot) { s.Source, s.Replica.Engine = nil, "9.7.0" })["mysql"], "until when RDS supports 9.7 is not known here")

	backups := func(window string) string {
		return facts(func(s *Snapshot) { s.Replica.BackupWindow = window })["backups"]
	}
	assert.Contains(t, backups("11:45-12:15"), "that is now, and a promotion waits")
	assert.Contains(t, backups("23:45-00:15"), "may have to wait")
	assert.Contains(t, backups("23:00-12:15"), "that is now")
	assert.Empty(t, backups(""))
}
