package config

import "fmt"

// The last parts of the names of two parameters, see RecordName and InventoryName.
const (
	RecordKey    = "claim"
	InventoryKey = "inventory"
)

// ParameterPath is the path below which a stack's parameters are, in SSM of its region.
func ParameterPath(site, stack string) string { return fmt.Sprintf("/%s/%s", site, stack) }

// RecordName is the name of the parameter that holds a stack's record: its claim.
func (c Config) RecordName() string { return ParameterPath(c.Site, c.Stack) + "/" + RecordKey }

// InventoryName is the name of the parameter that holds a stack's inventory.
func (c Config) InventoryName() string { return ParameterPath(c.Site, c.Stack) + "/" + InventoryKey }

// DatabaseID is the identifier of a database of this stack in RDS, and its logical name.
func (c Config) DatabaseID(generation int) string { return fmt.Sprintf("%s-%d", c.Name(), generation) }
