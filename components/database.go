package components

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// DatabaseArgs describes an RDS for MySQL instance. Exactly one of Primary, Replica
// and Snapshot says how it is born; nothing here depends on what it serves as later,
// since several arguments would replace the instance if they changed.
type DatabaseArgs struct {
	// Identifier is the name of the instance in AWS, such as blog-dr-1.
	Identifier string
	Class      string
	// EngineVersion begins with 8.0 or 8.4. A replica is made with its source's; a higher one
	// upgrades it later.
	EngineVersion string
	// MaxStorageGiB is up to where storage grows by itself; 0 means it does not.
	MaxStorageGiB int
	// Parameters are MySQL's, by name, beside those that the component sets.
	Parameters map[string]string
	// LogDays is how long CloudWatch Logs keeps the exported logs; with 0 the log groups are
	// left to RDS, which keeps all.
	LogDays int

	SubnetGroup     pulumi.StringInput
	SecurityGroupID pulumi.StringInput
	KeyARN          pulumi.StringInput

	BackupDays        int
	BackupWindow      string // in UTC, such as 03:00-04:00; empty lets AWS choose
	MaintenanceWindow string // in UTC, such as sun:04:00-sun:05:00; empty lets AWS choose
	MultiAZ           pulumi.BoolInput
	// ReadOnly stops all writes, without a restart. A replica must not have it: it would
	// keep it when it is promoted.
	ReadOnly pulumi.BoolInput

	// DeletionProtection makes RDS refuse to delete the instance.
	DeletionProtection bool
	// FinalSnapshot reports whether deletion leaves a snapshot. RDS refuses one of a
	// replica, so it is false until a replica has been promoted.
	FinalSnapshot pulumi.BoolInput
	// SnapshotSuffix keeps the final snapshot's name apart from earlier ones.
	SnapshotSuffix pulumi.StringInput

	Primary  *PrimaryArgs
	Replica  *ReplicaArgs
	Snapshot *SnapshotArgs

	// Unchanged leaves the instance as it is, but for what its deletion needs: RDS refuses changes of one that is stopped or failed.
	Unchanged bool

	// KeepsClass leaves the class of an instance that is there as it is. RDS takes a database away for minutes to give it
	// another one (Settings for DB instances, in RDS's user guide).
	KeepsClass bool

	// Hooks run before the instance is made or changed; nil for none.
	Hooks *pulumi.ResourceHookBinding
}

// PrimaryArgs is how a database is born that replicates nothing.
type PrimaryArgs struct {
	Username     string
	DatabaseName string
	Password     pulumi.StringInput
	StorageGiB   int
}

// exportedLogs are what RDS copies to CloudWatch Logs.
var exportedLogs = []string{"error", "slowquery"}

// databaseLogs makes the log groups of a database, under the names that RDS gives them. RDS
// would make them itself, and they would keep all for ever.
func databaseLogs(ctx *pulumi.Context, name string, args DatabaseArgs, opts ...pulumi.ResourceOption) (groups []pulumi.Resource, err error) {
	if args.LogDays == 0 {
		return nil, nil
	}
	for _, kind := range exportedLogs {
		group, err := newLogGroup(ctx, name+"-"+kind, fmt.Sprintf("/aws/rds/instance/%s/%s", args.Identifier, kind), args.LogDays, opts...)
		if err != nil {
			return nil, err
		}
		groups = append(groups, group)
	}
	return groups, nil
}

// ReplicaArgs is how a database is born that replicates another, of any region.
type ReplicaArgs struct {
	SourceARN string
	// Encrypted must be what the source is: AWS refuses a replica that differs.
	Encrypted bool
	// Password is the master user's, to be set once the database is promoted; nil leaves the source's.
	Password pulumi.StringInput
}

// SnapshotArgs is how a database is born that is a copy of another, as it was when
// the snapshot was taken. It lives for a while only.
type SnapshotArgs struct {
	ID string // of a snapshot in the same region
	// Encrypted must be what the snapshot is, whose key the copy has.
	Encrypted bool
}

