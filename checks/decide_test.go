package checks

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/pilotlight-dr/pilotlight/refusal"
)

var (
	noon   = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	policy = Policy{
		Database: "blog-dr-1", Source: "arn:aws:rds:us-west-2:123456789012:db:blog-prod-1", Image: "ami-1", DiskGiB: 20, Region: "us-east-2", Stack: "dr", Peer: "prod",
		MaxLag: 5 * time.Minute, LagWindow: 2 * time.Hour, Epoch: 2, StandsBy: true,
		EngineVersion: "8.0", PeerImage: noon.Add(-time.Hour), MaxImageAge: 7 * 24 * time.Hour,
		Certificate: "arn:certificate", Names: []string{"www.example.com"},
	}
)

// productionLost is a clean case: the source died twenty minutes ago, and that is all.
func productionLost() Snapshot {
	return Snapshot{
		At: noon,
		Replica: &Replica{
			ID: "blog-dr-1", Status: "available", Source: policy.Source, BackupDays: 7, Engine: "8.0.42", Parameters: "blog-dr-1-parameters",
			Replication: "error", Message: "Read Replica Replication Error - IOError: 2003, reason: error connecting to master",
			LastGood: &Lag{Value: 3 * time.Second, At: noon.Add(-20 * time.Minute)},
		},
		Image:       &Image{ID: "ami-1", State: "available", Made: noon.Add(-24 * time.Hour)},
		Certificate: &Certificate{Status: "ISSUED", Names: []string{"*.example.com", "example.com"}, Until: noon.Add(90 * 24 * time.Hour)},
	}
}

