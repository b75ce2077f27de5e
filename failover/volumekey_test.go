package failover_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/wire"
)

// TestVolumeKey holds that a key of the customer by which no instance could be launched is told before anything is promoted: the key
// of the image's snapshot, or the default one of the region.
func TestVolumeKey(t *testing.T) {
	t.Parallel()
	role := checks.LaunchRole("aws", sim.Account)
	named := `{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "` + role + `"}, "Action": "kms:*", "Resource": "*"}]}`
	for name, tc := range map[string]struct {
		policy string
		spoil  func(w *sim.World, key string)
		none   bool // AWS's own
		faults []string
		reason string
		remedy string
		unseen string
	}{
		"AWS's own key":           {spoil: func(*sim.World, string) {}, none: true},
		"the account alone":       {reason: "neither its policy nor a grant lets EC2 Auto Scaling use it", remedy: "--grantee-principal " + role + " --operations Encrypt Decrypt "},
		"a policy names the role": {policy: named},
		"a grant names it":        {spoil: func(w *sim.World, key string) { w.EncryptVolumes(recovery, key); w.Grant(key, role) }},
		"a grant names another":   {spoil: func(w *sim.World, key string) { w.EncryptVolumes(recovery, key); w.Grant(key, role+"_2") }, reason: "neither its policy nor"},
		"disabled":                {policy: named, spoil: disabled, reason: "which is Disabled", remedy: "aws kms enable-key --region us-east-2 --key-id arn:aws:kms:us-east-2"},
		"no such key":             {spoil: func(w *sim.World, key string) { w.EncryptVolumes(recovery, key+"0") }, reason: "KMS has no such key"},
		"of the image":            {spoil: ofImage, reason: "neither its policy nor"},
		"of the image, and allowed": {policy: named, spoil: func(w *sim.World, key string) {
			ofImage(w, key)
			w.EncryptVolumes(recovery, "arn:aws:kms:us-east-2:1:key/none")
		}},
		"default unread":  {faults: []string{"error=ec2:GetEbsDefaultKmsKeyId:UnauthorizedOperation:99"}, unseen: "EC2 GetEbsDefaultKmsKeyId: UnauthorizedOperation"},
		"snapshot unread": {spoil: ofImage, faults: []string{"error=ec2:DescribeSnapshots:UnauthorizedOperation:99"}, unseen: "EC2 DescribeSnapshots: UnauthorizedOperation"},
		"key unread":      {faults: []string{"error=kms:DescribeKey:AccessDeniedException:99"}, unseen: "KMS DescribeKey: AccessDeniedException"},
		"grants unread":   {faults: []string{"error=kms:ListGrants:AccessDeniedException:99"}, unseen: "KMS ListGrants: AccessDeniedException"},
		"policy unread":   {faults: []string{"error=kms:GetKeyPolicy:AccessDeniedException:99"}, unseen: "KMS GetKeyPolicy: AccessDeniedException"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := sim.New(1)
			w.Clock().SetQuiet(time.Millisecond)
			face := wire.NewFace(w)
			t.Cleanup(func() { face.Close(); w.Close() })
			w.AddImage(recovery, "ami-1", sim.Epoch)
			inputs := map[string]any{}
			if tc.policy != "" {
				inputs["policy"] = tc.policy
			}
			made, err := w.Create(t.Context(), sim.Call{Region: recovery, Type: "aws:kms/key:Key", Name: "volumes", Inputs: inputs})
			require.NoError(t, err)
			if tc.spoil == nil {
				tc.spoil = func(w *sim.World, key string) { w.EncryptVolumes(recovery, key) }
			}
			tc.spoil(w, made.Props["arn"].(string))
			for _, text := range tc.faults {
				fault, err := sim.ParseFault(text)
				require.NoError(t, err)
				require.NoError(t, w.Inject(fault))
			}
			rt := failover.New(failover.Env{
				AWS: func(_ context.Context, region, _ string) (aws.Config, error) { return face.Config(region), nil }, Now: w.Clock().Now,
			}, failover.Site{
				Policy: checks.Policy{Region: recovery, Image: "ami-1", DiskGiB: 20}, Limits: failover.Limits{Check: time.Minute},
				ResourceIDs: []string{"arn:aws:s3:::bucket", "arn:aws:iam::" + sim.Account + ":role/site"},
			})
			seen, err := rt.Survey(t.Context())
			require.NoError(t, err)
			verdict, err := rt.CheckImage(t.Context(), "ami-1")
			require.NoError(t, err)
			if tc.reason != "" {
				require.Len(t, verdict.Blockers, 1)
				assert.Equal(t, checks.VolumeKeyUnusable, verdict.Blockers[0].Code)
				assert.Contains(t, verdict.Blockers[0].Reason, tc.reason)
				assert.Contains(t, verdict.Blockers[0].Remedy, tc.remedy)
				return
			}
			assert.Empty(t, verdict.Blockers)
			if tc.none {
				assert.Nil(t, seen.VolumeKey)
				return
			}
			require.NotNil(t, seen.VolumeKey)
			assert.Equal(t, tc.unseen, seen.VolumeKey.Unseen)
			assert.Equal(t, tc.unseen == "", seen.VolumeKey.Usable)
		})
	}
}

// ofImage has the image be a copy that was encrypted with the key, and the region's default be AWS's own since.
func ofImage(w *sim.World, key string) {
	w.EncryptVolumes(recovery, key)
	id, err := w.CopyImage(recovery, sim.ImageCopy{From: recovery, Image: "ami-1", Name: "copy"})
	if err != nil {
		panic(err)
	}
	w.Clock().Advance(24 * time.Hour)
	copies, err := w.ImagesNamed(recovery, []string{id})
	if err != nil {
		panic(err)
	}
	copies[0].ID = "ami-1"
	w.PutImage(recovery, copies[0])
	w.EncryptVolumes(recovery, "")
}

func disabled(w *sim.World, key string) {
	w.EncryptVolumes(recovery, key)
	w.ByHand(func(o *sim.Object) bool {
		if o.Props["arn"] == key {
			o.Props["isEnabled"] = false
		}
		return true
	})
}
