package state

import "strings"

// unmade has, by type, the property that names a resource of which the state holds neither an ARN nor a network
// interface. That is one that AWS accepted, and then failed to make or still makes: the provider gave up waiting, and
// read nothing of it.
var unmade = map[string]string{
	"aws:elasticache/replicationGroup:ReplicationGroup": "replicationGroupId",
	"aws:lb/loadBalancer:LoadBalancer":                  "name",
	"aws:ec2/natGateway:NatGateway":                     "allocationId",
}

// idsOf are those of a resource among State.ResourceIDs, by its type and its outputs.
func idsOf(typ string, outputs map[string]any) (ids []string) {
	if !strings.HasPrefix(typ, "aws:") { // a component has its child's ARN
		return nil
	}
	for _, key := range []string{"arn", "networkInterfaceId"} {
		if known, _ := outputs[key].(string); known != "" { // a route has an empty interface
			ids = append(ids, known)
		}
	}
	if name, _ := outputs[unmade[typ]].(string); len(ids) == 0 && name != "" {
		ids = append(ids, name)
	}
	return ids
}
