package scenario

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/sim"
)

// asSeen lays over what the states say what AWS said of the standby.
func (s site) asSeen(all []sim.Standing) (now []sim.Standing) {
	v, c := s.live, s.recovery
	for _, st := range all {
		here := st.Region == c.Region
		switch {
		case here && st.Type == parameterType && v.Record != "" && st.Props["name"] == c.RecordName():
			st.Props["value"], st.Props["insecureValue"] = v.Record, v.Record
		case v.Seen == nil:
		case here && slices.ContainsFunc(v.Seen.Missing, func(p checks.Part) bool { return p.ARN == st.Props["arn"] }):
			continue
		case here && st.Type == databaseType && st.Props["identifier"] == s.database():
			if v.Seen.Replica == nil {
				continue
			}
			asReplica(&st, *v.Seen.Replica)
		case here && st.Type == groupType && v.Seen.Replica != nil && v.Seen.Replica.Set != nil && st.Props["name"] == v.Seen.Replica.Parameters:
			setParameters(&st, v.Seen.Replica.Set)
		case here && st.Type == certificateType && v.Seen.Certificate == nil:
			continue
		case st.Type == recordType && v.Seen.Certificate != nil && stillThere(st, v.Seen.Certificate.Absent):
			continue
		case st.Type == recordType && v.Seen.Name != nil && s.atName(st) && !stillThere(st, v.Seen.Name.Records):
			continue
		}
		now = append(now, st)
	}
	if p := c.Production; p != nil {
		now = append(now, s.existingStands(*p)...)
	}
	if v.Seen != nil && v.Seen.Name != nil {
		now = append(now, s.records(now, *v.Seen.Name)...)
	}
	return now
}

// database is the identifier of the database that is promoted.
func (s site) database() string {
	for _, of := range s.live.Stacks {
		if of.Config.Stack == s.recovery.Stack {
			return of.Config.DatabaseID(of.State.Claim.Generation.Number)
		}
	}
	return ""
}

// asReplica brings a database to what RDS says of it.
func asReplica(st *sim.Standing, r checks.Replica) {
	st.Promoted = r.Source == ""
	if checks.StandingOf(r.Status).Leaves() {
		st.Passing = r.Status
	}
	for key, value := range map[string]any{
		"allocatedStorage": r.AllocatedGiB, "maxAllocatedStorage": r.CeilingGiB, "backupRetentionPeriod": r.BackupDays,
		"engineVersionActual": r.Engine, "parameterGroupName": r.Parameters, "backupWindow": r.BackupWindow,
	} {
		st.Props[key] = value
	}
	if r.Source != "" {
		st.Props["replicateSourceDb"] = r.Source
	}
}

// setParameters gives a parameter group what it sets now.
func setParameters(st *sim.Standing, set map[string]string) {
	var list []any
	for name, value := range set {
		list = append(list, map[string]any{"name": name, "value": value, "applyMethod": "immediate"})
	}
	st.Props["parameters"] = list
}

// atName reports whether a record stands at one of the site's names in their zone.
func (s site) atName(st sim.Standing) bool {
	return st.Props["zoneId"] == s.recovery.DNS.ZoneID && slices.Contains(s.recovery.AllNames(), nameOf(st))
}

// nameOf is the whole name of a record, without the last dot.
func nameOf(st sim.Standing) string {
	name, _ := st.Props["fqdn"].(string)
	if name == "" {
		name, _ = st.Props["name"].(string)
	}
	return strings.ToLower(strings.TrimSuffix(name, "."))
}

// stillThere reports whether a record is among those that a zone has.
func stillThere(st sim.Standing, records []checks.Record) bool {
	return slices.ContainsFunc(records, func(r checks.Record) bool { return is(st, r) })
}

// is reports whether a record is one that the zone has.
func is(st sim.Standing, r checks.Record) bool {
	text, err := json.Marshal([]any{st.Props["aliases"], st.Props["records"]})
	return err == nil && nameOf(st) == r.Name && st.Props["type"] == r.Type && strings.Contains(strings.ToLower(string(text)), strings.ToLower(r.Target))
}

// records are those at the site's names that no state knows of.
func (s site) records(known []sim.Standing, name checks.Name) (all []sim.Standing) {
	for i, r := range name.Records {
		if slices.ContainsFunc(known, func(st sim.Standing) bool {
			return st.Type == recordType && s.atName(st) && is(st, r)
		}) {
			continue
		}
		props := map[string]any{"zoneId": name.ZoneID, "name": r.Name, "type": r.Type, "records": []string{r.Target}, "ttl": 300}
		if r.Routed != "" {
			props["setIdentifier"], props["weight"] = fmt.Sprint(r.Routed, i), 1
		}
		all = append(all, sim.Standing{Type: recordType, Region: s.recovery.Region, Name: r.Name, Props: props})
	}
	return all
}

// existingStands is a production that no stack made, as far as its pilot light sees it.
func (s site) existingStands(p config.Production) []sim.Standing {
	name, bucket := databaseName(p), nameIn(p.Bucket)
	database := map[string]any{
		"identifier": name, "arn": p.Database, "engine": "mysql", "engineVersion": s.recovery.Database.EngineVersion, "instanceClass": s.recovery.Database.Class,
		"allocatedStorage": s.recovery.Database.StorageGiB, "storageEncrypted": !p.Unencrypted, "backupRetentionPeriod": s.recovery.Database.BackupDays,
	}
	if v := s.live; v.Seen != nil && v.Seen.Replica != nil {
		database["engineVersionActual"], database["allocatedStorage"] = v.Seen.Replica.Engine, v.Seen.Replica.AllocatedGiB
	}
	return []sim.Standing{
		{Type: databaseType, Region: p.Region, ID: name, Name: name, Props: database, Promoted: true},
		{Type: "aws:s3/bucketV2:BucketV2", Region: p.Region, ID: bucket, Name: bucket, Props: map[string]any{"bucket": bucket, "arn": p.Bucket}},
		{Type: "aws:s3/bucketVersioningV2:BucketVersioningV2", Region: p.Region, ID: bucket, Name: bucket, Props: map[string]any{
			"bucket": bucket, "versioningConfiguration": map[string]any{"status": "Enabled"},
		}},
	}
}