func TestBlockers(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(*Snapshot)
		codes []string
		says  string
	}{
		"clear":                    {func(*Snapshot) {}, nil, ""},
		"production answers":       {func(s *Snapshot) { s.Site = DeepPage{OK: true, Epoch: 1} }, []string{ProductionServes}, "set ignoreProduction to 2"},
		"activated at this epoch":  {func(s *Snapshot) { s.Site = DeepPage{OK: true, Epoch: 2} }, []string{Diverged}, "pilotlight adopt dr"},
		"activated later, and ill": {func(s *Snapshot) { s.Site = DeepPage{Epoch: 3} }, []string{Diverged}, "answers at epoch 3"},
		"still replicates":         {func(s *Snapshot) { s.Replica.Replication, s.Replica.Message = "replicating", "" }, []string{ReplicaReceives}, "set ignoreProduction to 2"},
		"promoted outside of a run": {
			func(s *Snapshot) { *s.Replica = Replica{ID: "blog-dr-1", Status: "available"} }, []string{ReplicaPromoted},
			"is no replica any more: it was promoted outside of a run, by a person, or by RDS as its source was deleted: what was written to production since then is missing, and when that was is unknown: " +
				"make another one (pilotlight reprotect) if production lives; if not, set acceptDataLoss to 2 (--accept-data-loss 2) to accept the loss",
		},
		"backing up":          {func(s *Snapshot) { s.Replica.Status = "backing-up" }, nil, ""},
		"promoted, broken":    {func(s *Snapshot) { *s.Replica = Replica{ID: "blog-dr-1", Status: "failed"} }, []string{ReplicaPromoted, ReplicaState}, "promoted but failed"},
		"no replica":          {func(s *Snapshot) { s.Replica = nil }, []string{ReplicaMissing}, "no database blog-dr-1 in us-east-2"},
		"another source":      {func(s *Snapshot) { s.Replica.Source = "arn:other" }, []string{ReplicaWrongSource}, "replicates arn:other"},
		"still creating":      {func(s *Snapshot) { s.Replica.Status = "creating" }, []string{ReplicaState}, "its data is not whole yet"},
		"a state of tomorrow": {func(s *Snapshot) { s.Replica.Status = "quantum-folding" }, []string{ReplicaUnknown}, "set acceptStandby to 2 (--accept-standby 2)"},
		"applier failed": {
			func(s *Snapshot) {
				s.Replica.Message = "Read Replica Replication Error - SQLError: 1062, reason: Duplicate entry"
			},
			[]string{ReplicaApplier}, "stopped applying",
		},
		"lag unknown": {func(s *Snapshot) { s.Replica.LastGood = nil }, []string{LagUnknown}, "no replication lag"},
		"lag unread": {
			func(s *Snapshot) { s.Replica.LastGood, s.Replica.LagUnread = nil, "CloudWatch does not answer" },
			[]string{LagUnknown}, "could not be read (CloudWatch does not answer), so the loss is unknown: let these credentials ask for it (cloudwatch:GetMetricData), or set acceptDataLoss to 2",
		},
		"lag at limit": {func(s *Snapshot) { s.Replica.LastGood.Value = 5 * time.Minute }, nil, ""},
		"lag over":     {func(s *Snapshot) { s.Replica.LastGood.Value = 12 * time.Minute }, []string{LagTooHigh}, "writes after 11:28:00 UTC are lost"},
		"binary log gone, production lives on": {
			func(s *Snapshot) {
				s.Replica.Message, s.Replica.LastGood.At = "Read Replica Replication Error - IOError: 1236, reason: Got fatal error 1236 from source", noon.Add(-71*time.Minute)
			},
			[]string{LagTooHigh}, "last measured 1h11m0s ago, more than the 5m0s allowed: writes after 10:48:57 UTC are lost",
		},
		"binary log gone just now": {
			func(s *Snapshot) {
				s.Replica.Message, s.Replica.LastGood.At = "IOError: 1236, reason: Got fatal error", noon.Add(-4*time.Minute)
			}, nil, "",
		},
		"stopped by hand":                   {func(s *Snapshot) { s.Replica.Replication, s.Replica.Message = "stopped", "" }, []string{LagTooHigh}, "is not replicating (stopped)"},
		"stopped by hand, and the way back": {func(s *Snapshot) { s.Replica.Replication, s.Replica.Message = "stopped", "" }, []string{LagTooHigh}, "CALL mysql.rds_start_replication"},
		"full, and what helps": {func(s *Snapshot) {
			s.Replica.Status, s.Replica.Message, s.Replica.LastGood.At = "storage-full", "IOError: 1021, reason: Disk full", noon.Add(-time.Hour)
		}, []string{ReplicaState, LagTooHigh}, "are lost: mend its state first if production lives"},
		"ended by RDS, and what helps":     {func(s *Snapshot) { s.Replica.Replication, s.Replica.Message = "terminated", "" }, []string{LagTooHigh}, "are lost: make another one (pilotlight reprotect) if production lives"},
		"an error without a word":          {func(s *Snapshot) { s.Replica.Message = "" }, []string{LagTooHigh}, "not because its source was lost: its lag"},
		"cut off, in the words of MySQL 8": {func(s *Snapshot) { s.Replica.Message = "error reconnecting to source 'rdsrepladmin@10.0.0.1:3306'" }, nil, ""},
		"parts deleted": {
			func(s *Snapshot) {
				s.Missing = []Part{{Kind: "subnet", ID: "subnet-1"}, {Kind: Bucket, ID: "blog-dr-media"}}
			},
			[]string{PartsMissing}, "AWS in us-east-2 no longer has bucket blog-dr-media and subnet subnet-1, which",
		},
		"a part that AWS failed to make": {
			func(s *Snapshot) {
				s.Missing = []Part{{Kind: "Redis group", ID: "blog-dr-cache-0a1b2c3", Unmade: true}}
			},
			[]string{PartsMissing}, "AWS in us-east-2 had accepted Redis group blog-dr-cache-0a1b2c3, and failed to make that: an activation would stop halfway: make them again with pilotlight deploy dr",
		},
		"parts deleted and failed": {
			func(s *Snapshot) {
				s.Missing = []Part{{Kind: "subnet", ID: "subnet-1"}, {Kind: "balancer", ID: "b", Unmade: true}}
			},
			[]string{PartsMissing, PartsMissing}, "AWS in us-east-2 no longer has subnet subnet-1, which",
		},
		"a bucket deleted":    {func(s *Snapshot) { s.Missing = []Part{{Kind: Bucket, ID: "blog-dr-media"}} }, []string{PartsMissing}, "pilotlight media sync --from prod --to dr, once"},
		"a key to be deleted": {func(s *Snapshot) { s.Missing = []Part{{Kind: Key, ID: "1234"}} }, []string{KeyMissing}, "--region us-east-2 --key-id 1234"},
		"a key deleted with its name": {
			func(s *Snapshot) { s.Missing = []Part{{Kind: KeyAlias, ID: "alias/blog"}, {Kind: Key, ID: "1234"}} }, []string{KeyMissing}, "no longer has key 1234, or",
		},
		"parts deleted, in the judgement of who asks": {func(s *Snapshot) { s.Missing = []Part{{Kind: "subnet", ID: "subnet-1"}} }, []string{PartsMissing}, "or set acceptStandby to 2 (--accept-standby 2)"},
		"public access blocked":                       {func(s *Snapshot) { s.Blocked = &BlockedNetwork{"vpc-1", "block-ingress"} }, []string{NetworkBlocked}, "--region us-east-2 --vpc-id vpc-1 --internet-gateway-exclusion-mode allow-bidirectional; or set acceptStandby to 2"},
		"a key of the customer, and usable":           {func(s *Snapshot) { s.VolumeKey = &VolumeKey{ARN: "arn:key", State: "Enabled", Usable: true} }, nil, ""},
		"a key that is not known":                     {func(s *Snapshot) { s.VolumeKey = &VolumeKey{ARN: "arn:key", Unseen: "KMS ListGrants: AccessDenied"} }, nil, ""},
		"a key that nobody may use": {
			func(s *Snapshot) { s.VolumeKey = &VolumeKey{ARN: "arn:key", State: "Enabled", Role: "arn:role"} }, []string{VolumeKeyUnusable},
			"aws kms create-grant --region us-east-2 --key-id arn:key --grantee-principal arn:role --operations Encrypt Decrypt ReEncryptFrom ReEncryptTo GenerateDataKey GenerateDataKeyWithoutPlaintext DescribeKey CreateGrant; or set acceptStandby to 2",
		},
		"a disabled key of volumes": {
			func(s *Snapshot) { s.VolumeKey = &VolumeKey{ARN: "arn:key", State: "PendingDeletion"} }, []string{VolumeKeyUnusable}, "key arn:key, which is PendingDeletion",
		},
		"no key of volumes": {func(s *Snapshot) { s.VolumeKey = &VolumeKey{ARN: "arn:key"} }, []string{VolumeKeyUnusable}, "KMS has no such key"},
		"no image":          {func(s *Snapshot) { s.Image = nil }, []string{ImageMissing}, "no image ami-1 in us-east-2"},
		"image too large":   {func(s *Snapshot) { s.Image.RootGiB = 30 }, []string{ImageTooLarge}, "set app.diskGiB to 30 or more"},
		"image pending":     {func(s *Snapshot) { s.Image.State = "pending" }, []string{ImageState}, "is pending"},
		"image too old": {
			func(s *Snapshot) { s.Image.Made = noon.Add(-8 * 24 * time.Hour) }, []string{ImageOld}, "made 7d23h before production's, more than the 7d allowed: set app.image to a copy of production's; or set acceptStandby to 2",
		},
		"image newer than production's": {func(s *Snapshot) { s.Image.Made = noon }, nil, ""},
		"stays read-only":               {func(s *Snapshot) { s.Replica.ReadOnly = true }, []string{ReplicaReadOnly}, "group blog-dr-1-parameters sets read_only"},
		"another series":                {func(s *Snapshot) { s.Replica.Engine = "8.4.5" }, []string{ReplicaEngine}, "set database.engineVersion to 8.4"},
		"a patch of extended support":   {func(s *Snapshot) { s.Replica.Engine = "8.0.46-rds.20260908" }, nil, ""}, // of the series that the configuration names
		"another patch": {
			func(s *Snapshot) { s.Replica.Engine = "8.0.41" }, nil, "", // the configuration leaves it to RDS
		},
		"image not told of": {
			func(s *Snapshot) { s.Image, s.Unread.Image = nil, "EC2 DescribeImages: UnauthorizedOperation" }, []string{ImageUnseen},
			"the image in us-east-2 could not be read: EC2 DescribeImages: UnauthorizedOperation: let these credentials read it (ec2:DescribeImages); or set acceptStandby to 2",
		},
		"database not told of": {
			func(s *Snapshot) { s.Replica, s.Unread.Replica = nil, "RDS DescribeDBInstances: AccessDenied" }, []string{ReplicaUnseen, LagUnknown},
			"database blog-dr-1 could not be read: RDS DescribeDBInstances: AccessDenied",
		},
		"parameters not told of": {
			func(s *Snapshot) { s.Replica.ParametersUnread = "RDS DescribeDBParameters: AccessDenied" }, []string{ParametersUnseen},
			"whether parameter group blog-dr-1-parameters keeps database blog-dr-1 read-only could not be read",
		},
		"a database of no state":      {func(s *Snapshot) { s.Replica.Status = "" }, []string{ReplicaUnknown}, "database blog-dr-1 is in a state that RDS does not say"},
		"no certificate":              {func(s *Snapshot) { s.Certificate = nil }, []string{CertificateMissing}, "no certificate arn:certificate in us-east-2"},
		"certificate not validated":   {func(s *Snapshot) { s.Certificate.Status = "PENDING_VALIDATION" }, []string{CertificateState}, "is PENDING_VALIDATION"},
		"certificate ends too soon":   {func(s *Snapshot) { s.Certificate.Until = noon.Add(59 * time.Minute) }, []string{CertificateExpires}, "ends at 2026-03-01 12:59:00 UTC"},
		"certificate of another name": {func(s *Snapshot) { s.Certificate.Names = []string{"*.www.example.com"} }, []string{CertificateName}, "not for www.example.com"},
		"everything": {
			func(s *Snapshot) { s.Image, s.Replica.LastGood, s.Replica.Source = nil, nil, "arn:other" },
			[]string{ReplicaWrongSource, LagUnknown, ImageMissing}, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := productionLost()
			tc.spoil(&s)
			var codes []string
			var text string
			for _, b := range Activation.Blockers(s, policy) {
				codes = append(codes, b.Code)
				text += b.String() + "\n"
				assert.NotEmpty(t, b.Remedy)
			}
			assert.Equal(t, tc.codes, codes)
			assert.Contains(t, text, tc.says)
		})
	}
}

