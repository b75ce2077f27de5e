package price

import (
	"regexp"
	"strings"

	"github.com/pilotlight-dr/pilotlight/awsregion"
)

// Query is how the Price List API is asked for an item of a region. What it answers with may be
// several products: the item is the one with the usage type.
type Query struct {
	Service    string            // its code
	Attributes map[string]string // of the product
	// Usage is the usage type without the region's prefix, such as USW2-; empty where the attributes suffice.
	Usage string
}

// family is the attribute by which most products are found.
const family = "productFamily"

// queries are those of the items that are no instances. Attributes: infracost's
// internal/resources/aws, and the usage types of bills.
var queries = map[Item]Query{
	DatabaseStorage:  {"AmazonRDS", map[string]string{family: "Database Storage", "volumeType": "General Purpose-GP3", "databaseEngine": "MySQL", "deploymentOption": "Single-AZ"}, ""},
	ExtendedSupport:  {"AmazonRDS", nil, "ExtendedSupport:Yr1-Yr2:MySQL8.0"},
	ExtendedSupport3: {"AmazonRDS", nil, "ExtendedSupport:Yr3:MySQL8.0"},
	NATGateway:       {"AmazonEC2", map[string]string{family: "NAT Gateway"}, "NatGateway-Hours"},
	Balancer:         {"AWSELB", map[string]string{family: "Load Balancer-Application"}, "LoadBalancerUsage"},
	Address:          {"AmazonVPC", nil, "PublicIPv4:InUseAddress"},
	Endpoint:         {"AmazonVPC", map[string]string{family: "VpcEndpoint"}, "VpcEndpoint-Hours"},
	Disk:             {"AmazonEC2", map[string]string{family: "Storage", "volumeApiName": "gp3"}, "EBS:VolumeUsage.gp3"},
	Snapshot:         {"AmazonEC2", map[string]string{family: "Storage Snapshot"}, "EBS:SnapshotUsage"},
	Key:              {"awskms", map[string]string{family: "Encryption Key"}, "KMS-Keys"},
	Secret:           {"AWSSecretsManager", map[string]string{family: "Secret"}, ""},
	Alarm:            {"AmazonCloudWatch", map[string]string{family: "Alarm", "alarmType": "Standard"}, "CW:AlarmMonitorUsage"},
	Metric:           {"AmazonCloudWatch", map[string]string{family: "Metric"}, "CW:MetricMonitorUsage"},
	Dashboard:        {"AmazonCloudWatch", map[string]string{family: "Dashboard"}, "DashboardsUsageHour-Basic"},
	LogIngestion:     {"AmazonCloudWatch", map[string]string{family: "Data Payload"}, "DataProcessing-Bytes"},
	LogStorage:       {"AmazonCloudWatch", map[string]string{family: "Storage Snapshot"}, "TimedStorage-ByteHrs"},

	Media("STANDARD"):            {"AmazonS3", map[string]string{family: "Storage"}, "TimedStorage-ByteHrs"},
	Media("STANDARD_IA"):         {"AmazonS3", map[string]string{family: "Storage"}, "TimedStorage-SIA-ByteHrs"},
	Media("INTELLIGENT_TIERING"): {"AmazonS3", map[string]string{family: "Storage"}, "TimedStorage-INT-FA-ByteHrs"},
}

// Query is how the item is asked for in a region.
func (i Item) Query(region string) Query {
	q, known := queries[i]
	if !known {
		q = i.instance()
	}
	attributes := map[string]string{}
	for name, value := range q.Attributes {
		attributes[name] = value
	}
	switch to, sent := strings.CutPrefix(string(i), transfer); {
	case sent:
		attributes["fromRegionCode"], attributes["toRegionCode"] = region, to
	case i == Dashboard: // it is of the account, and its product of no region
	default:
		attributes["regionCode"] = region
	}
	q.Attributes = attributes
	return q
}

// instance is the query of a class or a type, and of what is sent.
func (i Item) instance() Query {
	name := string(i)
	switch {
	case strings.HasPrefix(name, transfer):
		return Query{"AWSDataTransfer", map[string]string{family: "Data Transfer", "transferType": "InterRegion Outbound"}, ""}
	case strings.HasPrefix(name, "db."):
		return Query{"AmazonRDS", map[string]string{family: "Database Instance", "instanceType": name, "databaseEngine": "MySQL", "deploymentOption": "Single-AZ"}, ""}
	case strings.HasPrefix(name, "cache."):
		return Query{"AmazonElastiCache", map[string]string{family: "Cache Instance", "instanceType": name, "cacheEngine": "Redis"}, "NodeUsage:" + name}
	}
	return Query{"AmazonEC2", map[string]string{
		family: "Compute Instance", "instanceType": name, "operatingSystem": "Linux", "tenancy": "Shared", "preInstalledSw": "NA", "capacitystatus": "Used",
	}, "BoxUsage:" + name}
}

// ByUsage reports that the API has to look for the usage type: no attribute narrows the answer.
func (q Query) ByUsage() bool { return q.Attributes[family] == "" }

// shortRegion is how usage types begin in most regions, such as USW2- or, in eu-west-1, EU-.
var shortRegion = regexp.MustCompile(`^(EU|[A-Z]{2,}\d+)-$`)

// Is reports whether a product with this usage type is the one: its own begins with the region alone, which some services write
// out (us-west-2-KMS-Keys), and which us-east-1 mostly leaves away. What stands between is of another product: USW2-TS-LoadBalancerUsage
// is of the balancer's trust store, and Files-TimedStorage-ByteHrs of another storage than a bucket's.
func (q Query) Is(usage string) bool {
	prefix, ends := strings.CutSuffix(usage, q.Usage)
	return q.Usage == "" || ends && (prefix == "" || prefix == q.Attributes["regionCode"]+"-" || shortRegion.MatchString(prefix))
}

// ListRegion is the region whose Price List API knows the prices of a region: that of its
// partition. https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html
func ListRegion(region string) string {
	if awsregion.Partition(region) == "aws-cn" {
		return "cn-northwest-1"
	}
	return "us-east-1"
}
