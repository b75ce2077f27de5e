package config

import (
	"regexp"
	"strconv"
	"strings"
)

var (
	sizes = regexp.MustCompile(`^([tmrc])\d[a-z]*(?:-flex)?\.(micro|small|medium|large|(\d*)xlarge)$`)
	// large is the memory of size large, in MiB, by family, and parts is what smaller ones have of it.
	large = map[string]int{"t": 8 << 10, "m": 8 << 10, "r": 16 << 10, "c": 4 << 10}
	parts = map[string]int{"micro": 8, "small": 4, "medium": 2, "large": 1}
)

// memory is that of an instance type, or of a database class without its db., in MiB; 0 is not known.
func memory(name string) int {
	m := sizes.FindStringSubmatch(name)
	if m == nil {
		return 0
	}
	if part := parts[m[2]]; part > 0 {
		return large[m[1]] / part
	}
	times := 1
	if n, err := strconv.Atoi(m[3]); err == nil {
		times = n
	}
	return large[m[1]] * 2 * times
}

// MaxConnections is how many connections MySQL takes: what the parameter says, or RDS's default of one for each
// 12582880 bytes of the class's memory ("Maximum number of database connections"). RDS keeps some of the memory for
// itself, so it is a little less. 0 is not known.
func (d Database) MaxConnections() int {
	if set, err := strconv.Atoi(d.Parameters["max_connections"]); err == nil {
		return set
	}
	class, _ := strings.CutPrefix(d.Class, "db.")
	if class == d.Class {
		return 0
	}
	return memory(class) << 20 / 12582880
}

// LeastPHPProcesses is with how few of them an instance is worth its money.
const LeastPHPProcesses = 4

// PHPProcesses is how many PHP processes an instance may have for visitors, each of which connects to the database:
// app.max instances together never fill it. known is false where the class's connections are not known.
//
// A tenth of the connections and 20 more are for others: RDS itself, a person who looks what is wrong, and the memory
// that MaxConnections does not see (a db.t3.micro takes about 60 connections, not 85). Two of each instance's are its jobs'.
func (c Config) PHPProcesses() (most int, known bool) {
	connections := c.Database.MaxConnections()
	if connections == 0 {
		return 0, false
	}
	return (connections*9/10-20)/max(c.App.Max, 1) - 2, true
}

// pool is how many processes PHP-FPM's own pool allows (pm.max_children in its www.conf), where the image does not say otherwise.
const pool = 50

// Connections is how many connections to the database the instances of a site can open, app.max of them with all processes
// busy: no more than PHPProcesses each, than three quarters of the memory hold at 100 MiB (components/userdata.sh.tmpl), and
// than PHP-FPM's pool. 0 is not known.
func (c Config) Connections() int {
	most, known := c.PHPProcesses()
	if !known {
		return 0
	}
	most = min(most, pool)
	for _, name := range c.App.Types() {
		most = min(most, memory(name)*3/4/100)
	}
	return c.App.Max * most
}
