package config

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMaxConnections(t *testing.T) {
	t.Parallel()
	for class, want := range map[string]int{
		"db.t4g.micro": 85, "db.t4g.medium": 341, "db.m6g.large": 682, "db.m5d.xlarge": 1365, "db.r6g.large": 1365, "db.r6g.2xlarge": 5461,
		"db.x2g.large": 0, "db.m6g.metal": 0, "m6g.large": 0, "db.r6g.4xlarge": 10922,
	} {
		assert.Equal(t, want, Database{Class: class}.MaxConnections(), class)
	}
	limit := func(to string) int {
		return Database{Class: "db.t4g.micro", Parameters: map[string]string{"max_connections": to}}.MaxConnections()
	}
	assert.Equal(t, 200, limit("200"))
	assert.Equal(t, 85, limit("{DBInstanceClassMemory/12582880}"), "a formula is RDS's to work out")
}

// TestConnections holds that an alarm at three quarters of them can ring: no instance opens more than its memory and PHP-FPM's
// pool let it, whatever the database would take.
func TestConnections(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		class, instance string
		fallback        []string
		most, want      int
	}{
		{"db.m6g.large", "m6i.large", nil, 6, 6 * 50},                   // the pool: 61 in memory, 96 by the database
		{"db.m6g.large", "t3.medium", nil, 6, 6 * 30},                   // the memory
		{"db.m6g.large", "m6i.large", []string{"c6i.large"}, 6, 6 * 30}, // that of the smallest type
		{"db.t4g.medium", "m6i.2xlarge", nil, 6, 6 * 45},                // the database
		{"db.m6g.large", "m7i-flex.large", nil, 2, 2 * 50},              //
		{"db.x2g.large", "m6i.large", nil, 6, 0},                        // a class of unknown memory
		{"db.m6g.large", "x2gd.large", nil, 6, 0},                       // a type of unknown memory
		{"db.m6g.large", "m6i.large", []string{"m6i.metal"}, 6, 0},      //
	} {
		c := pilotLight()
		c.Database.Class, c.App.InstanceType, c.App.FallbackTypes, c.App.Max = tc.class, tc.instance, tc.fallback, tc.most
		assert.Equal(t, tc.want, c.Connections(), "%+v", tc)
		assert.LessOrEqual(t, c.Connections(), c.Database.MaxConnections())
	}
}

// TestInstancesNeverFillTheDatabase compares with what small classes really take, as far as it was reported: RDS keeps
// part of their memory for itself.
func TestInstancesNeverFillTheDatabase(t *testing.T) {
	t.Parallel()
	for class, takes := range map[string]int{"db.t3.micro": 60, "db.t3.small": 145, "db.t3.medium": 300, "db.m6g.large": 620} {
		for most := 1; most <= 40; most++ {
			c := pilotLight()
			c.Database.Class, c.App.Min, c.App.Max = class, 1, most
			processes, known := c.PHPProcesses()
			assert.True(t, known)
			jobs := 2
			if fills := most * (processes + jobs); processes >= LeastPHPProcesses {
				assert.NoError(t, c.Validate())
				assert.LessOrEqual(t, fills, takes-4, "%d instances at a %s", most, class)
				assert.Greater(t, fills+most, takes/2, "%d instances at a %s leave half of it unused", most, class)
			} else {
				assert.ErrorContains(t, c.Validate(), "app.max")
			}
		}
	}
	c := pilotLight()
	c.Database.Class = "db.x2g.large"
	_, known := c.PHPProcesses()
	assert.False(t, known)
	assert.NoError(t, c.Validate())
}
