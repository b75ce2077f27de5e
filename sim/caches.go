package sim

import (
	"fmt"
	"time"

	"github.com/pilotlight-dr/pilotlight/awsregion"
)

const (
	cacheType    = "aws:elasticache/replicationGroup:ReplicationGroup"
	cacheSubnets = "aws:elasticache/subnetGroup:SubnetGroup"
)

func cacheKinds() map[string]*kind {
	return map[string]*kind{
		cacheSubnets: {
			service: "elasticache", sdk: "ElastiCache", noun: "ElastiCache Subnet Group",
			create: "CreateCacheSubnetGroup", update: "ModifyCacheSubnetGroup", delete: "DeleteCacheSubnetGroup", id: named("name"),
			refs: []ref{{path: "subnetIds", to: subnetType, by: "id", missing: func(id string) error {
				return refuse("InvalidSubnet", "Some input subnets in :[%s] are invalid.", id)
			}}},
			unique: &unique{prop: "name", taken: func(o *Object) error {
				return refuse("CacheSubnetGroupAlreadyExists", "Cache subnet group %s already exists.", o.text("name"))
			}},
			made: madeSubnetGroup("elasticache", "subnetgroup:"),
			inUse: func(o, _ *Object) error {
				return refuse("CacheSubnetGroupInUse", "Cache subnet group %s is currently in use by a cache cluster.", o.ID)
			},
		},
		cacheType: {
			service: "elasticache", sdk: "ElastiCache", noun: "ElastiCache Replication Group", globally: true, role: "AWSServiceRoleForElastiCache",
			create: "CreateReplicationGroup", update: "ModifyReplicationGroup", delete: "DeleteReplicationGroup",
			id: named("replicationGroupId"),
			refs: []ref{
				{path: "subnetGroupName", to: cacheSubnets, by: "name", missing: func(name string) error {
					return refuse("CacheSubnetGroupNotFoundFault", "Cache Subnet Group %s does not exist.", name)
				}},
				{path: "securityGroupIds", to: groupType, by: "id", missing: func(id string) error {
					return refuse("InvalidParameterValue", "Some security group Ids are invalid: %s", id)
				}},
			},
			unique: &unique{prop: "replicationGroupId", taken: func(o *Object) error {
				return refuse("ReplicationGroupAlreadyExists", "Replication group %s already exists", o.text("replicationGroupId"))
			}},
			check: validCache, made: madeCache, changed: changedCache,
			defaults: map[string]any{
				"engine": "redis", "numCacheClusters": 1.0, "automaticFailoverEnabled": false, "multiAzEnabled": false,
				"transitEncryptionEnabled": false, "atRestEncryptionEnabled": false, "clusterMode": "disabled", "clusterEnabled": false,
				"autoMinorVersionUpgrade": true,
			},
		},
	}
}

func validCache(w *World, o *Object) error {
	token := o.text("authToken")
	switch {
	case o.flag("automaticFailoverEnabled") && o.number("numCacheClusters") < 2:
		return refuse("InvalidParameterValue", "When using automatic failover, there must be at least 2 cache clusters in the replication group.")
	case o.flag("multiAzEnabled") && !o.flag("automaticFailoverEnabled"):
		return refuse("InvalidParameterCombination", "Multi-AZ can only be enabled with automatic failover.")
	case token != "" && !o.flag("transitEncryptionEnabled"):
		return refuse("InvalidParameterCombination", "The AUTH token is only supported when encryption-in-transit is enabled.")
	case token != "" && (len(token) < 16 || len(token) > 128):
		return refuse("InvalidParameterValue", "Invalid AuthToken provided: it must have 16 to 128 characters.")
	case o.flag("transitEncryptionEnabled") && o.text("subnetGroupName") == "":
		return refuse("InvalidParameterCombination", "Encryption-in-transit is only supported in a VPC: name a subnet group.")
	case o.number("numNodeGroups") > 1:
		return fmt.Errorf("a Redis group in cluster mode is %w", ErrNotModelled)
	}
	if group := w.findBy(cacheSubnets, o.Region, "name", o.text("subnetGroupName")); group != nil {
		if id, _, found := w.differentNetworks(o.Region, group.text("vpcId"), o.texts("securityGroupIds")); found {
			return refuse("InvalidParameterValue", "Security group %s is not in the VPC of subnet group %s.", id, group.text("name"))
		}
	}
	return nil
}

// changedCache changes the token without an interruption (AmazonElastiCache/latest/dg/auth.html): with the
// strategy ROTATE clients are let in by the one before, too; with SET no more. SET takes only the token of the last ROTATE
// (AmazonElastiCache/latest/APIReference/API_ModifyReplicationGroup.html, AuthTokenUpdateStrategy). AWS does not document the error.
func changedCache(_ *World, _ Call, old, o *Object) error {
	strategy := o.text("authTokenUpdateStrategy")
	changed := old.text("authToken") != o.text("authToken")
	switch {
	case changed && strategy == "SET" && old.text("authToken") != "":
		return refuse("InvalidParameterCombination", "The AUTH token update strategy SET is allowed only after ROTATE, with the same token.")
	case changed && strategy == "ROTATE":
		o.Former = []Former{{Value: old.text("authToken")}}
		o.setTime("token", o.Ready)
	case changed || old.text("authTokenUpdateStrategy") != strategy && strategy == "SET":
		o.Former = nil
	}
	return nil
}

// lets reports whether a cache lets clients in by a token.
func (o *Object) lets(token string, now time.Time) bool {
	if token == o.text("authToken") {
		since, changed := o.Times["token"]
		return !changed || !now.Before(since)
	}
	return len(o.Former) > 0 && o.Former[0].Value == token
}

func madeCache(w *World, o *Object) {
	id := o.text("replicationGroupId")
	mark := fmt.Sprintf("%06x", w.hash("elasticache", o.Region)>>40)
	var members []any
	for i := range o.number("numCacheClusters") {
		members = append(members, fmt.Sprintf("%s-%03d", id, i+1))
	}
	// TLS puts the role in front of the name, plain ones behind.
	primary := fmt.Sprintf("%s.%s.ng.0001.%s.cache.%s", id, mark, o.Region, awsregion.DNSSuffix(o.Region))
	reader := fmt.Sprintf("%s-ro.%s.ng.0001.%s.cache.%s", id, mark, o.Region, awsregion.DNSSuffix(o.Region))
	if o.flag("transitEncryptionEnabled") {
		primary = fmt.Sprintf("master.%s.%s.%s.cache.%s", id, mark, o.Region, awsregion.DNSSuffix(o.Region))
		reader = fmt.Sprintf("replica.%s.%s.%s.cache.%s", id, mark, o.Region, awsregion.DNSSuffix(o.Region))
	}
	o.fill(map[string]any{
		"arn": arn("elasticache", o, "replicationgroup:"+id), "port": 6379.0, "primaryEndpointAddress": primary,
		"readerEndpointAddress": reader, "engineVersion": "7.1", "parameterGroupName": "default.redis7",
	})
	o.Props["memberClusters"] = members
	o.stamp(o.Ready)
	o.Props["engineVersionActual"] = o.text("engineVersion") + ".0"
}
