package config

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMaxConnections(t *testing.T) {
	t.Parallel()
	for class, want := range map[string]int{
		"db.t4g.micro": 85, "db.t4g.medium": 341, "db.m6g.large": 682, "db.m5d.xlarge": 1365, "db.r6g.large": 1365, "db.r6g.2xlarge": 5461,
		"db.x2g.large": 0, "db.m6g.metal": 0, "m6g.large": 0,
	} {
		assert.Equal(t, want, Database{Class: class}.MaxConnections(), class)
	}
	limit := func(to string) int {
		return Database{Class: "db.t4g.micro", Parameters: map[string]string{"max_connections": to}}.MaxConnections()
	}
	assert.Equal(t, 200, limit("200"))
	assert.Equal(t, 85, limit("{DBInstanceClassMemory/12582880}"), "a formula is RDS's to work out")
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
			if fills := most * (processes + jobs); processes >= leastPHPProcesses {
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