// Database is an RDS for MySQL instance, encrypted, protected from deletion and
// with backups from birth. Clients must use TLS.
type Database struct {
	pulumi.ResourceState

	Identifier pulumi.StringOutput
	Address    pulumi.StringOutput
	ARN        pulumi.StringOutput
	// StorageGiB is the storage that the instance had when its state was last read.
	StorageGiB pulumi.IntOutput
	// Class is the instance class that it has.
	Class pulumi.StringOutput
	// Encrypted reports whether its storage is encrypted, which never changes.
	Encrypted pulumi.BoolPtrOutput
	// Parameters is the parameter group. RDS applies a change of ReadOnly within
	// seconds after it is made there.
	Parameters pulumi.Resource
}

// NewDatabase makes a primary, a replica, or a copy of a snapshot.
func NewDatabase(ctx *pulumi.Context, name string, args DatabaseArgs, opts ...pulumi.ResourceOption) (*Database, error) {
	if births(args) != 1 {
		return nil, fmt.Errorf("database %s must be born either a primary, a replica, or from a snapshot", args.Identifier)
	}
	family, err := parameterFamily(args.EngineVersion)
	if err != nil {
		return nil, err
	}
	db := &Database{}
	if err := ctx.RegisterComponentResource("pilotlight:components:Database", name, db, opts...); err != nil {
		return nil, err
	}
	parameters, err := rds.NewParameterGroup(ctx, name+"-parameters", &rds.ParameterGroupArgs{
		Description: pulumi.String("Database " + args.Identifier),
		Family:      pulumi.String(family),
		Parameters:  parameters(args.ReadOnly, args.Parameters),
		Tags:        named(args.Identifier),
	}, pulumi.Parent(db))
	if err != nil {
		return nil, err
	}

	db.Parameters = parameters
	logs, err := databaseLogs(ctx, name, args, pulumi.Parent(db))
	if err != nil {
		return nil, err
	}

	instanceArgs := &rds.InstanceArgs{
		Identifier:          pulumi.String(args.Identifier),
		InstanceClass:       pulumi.String(args.Class),
		StorageType:         pulumi.String("gp3"),
		ParameterGroupName:  parameters.Name,
		DbSubnetGroupName:   args.SubnetGroup,
		VpcSecurityGroupIds: pulumi.StringArray{args.SecurityGroupID},
		Port:                pulumi.Int(mysqlPort), // or a replica, and a copy, would listen where its source does
		PubliclyAccessible:  pulumi.Bool(false),
		MultiAz:             args.MultiAZ.ToBoolOutput().ToBoolPtrOutput(),

		BackupRetentionPeriod: pulumi.Int(args.BackupDays),
		BackupWindow:          optional(args.BackupWindow),
		MaintenanceWindow:     optional(args.MaintenanceWindow),
		CopyTagsToSnapshot:    pulumi.Bool(true),
		DeletionProtection:    pulumi.Bool(args.DeletionProtection),
		// Backups outlive the instance by their retention.
		DeleteAutomatedBackups:  pulumi.Bool(false),
		SkipFinalSnapshot:       not(args.FinalSnapshot),
		FinalSnapshotIdentifier: pulumi.Sprintf("%s-final-%s", args.Identifier, args.SnapshotSuffix),

		AutoMinorVersionUpgrade:      pulumi.Bool(false),
		AllowMajorVersionUpgrade:     pulumi.Bool(true), // when the configuration has another series, and not before
		ApplyImmediately:             pulumi.Bool(true),
		EnabledCloudwatchLogsExports: pulumi.ToStringArray(exportedLogs),
		Tags:                         named(args.Identifier),
	}
	if args.MaxStorageGiB > 0 {
		instanceArgs.MaxAllocatedStorage = pulumi.Int(args.MaxStorageGiB)
	}
	instanceOpts := append(hooked(args.Hooks),
		pulumi.Parent(db), pulumi.DependsOn(logs),
		// A replica of a few TB is copied for hours.
		pulumi.Timeouts(&pulumi.CustomTimeouts{Create: "12h", Update: "3h", Delete: "3h"}),
	)
	if args.Unchanged {
		instanceOpts = append(instanceOpts, pulumi.IgnoreChanges(lasting))
	}
	if args.KeepsClass {
		instanceOpts = append(instanceOpts, pulumi.IgnoreChanges([]string{"instanceClass"}))
	}
	switch {
	case args.Primary != nil:
		bornPrimary(instanceArgs, args)
	case args.Snapshot != nil:
		bornCopy(instanceArgs, args)
	default:
		bornReplica(instanceArgs, args)
		// A promotion happens outside Pulumi. The provider would take the argument, still
		// there, for a wish to replicate again, and its removal for a wish to promote again.
		// What encrypts it never changes either: another file of the stack would have it replaced.
		instanceOpts = append(instanceOpts, pulumi.IgnoreChanges([]string{"replicateSourceDb", "storageEncrypted", "kmsKeyId"}))
	}
	instance, err := rds.NewInstance(ctx, name+"-instance", instanceArgs, instanceOpts...)
	if err != nil {
		return nil, err
	}
	db.Identifier, db.Address, db.ARN, db.StorageGiB = instance.Identifier, instance.Address, instance.Arn, instance.AllocatedStorage
	db.Class, db.Encrypted = instance.InstanceClass, instance.StorageEncrypted
	return db, ctx.RegisterResourceOutputs(db, pulumi.Map{
		"identifier": db.Identifier, "address": db.Address, "arn": db.ARN,
	})
}

