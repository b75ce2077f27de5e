package wire

import (
	"encoding/xml"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/pilotlight-dr/pilotlight/sim"
)

func database(in input) string { return in.text("DBInstanceIdentifier") }

var rdsOperations = map[string]operation{
	"DescribeDBInstances":  {database, describeDatabases},
	"DescribeDBSnapshots":  {database, describeSnapshots},
	"DescribeDBParameters": {func(in input) string { return in.text("DBParameterGroupName") }, describeParameters},
	"PromoteReadReplica":   {database, promoteReplica},
	"RebootDBInstance":     {database, reboot},

	"DescribeAccountAttributes":          {func(input) string { return "" }, describeAccount},
	"DescribeOrderableDBInstanceOptions": {func(in input) string { return in.text("DBInstanceClass") }, describeOrderable},

	"DescribeDBParameterGroups": one("DBParameterGroupName", "DBParameterGroupNotFound", "aws:rds/parameterGroup:ParameterGroup", nothing),
	"DescribeDBSubnetGroups":    one("DBSubnetGroupName", "DBSubnetGroupNotFoundFault", "aws:rds/subnetGroup:SubnetGroup", nothing),

	"ResetDBParameterGroup": {func(in input) string { return in.text("DBParameterGroupName") }, resetParameter},
}

func describeDatabases(r request) (any, error) {
	if err := r.in.only("DBInstanceIdentifier", "MaxRecords"); err != nil {
		return nil, err
	}
	found, err := r.world.Databases(r.region, r.in.text("DBInstanceIdentifier"))
	if err != nil {
		return nil, err
	}
	var out struct {
		Instances []instanceXML `xml:"DBInstances>DBInstance"`
	}
	for _, d := range found {
		out.Instances = append(out.Instances, instanceOf(d))
	}
	return out, nil
}

// describeSnapshots answers for automated snapshots, or for those that deleted databases left, all on one page.
func describeSnapshots(r request) (any, error) {
	if err := r.in.only("DBInstanceIdentifier", "SnapshotType", "MaxRecords"); err != nil {
		return nil, err
	}
	kind := r.in.text("SnapshotType")
	var all []sim.DatabaseSnapshot
	switch {
	case kind == "automated":
		all = r.world.AutomatedSnapshots(r.region, r.in.text("DBInstanceIdentifier"))
	case kind == "manual" && r.in.text("DBInstanceIdentifier") == "":
		all = r.world.FinalSnapshots(r.region)
	default:
		return nil, unmodelled("snapshots of the type %q of a database are not modelled by the simulator", kind)
	}
	var out struct {
		Snapshots []snapshotXML `xml:"DBSnapshots>DBSnapshot"`
	}
	for _, s := range all {
		x := snapshotXML{
			DBSnapshotIdentifier: s.ID, DBSnapshotArn: s.ARN, DBInstanceIdentifier: s.Database, SnapshotType: kind, Status: s.Status,
			Engine: s.Engine, EngineVersion: s.EngineVersion, AllocatedStorage: s.AllocatedStorage, Encrypted: s.Encrypted, KmsKeyID: s.KMSKey, Tags: tagList(s.Tags),
		}
		if s.Status == "available" { // RDS gives the time once it is whole
			made := s.Made.UTC()
			x.SnapshotCreateTime, x.PercentProgress = &made, 100
		}
		out.Snapshots = append(out.Snapshots, x)
	}
	return out, nil
}

type snapshotXML struct {
	DBSnapshotIdentifier, DBSnapshotArn, DBInstanceIdentifier string
	SnapshotType, Status, Engine, EngineVersion               string
	AllocatedStorage, PercentProgress                         int
	Encrypted                                                 bool
	KmsKeyID                                                  string     `xml:"KmsKeyId,omitempty"`
	SnapshotCreateTime                                        *time.Time `xml:",omitempty"`
	Tags                                                      []tagXML   `xml:"TagList>Tag"`
}

