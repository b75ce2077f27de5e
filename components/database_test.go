package components

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// aDatabase is complete but for its birth.
func aDatabase() DatabaseArgs {
	return DatabaseArgs{
		DeletionProtection: true,
		Identifier:         "blog-dr-1", Class: "db.t4g.small", EngineVersion: "8.0", MaxStorageGiB: 200,
		SubnetGroup: pulumi.String("private"), SecurityGroupID: pulumi.String("sg-1"), KeyARN: pulumi.String("arn:key"),
		BackupDays: 7, ReadOnly: pulumi.Bool(false), MultiAZ: pulumi.Bool(false),
		FinalSnapshot: pulumi.Bool(false), SnapshotSuffix: pulumi.String("x7"),
	}
}

func aPrimary() *PrimaryArgs {
	return &PrimaryArgs{
		Username: "wordpress", DatabaseName: "wordpress",
		Password: pulumi.ToSecret(pulumi.String("hunter2")).(pulumi.StringOutput), StorageGiB: 20,
	}
}

func aReplica() *ReplicaArgs {
	return &ReplicaArgs{SourceARN: "arn:aws:rds:us-east-2:123456789012:db:blog-prod-1", Encrypted: true}
}

// TestEveryDatabaseListensWhereTheInstancesConnect holds that no birth leaves the port to RDS, which takes the source's.
func TestEveryDatabaseListensWhereTheInstancesConnect(t *testing.T) {
	for name, birth := range map[string]func(*DatabaseArgs){
		"primary": func(a *DatabaseArgs) { a.Primary = aPrimary() },
		"replica": func(a *DatabaseArgs) { a.Replica = aReplica() },
		"copy":    func(a *DatabaseArgs) { a.Snapshot = &SnapshotArgs{ID: "rds:blog-dr-1-2026-03-02-05-00"} },
	} {
		t.Run(name, func(t *testing.T) {
			args := aDatabase()
			birth(&args)
			assert.EqualValues(t, mysqlPort, database(t, args).Inputs["port"])
		})
	}
	script, err := os.ReadFile("userdata.sh.tmpl")
	require.NoError(t, err)
	assert.Contains(t, string(script), fmt.Sprintf("$s['database_name'], %d,", mysqlPort))
}

// database answers the instance that a change of a good primary or replica gives.
func database(t *testing.T, args DatabaseArgs) registration {
	t.Helper()
	return deploy(t, "us-west-2", func(ctx *pulumi.Context) error {
		_, err := NewDatabase(ctx, "blog-dr-1", args)
		return err
	}).one(t, "rds/instance:Instance")
}

func TestPrimary(t *testing.T) {
	args := aDatabase()
	args.Primary = aPrimary()
	db := database(t, args)
	for key, want := range map[string]any{
		"engine": "mysql", "engineVersion": "8.0", "allocatedStorage": 20.0, "maxAllocatedStorage": 200.0,
		"dbName": "wordpress", "username": "wordpress", "password": "hunter2",
		"storageEncrypted": true, "kmsKeyId": "arn:key",
	} {
		assert.Equal(t, want, db.Inputs[key], key)
	}
	assert.Equal(t, []string{"password"}, db.Secret)
	assert.NotContains(t, db.Inputs, "replicateSourceDb")
	assert.Empty(t, db.Ignored, "a new password must reach the database")
}

func TestReplica(t *testing.T) {
	args := aDatabase()
	args.Replica = aReplica()
	db := database(t, args)
	assert.Equal(t, args.Replica.SourceARN, db.Inputs["replicateSourceDb"])
	assert.Equal(t, "arn:key", db.Inputs["kmsKeyId"], "without it no presigned URL is made, which China asks for")
	assert.Equal(t, true, db.Inputs["storageEncrypted"])
	assert.Equal(t, []string{"replicateSourceDb", "storageEncrypted", "kmsKeyId"}, db.Ignored, "or the provider takes a promotion back, or replaces what no file can change")
	assert.Equal(t, args.EngineVersion, db.Inputs["engineVersion"], "a higher one upgrades it")
	for _, of := range []string{"engine", "allocatedStorage", "dbName", "username", "password"} {
		assert.NotContains(t, db.Inputs, of, "it is the source's")
	}
}

