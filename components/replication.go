package components

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// replicationMinutes is the only time that S3 Replication Time Control offers.
const replicationMinutes = 15

// ReplicationArgs says what is replicated to where.
type ReplicationArgs struct {
	AccountID  string // of both buckets
	Bucket     pulumi.StringInput
	BucketARN  pulumi.StringInput
	Versioning pulumi.Resource // of Bucket; the peer's must be on already

	PeerBucketARN string
	StorageClass  string // of the copies, such as STANDARD_IA
	// Rule is its id, by which S3 names its metrics.
	Rule string
	// TimeControl asks S3 for copies within 15 minutes. It costs extra.
	TimeControl bool
	// Unchanged leaves what the rule asks for beside its bucket as it is: S3 looks at the peer's region when it changes.
	Unchanged bool
}

// asked is what a rule asks for beside its bucket.
var asked = []string{"rules[0].destination.metrics", "rules[0].destination.replicationTime", "rules[0].destination.storageClass"}

// Replication is one way from a bucket to another. Two of them, one on each side,
// keep both buckets alike: what arrives as a copy is not copied back.
type Replication struct {
	pulumi.ResourceState

	Rule pulumi.Resource // is there once S3 copies what is new
}

// NewReplication makes the rule and the role that S3 takes on for it. AWS looks at
// the peer's bucket when the rule is made or changed, so neither works while the
// peer's region is lost.
func NewReplication(ctx *pulumi.Context, name string, args ReplicationArgs, opts ...pulumi.ResourceOption) (*Replication, error) {
	r := &Replication{}
	if err := ctx.RegisterComponentResource("pilotlight:components:Replication", name, r, opts...); err != nil {
		return nil, err
	}
	part := name + "-replication"
	role, err := iam.NewRole(ctx, part, &iam.RoleArgs{
		Description:      pulumi.String("S3 copies the media of " + name + " to the other region"),
		AssumeRolePolicy: trustFor(s3Principal, args.AccountID),
		Tags:             named(part),
	}, pulumi.Parent(r))
	if err != nil {
		return nil, err
	}
	policy, err := iam.NewRolePolicy(ctx, part, &iam.RolePolicyArgs{
		Role: role.ID(),
		Policy: policyDocument(
			allow(pulumi.StringArray{args.BucketARN},
				"s3:GetReplicationConfiguration", "s3:ListBucket"),
			allow(pulumi.StringArray{pulumi.Sprintf("%s/*", args.BucketARN)},
				"s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"),
			allow(pulumi.StringArray{pulumi.String(args.PeerBucketARN + "/*")},
				"s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"),
		),
	}, pulumi.Parent(r))
	if err != nil {
		return nil, err
	}
	ruleOpts := []pulumi.ResourceOption{pulumi.Parent(r), pulumi.DependsOn([]pulumi.Resource{args.Versioning, policy})}
	if args.Unchanged {
		ruleOpts = append(ruleOpts, pulumi.IgnoreChanges(asked))
	}
	if r.Rule, err = s3.NewBucketReplicationConfig(ctx, part, &s3.BucketReplicationConfigArgs{
		Bucket: args.Bucket,
		Role:   role.Arn,
		Rules:  s3.BucketReplicationConfigRuleArray{replicationRule(args)},
	}, ruleOpts...); err != nil {
		return nil, err
	}
	return r, ctx.RegisterResourceOutputs(r, pulumi.Map{})
}

func replicationRule(args ReplicationArgs) s3.BucketReplicationConfigRuleArgs {
	enabled := pulumi.String("Enabled")
	to := s3.BucketReplicationConfigRuleDestinationArgs{
		Bucket:       pulumi.String(args.PeerBucketARN),
		StorageClass: pulumi.String(args.StorageClass),
	}
	// S3 measures copies of any rule (https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-time-control.html), but takes
	// a threshold with time control alone.
	measured := s3.BucketReplicationConfigRuleDestinationMetricsArgs{Status: enabled}
	if args.TimeControl {
		to.ReplicationTime = s3.BucketReplicationConfigRuleDestinationReplicationTimeArgs{
			Status: enabled,
			Time:   s3.BucketReplicationConfigRuleDestinationReplicationTimeTimeArgs{Minutes: pulumi.Int(replicationMinutes)},
		}
		measured.EventThreshold = s3.BucketReplicationConfigRuleDestinationMetricsEventThresholdArgs{Minutes: pulumi.Int(replicationMinutes)}
	}
	to.Metrics = measured
	return s3.BucketReplicationConfigRuleArgs{
		Id:       pulumi.String(args.Rule),
		Status:   enabled,
		Priority: pulumi.Int(1),
		Filter:   s3.BucketReplicationConfigRuleFilterArgs{Prefix: pulumi.String("")},
		// Off by default: a file deleted here would live on there.
		DeleteMarkerReplication: s3.BucketReplicationConfigRuleDeleteMarkerReplicationArgs{Status: enabled},
		// Changes of tags made to a copy go back to the original.
		SourceSelectionCriteria: s3.BucketReplicationConfigRuleSourceSelectionCriteriaArgs{
			ReplicaModifications: s3.BucketReplicationConfigRuleSourceSelectionCriteriaReplicaModificationsArgs{Status: enabled},
		},
		Destination: to,
	}
}
