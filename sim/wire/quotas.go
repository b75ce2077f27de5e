package wire

import (
	"encoding/xml"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pilotlight-dr/pilotlight/sim"
)

var quotaOperations = map[string]operation{
	"GetServiceQuota":                               {quotaCode, quotaOf(false)},
	"GetAWSDefaultServiceQuota":                     {quotaCode, quotaOf(true)},
	"ListRequestedServiceQuotaChangeHistoryByQuota": {quotaCode, listIncreases},
	"RequestServiceQuotaIncrease":                   {quotaCode, requestIncrease},
}

func quotaCode(in input) string { return in.member("ServiceCode") + "/" + in.member("QuotaCode") }

func quotaOf(standard bool) func(request) (any, error) {
	return func(r request) (any, error) {
		q, err := r.world.QuotaOf(r.region, r.in.member("ServiceCode"), r.in.member("QuotaCode"), standard)
		if err != nil {
			return nil, err
		}
		quota := map[string]any{"ServiceCode": q.Service, "QuotaCode": q.Code, "QuotaName": q.Title, "Adjustable": true, "GlobalQuota": false}
		if q.Unread != "" {
			quota["ErrorReason"] = map[string]any{"ErrorCode": q.Unread, "ErrorMessage": q.Why}
		} else {
			quota["Value"] = float64(q.Value)
		}
		return map[string]any{"Quota": quota}, nil
	}
}

func requestIncrease(r request) (any, error) {
	desired, _ := r.in.json["DesiredValue"].(float64)
	asked, err := r.world.RequestIncrease(r.region, r.in.member("ServiceCode"), r.in.member("QuotaCode"), int(desired))
	if err != nil {
		return nil, err
	}
	return map[string]any{"RequestedQuota": increaseOf(asked, "PENDING")}, nil
}

func listIncreases(r request) (any, error) {
	asked, statuses := r.world.Increases(r.region, r.in.member("ServiceCode"), r.in.member("QuotaCode"))
	list := []map[string]any{}
	for i := range asked {
		list = append(list, increaseOf(asked[i], statuses[i]))
	}
	return map[string]any{"RequestedQuotas": list}, nil
}

func increaseOf(i sim.Increase, status string) map[string]any {
	return map[string]any{
		"Id": i.ID, "ServiceCode": i.Service, "QuotaCode": i.Code, "DesiredValue": float64(i.Desired), "Status": status, "Created": float64(i.Created.Unix()),
	}
}

var cacheOperations = map[string]operation{
	"DescribeCacheSubnetGroups": one("CacheSubnetGroupName", "CacheSubnetGroupNotFoundFault", "aws:elasticache/subnetGroup:SubnetGroup", nothing),
	"DescribeReplicationGroups": {func(in input) string { return in.text("ReplicationGroupId") }, describeCaches},
	"DeleteReplicationGroup": {func(in input) string { return in.text("ReplicationGroupId") }, func(r request) (any, error) {
		return struct{}{}, r.world.DeleteCache(r.region, r.in.text("ReplicationGroupId"))
	}},
	"ListTagsForResource": {func(in input) string { return in.text("ResourceName") }, func(r request) (any, error) {
		var out struct {
			Tags []tagXML `xml:"TagList>Tag"`
		}
		name := nameIn(r.in.text("ResourceName"))
		for _, c := range r.world.Caches(r.region) {
			if c.ID == name && c.Status != "available" {
				return nil, &sim.Error{Status: http.StatusBadRequest, Code: "InvalidReplicationGroupState", Message: "Replication group " + name + " is not in a valid state."}
			}
		}
		tags := r.world.TagsOf(r.region, "aws:elasticache/replicationGroup:ReplicationGroup", name)
		for _, key := range slices.Sorted(maps.Keys(tags)) {
			out.Tags = append(out.Tags, tagXML{key, tags[key]})
		}
		return out, nil
	}},
	"DescribeCacheClusters": {func(input) string { return "" }, func(r request) (any, error) {
		if err := r.in.only(); err != nil {
			return nil, err
		}
		var out struct {
			Clusters []clusterXML `xml:"CacheClusters>CacheCluster"`
		}
		for _, id := range r.world.CacheClusters(r.region) {
			out.Clusters = append(out.Clusters, clusterXML{CacheClusterID: id, NumCacheNodes: 1})
		}
		return out, nil
	}},
}

// nameIn is the name in an ARN of ElastiCache.
func nameIn(arn string) string { return arn[strings.LastIndex(arn, ":")+1:] }

// describeCaches lists the Redis groups, or the one that is named.
func describeCaches(r request) (any, error) {
	var out struct {
		Groups []cacheXML `xml:"ReplicationGroups>ReplicationGroup"`
	}
	wanted := r.in.text("ReplicationGroupId")
	for _, g := range r.world.Caches(r.region) {
		if wanted == "" || g.ID == wanted {
			out.Groups = append(out.Groups, cacheXML{
				ReplicationGroupId: g.ID, ARN: g.ARN, Status: g.Status, CacheNodeType: g.Class, Members: g.Members, ReplicationGroupCreateTime: g.Created.UTC(),
			})
		}
	}
	if wanted != "" && len(out.Groups) == 0 {
		return nil, &sim.Error{Status: 404, Code: "ReplicationGroupNotFoundFault", Message: "ReplicationGroup " + wanted + " not found."}
	}
	return out, nil
}