func TestReplicaOfAnUnencryptedSourceIsUnencrypted(t *testing.T) {
	args := aDatabase()
	args.Replica = &ReplicaArgs{SourceARN: "arn:aws:rds:us-east-2:123456789012:db:old"}
	db := database(t, args)
	assert.Equal(t, false, db.Inputs["storageEncrypted"])
	assert.NotContains(t, db.Inputs, "kmsKeyId")
}

func TestCopyOfASnapshot(t *testing.T) {
	args := aDatabase()
	args.Snapshot, args.BackupDays, args.DeletionProtection = &SnapshotArgs{ID: "rds:blog-dr-1-2026-03-02-05-00", Encrypted: true}, 0, false
	db := database(t, args)
	for key, want := range map[string]any{
		"snapshotIdentifier": "rds:blog-dr-1-2026-03-02-05-00", "storageEncrypted": true, "deletionProtection": false,
		"backupRetentionPeriod": 0.0, "skipFinalSnapshot": true, "publiclyAccessible": false, "deleteAutomatedBackups": true,
	} {
		assert.Equal(t, want, db.Inputs[key], key)
	}
	for _, of := range []string{"engine", "engineVersion", "allocatedStorage", "dbName", "username", "password", "replicateSourceDb", "kmsKeyId", "storageType"} {
		assert.NotContains(t, db.Inputs, of, "it is the snapshot's")
	}
	assert.NotContains(t, db.Inputs, "enabledCloudwatchLogsExports", "log groups would stay")
}

func TestDatabasesAreProtectedWhenMade(t *testing.T) {
	for name, birth := range map[string]func(*DatabaseArgs){
		"primary": func(a *DatabaseArgs) { a.Primary = aPrimary() },
		"replica": func(a *DatabaseArgs) { a.Replica = aReplica() },
	} {
		t.Run(name, func(t *testing.T) {
			args := aDatabase()
			birth(&args)
			c := deploy(t, "us-west-2", func(ctx *pulumi.Context) error {
				_, err := NewDatabase(ctx, "blog-dr-1", args)
				return err
			})
			db := c.one(t, "rds/instance:Instance")
			for key, want := range map[string]any{
				"identifier": "blog-dr-1", "deletionProtection": true, "backupRetentionPeriod": 7.0,
				"deleteAutomatedBackups": false, "autoMinorVersionUpgrade": false, "applyImmediately": true,
				"publiclyAccessible": false, "copyTagsToSnapshot": true,
				"skipFinalSnapshot": true, "finalSnapshotIdentifier": "blog-dr-1-final-x7",
				"enabledCloudwatchLogsExports": []any{"error", "slowquery"},
			} {
				assert.Equal(t, want, db.Inputs[key], key)
			}
			group := c.one(t, "rds/parameterGroup:ParameterGroup")
			assert.Equal(t, "mysql8.0", group.Inputs["family"])
			set := map[any]any{}
			for i := range group.Inputs["parameters"].([]any) {
				p := at(t, group.Inputs, "parameters", i)
				set[at(t, p, "name")] = at(t, p, "value")
			}
			assert.Equal(t, "1", set["require_secure_transport"])
			assert.NotContains(t, set, "read_only", "a promotion would not take it back")
		})
	}
}

func TestDatabaseParameters(t *testing.T) {
	args := aDatabase()
	args.Primary, args.Parameters = aPrimary(), map[string]string{"max_allowed_packet": "134217728", "innodb_log_buffer_size": "8388608"}
	c := deploy(t, "us-west-2", func(ctx *pulumi.Context) error {
		_, err := NewDatabase(ctx, "blog-dr-1", args)
		return err
	})
	set := c.one(t, "rds/parameterGroup:ParameterGroup").Inputs["parameters"].([]any)
	assert.Contains(t, set, map[string]any{"name": "max_allowed_packet", "value": "134217728", "applyMethod": "immediate"})
	assert.Contains(t, set, map[string]any{"name": "innodb_log_buffer_size", "value": "8388608", "applyMethod": "pending-reboot"}, "RDS refuses a static one at once")
}

