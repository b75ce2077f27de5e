package scenario

import (
	"context"
	"fmt"

	"github.com/pilotlight-dr/pilotlight/sim"
)

// existingAddress is where a production serves that no stack made (RFC 5737: no one's).
const existingAddress = "192.0.2.10"

// makeExisting makes the production that no stack made, as far as its pilot light sees it.
func (s *Stage) makeExisting(ctx context.Context) error {
	c, p := s.site.recovery, s.site.recovery.Production
	bucket := nameIn(p.Bucket)
	for _, made := range []struct {
		typ, name string
		inputs    map[string]any
	}{
		{"aws:rds/instance:Instance", databaseName(*p), map[string]any{
			"identifier": databaseName(*p), "engine": "mysql", "engineVersion": c.Database.EngineVersion, "instanceClass": c.Database.Class,
			"allocatedStorage": c.Database.StorageGiB, "maxAllocatedStorage": c.Database.MaxStorageGiB, "storageEncrypted": !p.Unencrypted,
			"backupRetentionPeriod": c.Database.BackupDays, "username": "wordpress", "password": "rehearsed password",
		}},
		{"aws:s3/bucketV2:BucketV2", bucket, map[string]any{"bucket": bucket}},
		{"aws:s3/bucketVersioningV2:BucketVersioningV2", bucket, map[string]any{
			"bucket": bucket, "versioningConfiguration": map[string]any{"status": "Enabled"},
		}},
	} {
		if _, err := s.World.Create(ctx, sim.Call{Region: p.Region, Type: made.typ, Name: made.name, Inputs: made.inputs}); err != nil {
			return fmt.Errorf("making up production: %w", err)
		}
	}
	for _, name := range c.AllNames() {
		s.World.SetRecord(p.Region, c.DNS.ZoneID, name, existingAddress)
	}
	return nil
}
