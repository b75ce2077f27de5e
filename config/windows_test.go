package config

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWindows(t *testing.T) {
	t.Parallel()
	prod, dr := Config{Stack: "prod", Peer: &Peer{Stack: "dr"}}, Config{Stack: "dr", Peer: &Peer{Stack: "prod"}}
	backup, maintenance := prod.Windows()
	theirs, theirMaintenance := dr.Windows()
	assert.NotEqual(t, backup, theirs)
	assert.NotEqual(t, maintenance, theirMaintenance)
	dr.Database.BackupWindow = "23:00-23:30"
	theirs, _ = dr.Windows()
	assert.Equal(t, "23:00-23:30", theirs)
}

func TestValidateWindows(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		backup, maintenance string
		says                string
	}{
		"the defaults":        {"", "", ""},
		"apart":               {"03:00-03:30", "sun:04:00-sun:04:30", ""},
		"one after the other": {"03:00-03:30", "sun:03:30-sun:04:00", ""},
		"over midnight":       {"23:45-00:15", "mon:00:15-mon:00:45", ""},
		"at once":             {"03:00-04:00", "sun:03:30-sun:04:30", "set it to another time than database.backupWindow (03:00-04:00)"},
		"at once on Monday":   {"23:45-00:15", "mon:00:00-mon:00:30", "set it to another time"},
		"at once over Sunday": {"00:00-00:30", "sun:23:45-mon:00:15", "set it to another time"},
		"with the default":    {"04:45-05:15", "", "set it to another time"},
		"too short":           {"03:00-03:10", "", "database.backupWindow"},
		"no time":             {"03:00-25:00", "", "database.backupWindow"},
		"a weekly backup":     {"sun:03:00-sun:03:30", "", "database.backupWindow"},
		"no day":              {"", "sol:04:00-sol:04:30", "database.maintenanceWindow"},
		"a daily maintenance": {"", "04:00-04:30", "database.maintenanceWindow"},
		"too long":            {"", "sun:06:00-mon:06:00", "database.maintenanceWindow"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := Config{Stack: "dr", Database: Database{BackupWindow: tc.backup, MaintenanceWindow: tc.maintenance}}
			var p problems
			c.validateWindows(&p)
			err := configError("", p)
			if tc.says == "" {
				assert.NoError(t, err)
				return
			}
			assert.ErrorContains(t, err, tc.says)
		})
	}
}