// TestFailoverUpgradesNothing holds that a patch which the replica has not is no part of a failover.
func TestFailoverUpgradesNothing(t *testing.T) {
	t.Parallel()
	s, p := productionLost(), policy
	p.EngineVersion = "8.0.44"
	blockers := Activation.Blockers(s, p)
	assert.Len(t, blockers, 1)
	assert.Equal(t, "database blog-dr-1 runs MySQL 8.0.42, and the configuration is for 8.0.44: set database.engineVersion to 8.0.42", blockers[0].String())
	s.Replica.Engine = "8.0.44"
	assert.Empty(t, Activation.Blockers(s, p))
}

func TestBlockersOfTheNewestImage(t *testing.T) {
	t.Parallel()
	s, p := productionLost(), policy
	p.Image, p.ImageTag = "", "pilotlight:image=blog"
	assert.Empty(t, Activation.Blockers(s, p))
	s.Image.Made = noon.Add(-8 * 24 * time.Hour)
	assert.Contains(t, Activation.Blockers(s, p)[0].String(), "bring production's here (pilotlight images sync); or set acceptStandby to 2")
	s.Image = nil
	assert.Contains(t, Activation.Blockers(s, p)[0].String(), "there is no available image with the tag pilotlight:image=blog in us-east-2: give an image in this region that tag, or set app.image")
}