func TestFinalSnapshotOnceItCanBeHad(t *testing.T) {
	args := aDatabase()
	args.Primary = aPrimary()
	args.FinalSnapshot = pulumi.Bool(true)
	assert.Equal(t, false, database(t, args).Inputs["skipFinalSnapshot"])
}

// TestUnchanged holds that of a database that takes no change only what its deletion needs may change. What is left is fixed by
// its birth, or reaches no instance.
func TestUnchanged(t *testing.T) {
	args := aDatabase()
	args.Primary, args.Unchanged, args.BackupWindow, args.MaintenanceWindow = aPrimary(), true, "03:00-04:00", "sun:05:00-sun:06:00"
	db := database(t, args)
	var open []string
	for _, key := range slices.Sorted(maps.Keys(db.Inputs)) {
		if !slices.Contains(db.Ignored, key) {
			open = append(open, key)
		}
	}
	assert.Equal(t, []string{
		"allowMajorVersionUpgrade", "applyImmediately", "dbName", "deleteAutomatedBackups", "deletionProtection", "engine", "finalSnapshotIdentifier",
		"identifier", "kmsKeyId", "skipFinalSnapshot", "storageEncrypted", "username",
	}, open)
	args.Primary, args.Replica = nil, aReplica()
	assert.Contains(t, database(t, args).Ignored, "replicateSourceDb", "as ever")
}

// TestKeepsClass holds that the class alone stays, and the rest of the configuration applies.
func TestKeepsClass(t *testing.T) {
	args := aDatabase()
	args.Primary, args.KeepsClass = aPrimary(), true
	assert.Equal(t, []string{"instanceClass"}, database(t, args).Ignored)
	args.Primary, args.Replica = nil, aReplica()
	assert.ElementsMatch(t, []string{"instanceClass", "replicateSourceDb", "storageEncrypted", "kmsKeyId"}, database(t, args).Ignored)
}

func TestDatabaseRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		spoil func(*DatabaseArgs)
		want  string
	}{
		"no birth":    {func(a *DatabaseArgs) { a.Primary = nil }, "database blog-dr-1 must be born either a primary, a replica, or from a snapshot"},
		"two births":  {func(a *DatabaseArgs) { a.Replica = aReplica() }, "database blog-dr-1 must be born either a primary, a replica, or from a snapshot"},
		"old engine":  {func(a *DatabaseArgs) { a.EngineVersion = "5.7" }, `MySQL version "5.7" is not supported: use 8.0 or 8.4`},
		"like enough": {func(a *DatabaseArgs) { a.EngineVersion = "8.40" }, `MySQL version "8.40" is not supported: use 8.0 or 8.4`},
	} {
		t.Run(name, func(t *testing.T) {
			args := aDatabase()
			args.Primary = aPrimary()
			tc.spoil(&args)
			assert.Contains(t, refusal(t, func(ctx *pulumi.Context) error {
				_, err := NewDatabase(ctx, "blog-dr-1", args)
				return err
			}), tc.want)
		})
	}
}

func TestKeyOutlivesItsStack(t *testing.T) {
	for region, root := range map[string]string{
		"us-west-2":      "arn:aws:iam::123456789012:root",
		"cn-northwest-1": "arn:aws-cn:iam::123456789012:root",
	} {
		c := deploy(t, region, func(ctx *pulumi.Context) error {
			_, err := NewKey(ctx, "blog-dr", KeyArgs{Region: region, AccountID: account})
			return err
		})
		key := c.one(t, "kms/key:Key")
		assert.True(t, key.Retained)
		assert.Equal(t, true, key.Inputs["enableKeyRotation"])
		assert.Equal(t, root, at(t, statements(t, key.Inputs["policy"])[0], "Principal", "AWS"))
		assert.False(t, c.one(t, "kms/alias:Alias").Retained, "another stack may want the alias")
	}
}
