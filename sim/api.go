package sim

import (
	"context"
	"fmt"
	"time"
)

// A Database is what DescribeDBInstances shows of one.
type Database struct {
	Identifier, ARN, ResourceID       string
	Class, Engine, EngineVersion      string
	Status                            string
	Source                            string // empty unless it is a replica
	Replicas                          []string
	Address                           string
	Port                              int
	BackupRetention                   int
	IOPS                              int // of gp3 storage; 0 for another type
	AllocatedGiB, CeilingGiB          int // storage, and up to where it grows by itself; a ceiling of 0 is none
	BackupWindow                      string
	MultiAZ, Encrypted, DeletionGuard bool
	KMSKey, SubnetGroup, Zone         string
	StatusInfos                       []StatusInfo
	Created                           time.Time
	ParameterGroup, ParameterStatus   string
	Tags                              map[string]string
}

// API serves one call of the SDK: it is written down, meets outages and faults,
// and takes no simulated time. operation is as in "PromoteReadReplica".
func (w *World) API(ctx context.Context, region, service, operation, subject string, do func() error) (err error) {
	step := Step{Region: region, Kind: "api", Operation: service + ":" + operation, Name: subject}
	end := w.begin(step)
	defer func() { end(err) }()
	if err := w.reach(ctx, region, hangCall); err != nil {
		return err
	}
	if w.meets("hang", service+":"+operation) {
		return w.hang(ctx, region, hangForGood)
	}
	k := &kind{service: service, sdk: service}
	call := Call{Region: region, Name: subject}
	if e := w.strike(service + ":" + operation); e != nil {
		return w.complete(e, k, operation, call)
	}
	if err := do(); err != nil {
		return w.complete(err, k, operation, call)
	}
	w.accept(step)
	return nil
}

// Databases describes a region's databases, or the one that is named.
func (w *World) Databases(region, identifier string) ([]Database, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []Database
	for _, o := range w.all(databaseType, region) {
		if identifier == "" || o.text("identifier") == identifier || o.text("arn") == identifier {
			list = append(list, w.describe(o))
		}
	}
	if identifier != "" && len(list) == 0 {
		return nil, noDatabase(identifier)
	}
	return list, nil
}

func (w *World) describe(o *Object) Database {
	now := w.clock.Now()
	d := Database{
		Identifier: o.text("identifier"), ARN: o.text("arn"), ResourceID: o.ID, Class: o.text("instanceClass"),
		Engine: o.text("engine"), EngineVersion: o.text("engineVersionActual"), Status: w.databaseStatus(o, now), Source: w.sourceName(o),
		Address: o.text("address"), Port: o.number("port"), BackupRetention: o.number("backupRetentionPeriod"),
		IOPS: w.iops(o), AllocatedGiB: w.allocated(o), CeilingGiB: o.number("maxAllocatedStorage"), BackupWindow: o.text("backupWindow"), MultiAZ: o.flag("multiAz"), Encrypted: o.flag("storageEncrypted"), DeletionGuard: o.flag("deletionProtection"),
		KMSKey: o.text("kmsKeyId"), SubnetGroup: o.text("dbSubnetGroupName"), Zone: o.text("availabilityZone"), Created: o.Times["created"],
		Tags: o.tags(),
	}
	d.ParameterGroup, d.ParameterStatus = groupOf(o), w.applying(o, now)
	if d.Source != "" && o.past("available", now) {
		d.StatusInfos = []StatusInfo{w.replicating(o, now)}
	}
	for _, r := range w.replicasOf(o) {
		name := r.text("identifier")
		if r.Region != o.Region {
			name = r.text("arn")
		}
		d.Replicas = append(d.Replicas, name)
	}
	return d
}

// Promote is PromoteReadReplica. Without a retention RDS takes one day.
func (w *World) Promote(region, identifier string, retention *int) (Database, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.findBy(databaseType, region, "identifier", identifier)
	if o == nil {
		return Database{}, noDatabase(identifier)
	}
	days := 1
	if retention != nil {
		days = *retention
	}
	if days < 0 || days > 35 {
		return Database{}, refuse("InvalidParameterValue", "Invalid backup retention period: %d. It must be between 0 and 35.", days)
	}
	if err := w.promote(o, days); err != nil {
		return Database{}, err
	}
	return w.describe(o), nil
}

// Lags are the datapoints of a replica's ReplicaLag, oldest first; none for a
// database that isn't there, as CloudWatch has it.
func (w *World) Lags(region, identifier string, from, to time.Time) []Datapoint {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.findBy(databaseType, region, "identifier", identifier)
	if o == nil {
		return nil
	}
	return w.lags(o, from, to)
}

// ImagesNamed describes machine images by their ids.
func (w *World) ImagesNamed(region string, ids []string) ([]Image, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var images []Image
	for _, id := range ids {
		i, ok := w.image(region, id)
		if !ok {
			return nil, refuse("InvalidAMIID.NotFound", "The image id '[%s]' does not exist", id)
		}
		images = append(images, i)
	}
	return images, nil
}

func noDatabase(identifier string) error {
	return &Error{Status: 404, Code: "DBInstanceNotFound", Message: fmt.Sprintf("DBInstance %s not found.", identifier)}
}