type cacheXML struct {
	ReplicationGroupId, ARN, Status, CacheNodeType string
	Members                                        []string `xml:"MemberClusters>ClusterId"`
	ReplicationGroupCreateTime                     time.Time
}

type clusterXML struct {
	CacheClusterID string `xml:"CacheClusterId"`
	NumCacheNodes  int
}

// describeAccount lists the quotas of databases, and leaves out those of what is not modelled.
func describeAccount(r request) (any, error) {
	if err := r.in.only(); err != nil {
		return nil, err
	}
	var out struct {
		Quotas []accountQuotaXML `xml:"AccountQuotas>AccountQuota"`
	}
	for _, q := range r.world.DatabaseQuotas(r.region) {
		out.Quotas = append(out.Quotas, accountQuotaXML{AccountQuotaName: q.Name, Used: q.Used, Max: q.Max})
	}
	return out, nil
}

type accountQuotaXML struct {
	AccountQuotaName string
	Used, Max        int
}

type elasticXML struct {
	XMLName xml.Name         `xml:"addressesSet"`
	Items   []elasticItemXML `xml:"item"`
}

type elasticItemXML struct {
	ID          string      `xml:"allocationId"`
	Association string      `xml:"associationId,omitempty"`
	Tags        []ec2TagXML `xml:"tagSet>item"`
}

// describeAddresses lists all of them, or those with a tag.
func describeAddresses(r request) (any, error) {
	if err := r.in.only("Filter.1.Name", "Filter.1.Value.1"); err != nil {
		return nil, err
	}
	key, byTag := strings.CutPrefix(r.in.text("Filter.1.Name"), "tag:")
	var out elasticXML
	used := map[string]string{}
	for _, g := range r.world.Gateways(r.region) {
		used[g.Allocation] = "eipassoc-" + strings.TrimPrefix(g.ID, "nat-")
	}
	for _, id := range r.world.Addresses(r.region) {
		tags := r.world.TagsOf(r.region, "aws:ec2/eip:Eip", id)
		if byTag && tags[key] != r.in.text("Filter.1.Value.1") {
			continue
		}
		item := elasticItemXML{ID: id, Association: used[id]}
		for _, key := range slices.Sorted(maps.Keys(tags)) {
			item.Tags = append(item.Tags, ec2TagXML{key, tags[key]})
		}
		out.Items = append(out.Items, item)
	}
	return out, nil
}

type subnetsXML struct {
	XMLName xml.Name    `xml:"subnetSet"`
	Items   []subnetXML `xml:"item"`
}

type subnetXML struct {
	ID   string `xml:"subnetId"`
	Zone string `xml:"availabilityZone"`
}

func describeSubnets(r request) (any, error) {
	ids := r.in.list("SubnetId")
	if len(ids) == 0 {
		return nil, unmodelled("DescribeSubnets without subnet ids is not modelled by the simulator")
	}
	zones, err := r.world.Subnets(r.region, ids)
	if err != nil {
		return nil, err
	}
	var out subnetsXML
	for _, id := range slices.Sorted(maps.Keys(zones)) {
		out.Items = append(out.Items, subnetXML{id, zones[id]})
	}
	return out, nil
}

type reservationsXML struct {
	XMLName xml.Name         `xml:"reservationSet"`
	Items   []reservationXML `xml:"item"`
}

type reservationXML struct {
	Instances []launchedXML `xml:"instancesSet>item"`
}

type launchedXML struct {
	ID    string `xml:"instanceId"`
	Type  string `xml:"instanceType"`
	State string `xml:"instanceState>name"`
	Zone  string `xml:"placement>availabilityZone"`
	Image string `xml:"imageId"`
}

// describeInstances lists those that run or start.
func describeInstances(r request) (any, error) {
	filters := r.in.filters()
	images, byImage := filters["image-id"]
	states := filters["instance-state-name"]
	if len(states) == 0 || byImage && len(filters) > 2 || !byImage && len(filters) > 1 {
		return nil, unmodelled("DescribeInstances by anything but states and images is not modelled by the simulator")
	}
	var out reservationsXML
	for _, m := range r.world.Launched(r.region) {
		state := "running"
		if m.InService.After(r.world.Clock().Now()) {
			state = "pending"
		}
		if !slices.Contains(states, state) || byImage && !slices.Contains(images, m.Image) {
			continue
		}
		out.Items = append(out.Items, reservationXML{Instances: []launchedXML{{ID: m.ID, Type: m.Type, State: state, Zone: m.Zone, Image: m.Image}}})
	}
	return out, nil
}