// lasting are the arguments of an instance that its deletion needs no change of.
var lasting = []string{
	"allocatedStorage", "autoMinorVersionUpgrade", "backupRetentionPeriod", "backupWindow", "copyTagsToSnapshot", "dbSubnetGroupName", "enabledCloudwatchLogsExports",
	"engineVersion", "instanceClass", "maintenanceWindow", "maxAllocatedStorage", "multiAz", "parameterGroupName", "password", "port", "publiclyAccessible", "storageType",
	"tags", "vpcSecurityGroupIds",
}

// births counts how a database is to be born.
func births(args DatabaseArgs) (count int) {
	for _, birth := range []bool{args.Primary != nil, args.Replica != nil, args.Snapshot != nil} {
		if birth {
			count++
		}
	}
	return count
}

// bornPrimary adds what only a primary may have. The password is not ignored when
// it changes: the instances log in with the one that is in the stack's secret, so
// the two must change together.
func bornPrimary(to *rds.InstanceArgs, args DatabaseArgs) {
	to.Engine = pulumi.String("mysql")
	to.EngineVersion = pulumi.String(args.EngineVersion)
	to.AllocatedStorage = pulumi.Int(args.Primary.StorageGiB)
	to.DbName = pulumi.String(args.Primary.DatabaseName)
	to.Username = pulumi.String(args.Primary.Username)
	to.Password = args.Primary.Password.ToStringOutput().ToStringPtrOutput()
	to.StorageEncrypted = pulumi.Bool(true)
	to.KmsKeyId = args.KeyARN.ToStringOutput().ToStringPtrOutput()
}

// bornReplica adds the source. Engine, users and storage are the source's own. So are the password, until another is
// given, and the version, until the configuration has a higher one. The key must be given even where AWS has a default:
// without it the provider does not sign for the source's region, and in China the copy is refused.
func bornReplica(to *rds.InstanceArgs, args DatabaseArgs) {
	to.EngineVersion = pulumi.String(args.EngineVersion)
	to.ReplicateSourceDb = pulumi.String(args.Replica.SourceARN)
	to.StorageEncrypted = pulumi.Bool(args.Replica.Encrypted)
	if args.Replica.Password != nil {
		to.Password = args.Replica.Password.ToStringOutput().ToStringPtrOutput()
	}
	if args.Replica.Encrypted {
		to.KmsKeyId = args.KeyARN.ToStringOutput().ToStringPtrOutput()
	}
}