func TestBlockersOfAPrimary(t *testing.T) {
	t.Parallel()
	first := policy
	first.Source = ""
	s := productionLost()
	s.Replica = nil
	assert.Empty(t, Activation.Blockers(s, first), "a first deployment has no database yet")
}

// TestPromotedByItsActivation holds that a side that led has nothing against a database that replicates nothing.
func TestPromotedByItsActivation(t *testing.T) {
	t.Parallel()
	led := policy
	led.StandsBy, led.ReclaimedEpoch = false, 1
	s := productionLost()
	*s.Replica = Replica{ID: "blog-dr-1", Status: "available"}
	assert.Empty(t, Activation.Blockers(s, led))
}

func TestOverrule(t *testing.T) {
	t.Parallel()
	s := productionLost()
	s.Site, s.Image.Made, s.Replica.LastGood = DeepPage{OK: true, Epoch: 1}, noon.Add(-30*24*time.Hour), nil
	s.Missing, s.VolumeKey = []Part{{Kind: "subnet", ID: "subnet-1"}}, &VolumeKey{ARN: "arn:key", State: "Enabled"}
	codes := func(blockers []refusal.Blocker) (codes []string) {
		for _, b := range blockers {
			codes = append(codes, b.Code)
		}
		return codes
	}
	t.Run("a promoted database", func(t *testing.T) {
		t.Parallel()
		s := productionLost()
		*s.Replica = Replica{ID: "blog-dr-1", Status: "available"}
		for _, risk := range []string{AcceptDataLoss, IgnoreProduction, AcceptStandby} {
			stand, _ := Overrule(Activation.Blockers(s, policy), []string{risk})
			assert.Equal(t, risk == AcceptDataLoss, len(stand) == 0, risk)
		}
	})
	for name, tc := range map[string]struct {
		accepted         []string
		stand, overruled []string
	}{
		"nothing":    {nil, []string{ProductionServes, LagUnknown, ImageOld, VolumeKeyUnusable, PartsMissing}, nil},
		"loss":       {[]string{AcceptDataLoss}, []string{ProductionServes, ImageOld, VolumeKeyUnusable, PartsMissing}, []string{LagUnknown}},
		"production": {[]string{IgnoreProduction}, []string{LagUnknown, ImageOld, VolumeKeyUnusable, PartsMissing}, []string{ProductionServes}},
		"both":       {[]string{AcceptDataLoss, IgnoreProduction}, []string{ImageOld, VolumeKeyUnusable, PartsMissing}, []string{ProductionServes, LagUnknown}},
		"standby":    {[]string{AcceptStandby}, []string{ProductionServes, LagUnknown}, []string{ImageOld, VolumeKeyUnusable, PartsMissing}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stand, overruled := Overrule(Activation.Blockers(s, policy), tc.accepted)
			assert.Equal(t, tc.stand, codes(stand))
			assert.Equal(t, tc.overruled, codes(overruled))
		})
	}
}