// describeParameters answers for what users set: RDS's own defaults are hundreds.
func describeParameters(r request) (any, error) {
	if err := r.in.only("DBParameterGroupName", "Source", "MaxRecords"); err != nil {
		return nil, err
	}
	if source := r.in.text("Source"); source != "user" {
		return nil, unmodelled("parameters of a source other than user (%q) are not modelled by the simulator", source)
	}
	set, err := r.world.DatabaseParameters(r.region, r.in.text("DBParameterGroupName"))
	if err != nil {
		return nil, err
	}
	var out struct {
		Parameters []parameterXML `xml:"Parameters>Parameter"`
	}
	for _, p := range set {
		out.Parameters = append(out.Parameters,
			parameterXML{ParameterName: p.Name, ParameterValue: p.Value, ApplyMethod: p.ApplyMethod, Source: "user", IsModifiable: true})
	}
	return out, nil
}

// resetParameter takes one parameter, which has to be dynamic to be reset immediately (RDS
// API, ResetDBParameterGroup): read_only is.
func resetParameter(r request) (any, error) {
	const name, method = "Parameters.Parameter.1.ParameterName", "Parameters.Parameter.1.ApplyMethod"
	if err := r.in.only("DBParameterGroupName", name, method); err != nil {
		return nil, err
	}
	if r.in.text(name) != "read_only" || r.in.text(method) != "immediate" {
		return nil, unmodelled("the reset of %q with the apply method %q is not modelled by the simulator", r.in.text(name), r.in.text(method))
	}
	group := r.in.text("DBParameterGroupName")
	return struct{ DBParameterGroupName string }{group}, r.world.ResetDatabaseParameter(r.region, group, r.in.text(name))
}

type parameterXML struct {
	ParameterName, ParameterValue, ApplyMethod, Source string
	IsModifiable                                       bool
}

func promoteReplica(r request) (any, error) {
	if err := r.in.only("DBInstanceIdentifier", "BackupRetentionPeriod", "PreferredBackupWindow"); err != nil {
		return nil, err
	}
	var retention *int
	if text := r.in.text("BackupRetentionPeriod"); text != "" {
		days, err := strconv.Atoi(text)
		if err != nil {
			return nil, &sim.Error{Status: 400, Code: "InvalidParameterValue", Message: fmt.Sprintf("Invalid backup retention period: %s", text)}
		}
		retention = &days
	}
	d, err := r.world.Promote(r.region, r.in.text("DBInstanceIdentifier"), retention)
	if err != nil {
		return nil, err
	}
	return struct{ DBInstance instanceXML }{instanceOf(d)}, nil
}

func reboot(r request) (any, error) {
	if err := r.in.only("DBInstanceIdentifier"); err != nil {
		return nil, err
	}
	d, err := r.world.Reboot(r.region, r.in.text("DBInstanceIdentifier"))
	if err != nil {
		return nil, err
	}
	return struct{ DBInstance instanceXML }{instanceOf(d)}, nil
}

func tagList(tags map[string]string) (list []tagXML) {
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, tagXML{key, tags[key]})
	}
	return list
}

type instanceXML struct {
	DBInstanceIdentifier                  string
	DBInstanceArn                         string
	DbiResourceId                         string
	DBInstanceClass                       string
	Engine                                string
	EngineVersion                         string
	DBInstanceStatus                      string
	ReadReplicaSourceDBInstanceIdentifier string `xml:",omitempty"`
	Replicas                              *namesXML
	Address                               string `xml:"Endpoint>Address,omitempty"`
	Port                                  int    `xml:"Endpoint>Port,omitempty"`
	BackupRetentionPeriod                 int
	AllocatedStorage                      int
	Iops, MaxAllocatedStorage             int `xml:",omitempty"`
	PreferredBackupWindow                 string
	MultiAZ                               bool
	StorageEncrypted                      bool
	KmsKeyID                              string `xml:"KmsKeyId,omitempty"`
	DeletionProtection                    bool
	AvailabilityZone                      string
	DBSubnetGroupName                     string    `xml:"DBSubnetGroup>DBSubnetGroupName,omitempty"`
	InstanceCreateTime                    time.Time `xml:",omitempty"`
	StatusInfos                           *statusesXML
	ParameterGroup                        string   `xml:"DBParameterGroups>DBParameterGroup>DBParameterGroupName"`
	ParameterStatus                       string   `xml:"DBParameterGroups>DBParameterGroup>ParameterApplyStatus"`
	Tags                                  []tagXML `xml:"TagList>Tag"`
}