// bornCopy adds the snapshot. All else is in it, the password too. Its storage is gp3 by default, with the IOPS of the snapshot
// (RestoreDBInstanceFromDBSnapshot); a type that is given the provider sends in a change afterwards, without the IOPS that RDS
// asks for with it (ModifyDBInstance). RDS would make log groups for exported logs, which outlive the instance.
func bornCopy(to *rds.InstanceArgs, args DatabaseArgs) {
	to.SnapshotIdentifier = pulumi.String(args.Snapshot.ID)
	to.StorageType = nil
	to.StorageEncrypted = pulumi.Bool(args.Snapshot.Encrypted) // or the provider takes what RDS shows for a change
	to.EnabledCloudwatchLogsExports = nil
	to.DeleteAutomatedBackups = pulumi.Bool(true)
}

// parameterFamily is the family of a MySQL version such as 8.0 or 8.4.5.
func parameterFamily(version string) (string, error) {
	for _, series := range []string{"8.0", "8.4"} {
		if version == series || strings.HasPrefix(version, series+".") {
			return "mysql" + series, nil
		}
	}
	return "", fmt.Errorf("MySQL version %q is not supported: use 8.0 or 8.4", version)
}

// parameters are few: what makes writes durable is at its default, and so is
// read_only unless it is to be on: RDS itself takes it back at a promotion only if
// it was not set.
func parameters(readOnly pulumi.BoolInput, own map[string]string) rds.ParameterGroupParameterArrayOutput {
	return readOnly.ToBoolOutput().ApplyT(func(readOnly bool) []rds.ParameterGroupParameter {
		group := []rds.ParameterGroupParameter{
			immediately("log_output", "FILE"), // only files are exported
			immediately("require_secure_transport", "1"),
			immediately("slow_query_log", "1"),
		}
		if readOnly {
			group = append(group, immediately("read_only", "1"))
		}
		for _, name := range slices.Sorted(maps.Keys(own)) {
			parameter := immediately(name, own[name])
			if !slices.Contains(dynamic, name) {
				parameter.ApplyMethod = pulumi.StringRef("pending-reboot")
			}
			group = append(group, parameter)
		}
		return group
	}).(rds.ParameterGroupParameterArrayOutput)
}

// dynamic are parameters that RDS takes without a reboot, of those that people set most
// (Appendix.MySQL.Parameters). It refuses that for static ones, and takes any at the next reboot.
var dynamic = []string{
	"character_set_server", "collation_server", "connect_timeout", "event_scheduler", "group_concat_max_len", "innodb_buffer_pool_size",
	"innodb_flush_log_at_trx_commit", "innodb_io_capacity", "innodb_lock_wait_timeout", "innodb_strict_mode", "interactive_timeout",
	"join_buffer_size", "local_infile", "log_bin_trust_function_creators", "long_query_time", "max_allowed_packet", "max_connections",
	"max_execution_time", "max_heap_table_size", "net_read_timeout", "net_write_timeout", "sort_buffer_size", "sql_mode", "sync_binlog",
	"table_open_cache", "time_zone", "tmp_table_size", "transaction_isolation", "wait_timeout",
}

func immediately(name, value string) rds.ParameterGroupParameter {
	method := "immediate"
	return rds.ParameterGroupParameter{Name: name, Value: value, ApplyMethod: &method}
}

// optional leaves an argument out when it is empty.
func optional(value string) pulumi.StringPtrInput {
	if value == "" {
		return nil
	}
	return pulumi.String(value)
}

func not(b pulumi.BoolInput) pulumi.BoolPtrOutput {
	return b.ToBoolOutput().ApplyT(func(b bool) *bool { b = !b; return &b }).(pulumi.BoolPtrOutput)
}
