package config

import (
	"regexp"
	"strconv"
)

var (
	classSize = regexp.MustCompile(`^db\.([tmr])\d[a-z]*\.(micro|small|medium|large|(\d*)xlarge)$`)
	// memory is that of classes, in MiB, by size; that of large is the family's.
	memory = map[string]int{"micro": 1 << 10, "small": 2 << 10, "medium": 4 << 10}
	large  = map[string]int{"t": 8 << 10, "m": 8 << 10, "r": 16 << 10}
)

// MaxConnections is how many connections MySQL takes: what the parameter says, or RDS's default of one for each
// 12582880 bytes of the class's memory ("Maximum number of database connections"). RDS keeps some of the memory for
// itself, so it is a little less. 0 is not known.
func (d Database) MaxConnections() int {
	if set, err := strconv.Atoi(d.Parameters["max_connections"]); err == nil {
		return set
	}
	m := classSize.FindStringSubmatch(d.Class)
	if m == nil {
		return 0
	}
	mib, small := memory[m[2]]
	switch times, err := strconv.Atoi(m[3]); {
	case small:
	case m[2] == "large":
		mib = large[m[1]]
	case err == nil:
		mib = large[m[1]] * 2 * times
	default:
		mib = large[m[1]] * 2
	}
	return mib << 20 / 12582880
}

// leastPHPProcesses is with how few of them an instance is worth its money.
const leastPHPProcesses = 4

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