type namesXML struct {
	XMLName xml.Name `xml:"ReadReplicaDBInstanceIdentifiers"`
	Names   []string `xml:"ReadReplicaDBInstanceIdentifier"`
}

type statusesXML struct {
	XMLName xml.Name        `xml:"StatusInfos"`
	Infos   []statusInfoXML `xml:"DBInstanceStatusInfo"`
}

type statusInfoXML struct {
	StatusType string
	Normal     bool
	Status     string
	Message    string `xml:",omitempty"`
}

func instanceOf(d sim.Database) instanceXML {
	out := instanceXML{
		DBInstanceIdentifier: d.Identifier, DBInstanceArn: d.ARN, DbiResourceId: d.ResourceID, DBInstanceClass: d.Class,
		Engine: d.Engine, EngineVersion: d.EngineVersion, DBInstanceStatus: d.Status, ReadReplicaSourceDBInstanceIdentifier: d.Source,
		BackupRetentionPeriod: d.BackupRetention, AllocatedStorage: d.AllocatedGiB, Iops: d.IOPS, MaxAllocatedStorage: d.CeilingGiB, PreferredBackupWindow: d.BackupWindow, MultiAZ: d.MultiAZ, StorageEncrypted: d.Encrypted, KmsKeyID: d.KMSKey,
		DeletionProtection: d.DeletionGuard, AvailabilityZone: d.Zone, DBSubnetGroupName: d.SubnetGroup,
		ParameterGroup: d.ParameterGroup, ParameterStatus: d.ParameterStatus,
		InstanceCreateTime: d.Created.UTC(), Replicas: &namesXML{Names: d.Replicas}, StatusInfos: &statusesXML{},
		Tags: tagList(d.Tags),
	}
	if d.Status != "creating" {
		out.Address, out.Port = d.Address, d.Port
	}
	for _, info := range d.StatusInfos {
		out.StatusInfos.Infos = append(out.StatusInfos.Infos,
			statusInfoXML{StatusType: info.Type, Normal: info.Normal, Status: info.Status, Message: info.Message})
	}
	return out
}

type orderableXML struct {
	Engine, EngineVersion, DBInstanceClass string
	Zones                                  []placeXML `xml:"AvailabilityZones>AvailabilityZone"`
	MultiAZCapable                         bool
}

type placeXML struct{ Name string }

// describeOrderable answers for one class, or for a few, all on one page.
func describeOrderable(r request) (any, error) {
	if err := r.in.only("Engine", "DBInstanceClass", "Vpc", "MaxRecords"); err != nil {
		return nil, err
	}
	if engine := r.in.text("Engine"); engine != "mysql" {
		return nil, unmodelled("options of engine %q are not modelled by the simulator", engine)
	}
	var out struct {
		Options []orderableXML `xml:"OrderableDBInstanceOptions>OrderableDBInstanceOption"`
	}
	for _, o := range r.world.ClassOffers(r.region, r.in.text("DBInstanceClass")) {
		x := orderableXML{Engine: "mysql", EngineVersion: o.Version, DBInstanceClass: o.Class, MultiAZCapable: true}
		for _, zone := range o.Zones {
			x.Zones = append(x.Zones, placeXML{zone})
		}
		out.Options = append(out.Options, x)
	}
	return out, nil
}