// TestAcceptStandby holds that all that is a matter of judgement can be accepted for one epoch, alone and with no other risk,
// and that the remedy says so. What would stop the activation all the same is none: a database that can't be read is not seen to be
// promoted, and no balancer takes a certificate that was not issued. Not at the first epoch, for which no risk is accepted, nor where there is no activation.
func TestAcceptStandby(t *testing.T) {
	t.Parallel()
	spoils := map[string]func(*Snapshot){
		ReplicaUnknown:     func(s *Snapshot) { s.Replica.Status = "quantum-folding" },
		ParametersUnseen:   func(s *Snapshot) { s.Replica.ParametersUnread = "AccessDenied" },
		ImageOld:           func(s *Snapshot) { s.Image.Made = noon.Add(-30 * 24 * time.Hour) },
		ImageUnseen:        func(s *Snapshot) { s.Image, s.Unread.Image = nil, "AccessDenied" },
		TypeNotOffered:     func(s *Snapshot) { s.Types = []InstanceType{{Name: "m6i.large"}} },
		PartsMissing:       func(s *Snapshot) { s.Missing = []Part{{Kind: "subnet", ID: "subnet-1"}} },
		NetworkBlocked:     func(s *Snapshot) { s.Blocked = &BlockedNetwork{VPC: "vpc-1", Mode: "block-ingress"} },
		VolumeKeyUnusable:  func(s *Snapshot) { s.VolumeKey = &VolumeKey{ARN: "arn:key", State: "Enabled"} },
		CertificateName:    func(s *Snapshot) { s.Certificate.Names = []string{"example.net"} },
		CertificateExpires: func(s *Snapshot) { s.Certificate.Until = noon },
	}
	assert.ElementsMatch(t, slices.Collect(maps.Keys(spoils)), overrides[AcceptStandby])
	for code, spoil := range spoils {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			s := productionLost()
			spoil(&s)
			first, none := policy, policy
			first.Epoch, none.Epoch = 1, 0
			for _, b := range Activation.Blockers(s, policy) {
				if b.Code == code {
					assert.Contains(t, b.Remedy, "; or set acceptStandby to 2 (--accept-standby 2)")
				}
			}
			for _, b := range append(Activation.Blockers(s, first), NewImage.Blockers(s, none)...) {
				assert.NotContains(t, b.Remedy, "acceptStandby")
			}
			stand, overruled := Overrule(Activation.Blockers(s, policy), []string{AcceptStandby})
			assert.Len(t, overruled, 1)
			assert.Empty(t, stand)
		})
	}
}

