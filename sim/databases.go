package sim

import (
	"slices"
	"strings"
)

const (
	databaseType       = "aws:rds/instance:Instance"
	databaseSubnets    = "aws:rds/subnetGroup:SubnetGroup"
	databaseParameters = "aws:rds/parameterGroup:ParameterGroup"
)

func databaseKinds() map[string]*kind {
	return map[string]*kind{
		databaseSubnets: {
			service: "rds", sdk: "RDS", noun: "RDS DB Subnet Group",
			create: "CreateDBSubnetGroup", update: "ModifyDBSubnetGroup", delete: "DeleteDBSubnetGroup", id: named("name"),
			refs: []ref{{path: "subnetIds", to: subnetType, by: "id", missing: func(id string) error {
				return refuse("InvalidSubnet", "Some input subnets in :[%s] are invalid.", id)
			}}},
			unique: &unique{prop: "name", taken: func(o *Object) error {
				return refuse("DBSubnetGroupAlreadyExists", "The DB subnet group '%s' already exists.", o.text("name"))
			}},
			check: coveringZones,
			made:  madeSubnetGroup("rds", "subgrp:"),
			inUse: func(o, user *Object) error {
				return refuse("InvalidDBSubnetGroupStateFault", "Cannot delete the subnet group '%s' because at least one database instance: %s is still using it.", o.ID, user.text("identifier"))
			},
		},
		databaseParameters: {
			service: "rds", sdk: "RDS", noun: "RDS DB Parameter Group",
			create: "CreateDBParameterGroup", update: "ModifyDBParameterGroup", delete: "DeleteDBParameterGroup", id: named("name"),
			unique: &unique{prop: "name", taken: func(o *Object) error {
				return refuse("DBParameterGroupAlreadyExists", "Parameter group %s already exists", o.text("name"))
			}},
			check: validGroup, changed: changedGroup,
			made: func(_ *World, o *Object) { o.fill(map[string]any{"arn": arn("rds", o, "pg:"+o.ID)}) },
			inUse: func(o, _ *Object) error {
				return refuse("InvalidDBParameterGroupState", "One or more database instances are still members of this parameter group %s, so the group cannot be deleted", o.ID)
			},
		},
		databaseType: {
			service: "rds", sdk: "RDS", noun: "RDS DB Instance",
			create: "CreateDBInstance", update: "ModifyDBInstance", delete: "DeleteDBInstance",
			id: func(w *World, o *Object) string { return "db-" + strings.ToUpper(w.madeID(o, 26)) },
			refs: []ref{
				{path: "dbSubnetGroupName", to: databaseSubnets, by: "name", missing: func(name string) error {
					return refuse("DBSubnetGroupNotFoundFault", "DB subnet group '%s' not found.", name)
				}},
				{path: "parameterGroupName", to: databaseParameters, by: "name", missing: func(name string) error {
					return refuse("DBParameterGroupNotFound", "DBParameterGroup not found: %s", name)
				}},
				{path: "kmsKeyId", to: keyType, by: "arn", loose: true, missing: func(key string) error {
					return refuse("KMSKeyNotAccessibleFault", "The specified KMS key [%s] does not exist, is not enabled or you do not have permissions to access it.", key)
				}},
				withGroups("vpcSecurityGroupIds"),
			},
			unique: &unique{prop: "identifier", taken: func(*Object) error {
				return refuse("DBInstanceAlreadyExists", "DB instance already exists")
			}},
			takes: databaseTakes, check: validDatabase, made: madeDatabase, changed: changedDatabase, removed: removedDatabase, seen: seenDatabase,
			defaults: map[string]any{
				"multiAz": false, "deletionProtection": false, "storageEncrypted": false, "backupRetentionPeriod": 0.0,
				"autoMinorVersionUpgrade": true, "publiclyAccessible": false, "copyTagsToSnapshot": false,
				"caCertIdentifier": "rds-ca-rsa2048-g1", "storageType": "gp3", "licenseModel": "general-public-license",
			},
		},
	}
}

// coveringZones: a database's subnets must lie in two zones, whatever it is.
func coveringZones(w *World, o *Object) error {
	var zones, networks []string
	for _, id := range o.texts("subnetIds") {
		subnet := w.find(subnetType, o.Region, id)
		zones = append(zones, subnet.text("availabilityZone"))
		networks = append(networks, subnet.text("vpcId"))
	}
	slices.Sort(zones)
	if zones = slices.Compact(zones); len(zones) < 2 {
		return refuse("DBSubnetGroupDoesNotCoverEnoughAZs", "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ coverage: %s. Add subnets to cover at least 2 AZs.",
			strings.Join(zones, ", "))
	}
	if len(slices.Compact(networks)) > 1 {
		return refuse("InvalidParameterValue", "Subnets of a group must be in one VPC.")
	}
	return nil
}

// madeSubnetGroup is the same for databases and caches.
func madeSubnetGroup(service, resource string) func(*World, *Object) {
	return func(w *World, o *Object) {
		o.Props["vpcId"] = w.find(subnetType, o.Region, o.texts("subnetIds")[0]).text("vpcId")
		o.fill(map[string]any{"arn": arn(service, o, resource+o.text("name"))})
	}
}

// differentNetworks finds a security group outside a VPC.
func (w *World) differentNetworks(region, vpc string, groups []string) (group, its string, found bool) {
	for _, id := range groups {
		if g := w.find(groupType, region, id); g != nil && g.text("vpcId") != vpc {
			return id, g.text("vpcId"), true
		}
	}
	return "", "", false
}