func TestNotInStep(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(*Snapshot)
		says  string
	}{
		"in step":           {func(*Snapshot) {}, ""},
		"promoted outside":  {func(s *Snapshot) { *s.Replica = Replica{ID: "blog-dr-1", Status: "available"} }, "is no replica any more"},
		"not told of":       {func(s *Snapshot) { s.Replica, s.Unread.Replica = nil, "AccessDenied" }, "blog-dr-1 could not be read: AccessDenied"},
		"missing":           {func(s *Snapshot) { s.Replica = nil }, "there is no database blog-dr-1 in us-east-2"},
		"creating":          {func(s *Snapshot) { s.Replica.Status = "creating" }, "is creating"},
		"source lost":       {func(s *Snapshot) { s.Replica.Replication = "error" }, "does not replicate"},
		"not measured":      {func(s *Snapshot) { s.Replica.LastGood = nil }, "was not measured"},
		"measured long ago": {func(s *Snapshot) { s.Replica.LastGood.At = noon.Add(-time.Hour) }, "was not measured"},
		"behind":            {func(s *Snapshot) { s.Replica.LastGood.Value = 2 * time.Minute }, "is 2m0s behind"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := productionLost()
			s.Replica.Replication, s.Replica.Message, s.Replica.LastGood.At = "replicating", "", noon.Add(-time.Minute)
			tc.spoil(&s)
			blockers := Retire.Blockers(s, policy)
			if tc.says == "" {
				assert.Empty(t, blockers)
				return
			}
			assert.Len(t, blockers, 1)
			assert.Contains(t, blockers[0].String(), tc.says)
		})
	}
	assert.Empty(t, Retire.Blockers(Snapshot{}, Policy{}), "a primary follows nobody")
	led := policy
	led.StandsBy = false
	assert.Empty(t, Retire.Blockers(Snapshot{Replica: &Replica{ID: "blog-dr-1", Status: "available"}}, led), "an activation promoted it")
}

func TestApplierFailed(t *testing.T) {
	t.Parallel()
	for message, failed := range map[string]bool{
		"Error 'Duplicate entry '42' for key 'wp_posts.PRIMARY'' on query. Default database: 'wordpress'.":        true,
		"Could not execute Update_rows event on table wordpress.wp_options; Can't find record":                    true,
		"Read Replica Replication Error - SQLError: 1032, reason: Can't find record":                              true,
		"Read Replica Replication Error - IOError: 2003, reason: error reconnecting to master":                    false,
		"error connecting to source 'rdsrepladmin@10.0.0.1:3306' - retry-time: 60 retries: 8":                     false,
		"The replica I/O thread is not connected: Lost connection to MySQL server during query":                   false,
		"Got fatal error 1236 from source when reading data from binary log: 'Could not find first log file name": false,
	} {
		assert.Equal(t, failed, applierFailed("error", message), message)
		assert.False(t, applierFailed("replicating", message))
	}
}

func TestPromotion(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status, source string
		step           Step
		fails          bool
		requested      bool   // long ago
		replication    string // as RDS words it
	}{
		"not begun":                       {"available", "arn", Promote, false, false, ""},
		"optimising storage":              {"storage-optimization", "arn", Promote, false, false, ""},
		"begun":                           {"modifying", "arn", Wait, false, false, ""},
		"backing up":                      {"backing-up", "arn", Wait, false, false, ""},
		"source gone, rebooting":          {"rebooting", "", Wait, false, false, ""},
		"done":                            {"available", "", Promoted, false, false, ""},
		"done, storage optimises":         {"storage-optimization", "", Promoted, false, false, ""},
		"stuck":                           {"incompatible-parameters", "arn", Wait, true, false, ""},
		"stuck without a source":          {"storage-full", "", Wait, true, false, ""},
		"not begun, of no replication":    {"available", "arn", Promote, false, false, ""},
		"failed":                          {"available", "arn", Promote, false, true, "replicating"},
		"failed, its source lost":         {"available", "arn", Promote, false, true, "error"},
		"done, its source shown for good": {"available", "arn", Promoted, false, true, ""},
		"storage optimises, source shown": {"storage-optimization", "arn", Promote, false, true, ""},
		"rebooting, its source shown":     {"rebooting", "arn", Wait, false, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			step, err := Promotion(Replica{ID: "blog-dr-1", Status: tc.status, Source: tc.source, Replication: tc.replication}, tc.requested, "us-east-2", nil)
			assert.Equal(t, tc.step, step)
			assert.Equal(t, tc.fails, err != nil)
		})
	}
}

func TestLoss(t *testing.T) {
	t.Parallel()
	s := productionLost()
	assert.Equal(t, "a failover loses at least what was written after 11:39:57 UTC (last good lag 3s, measured 20m0s ago; a source that falls silent shows none for up to a minute)", Loss(s.Replica, s.At, false))
	assert.Contains(t, Loss(s.Replica, s.At, true), "no writes are lost: the promotion waits")
	for ago, late := range map[time.Duration]bool{0: false, freshMeasure: false, freshMeasure + time.Second: true} {
		s.Replica.Measured = s.At.Add(-ago)
		assert.Equal(t, late, strings.Contains(Loss(s.Replica, s.At, false), "is unknown"), ago)
	}
	s.Replica.Measured = s.At.Add(-freshMeasure - time.Second)
	assert.Equal(t, "which writes a failover loses is unknown: CloudWatch's last figure is of 11:54:59 UTC; it is at most what was written after 11:38:57 UTC (last good lag 3s at 11:40:00 UTC)", Loss(s.Replica, s.At, false))
	s.Replica.LastGood = nil
	assert.Contains(t, Loss(s.Replica, s.At, false), "unknown")
	assert.Equal(t, "which writes a failover loses is unknown: database blog-dr-1 is no replica any more", Loss(&Replica{ID: "blog-dr-1", Status: "available"}, s.At, false))
	assert.Equal(t, "no writes are lost", Loss(nil, s.At, false), "of a primary")
	backlog := &Backlog{Files: 3, At: s.At}
	assert.Equal(t, "at 12:00:00 UTC S3 had yet to copy 3 of the uploads; they, and what was uploaded since, are missing until production's region is back", MediaLoss(s.Replica, backlog, false))
	assert.Equal(t, "at 12:00:00 UTC S3 had copied all uploads; what was uploaded since is missing until production's region is back", MediaLoss(s.Replica, &Backlog{At: backlog.At}, false))
	assert.Contains(t, MediaLoss(s.Replica, nil, false), "in the last 15 minutes before production was lost may be missing")
	assert.Contains(t, MediaLoss(s.Replica, backlog, true), "may arrive a little later")
	assert.Empty(t, MediaLoss(nil, backlog, false))
}
