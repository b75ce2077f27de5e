package backend_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pilotlight-dr/pilotlight/backend"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is an empty AWS, and options for a backend in it.
func world(t *testing.T) (*sim.World, *wire.Face, backend.Options) {
	t.Helper()
	w := sim.New(1)
	face := wire.NewFace(w)
	t.Cleanup(func() { face.Close(); w.Close() })
	return w, face, backend.Options{
		Site: "blog", Region: "eu-north-1", Production: "eu-west-1", Recovery: "eu-central-1",
		AWS: func(_ context.Context, region, _ string) (aws.Config, error) { return face.Config(region), nil },
	}
}

const stateBucket = "blog-state-123456789012-eu-north-1"

// changes are the calls so far that change something.
func changes(w *sim.World) (all []string) {
	for _, step := range w.Journal() {
		_, action, _ := strings.Cut(step.Operation, ":")
		for _, verb := range []string{"Create", "Put", "Enable", "Delete", "Copy", "Complete"} {
			if strings.HasPrefix(action, verb) && step.Err == "" {
				all = append(all, step.Operation)
			}
		}
	}
	return all
}

func TestBootstrap(t *testing.T) {
	t.Parallel()
	w, face, o := world(t)
	var said []string
	o.Say = func(line string) { said = append(said, line) }
	made, err := backend.Bootstrap(t.Context(), o)
	require.NoError(t, err)
	assert.True(t, made.Changed())
	assert.Empty(t, made.Warnings)
	assert.Equal(t, "s3://"+stateBucket+"?region=eu-north-1", made.Login)
	assert.Equal(t, "awskms://alias/blog-state?region=eu-north-1", made.SecretsProvider)
	assert.Equal(t, []string{
		"pulumi login 's3://" + stateBucket + "?region=eu-north-1'",
		"pulumi stack init prod --secrets-provider 'awskms://alias/blog-state?region=eu-north-1'",
		"pulumi stack init dr --secrets-provider 'awskms://alias/blog-state?region=eu-north-1'",
	}, made.Lines([]string{"prod", "dr"}))
	assert.Contains(t, said, "made: bucket "+stateBucket+" in eu-north-1")
	assert.Len(t, said, len(made.Parts))
	assert.Equal(t, map[string]string{"site": "blog"}, w.Keys("eu-north-1")[0].Tags, "roles that may deploy may change what is managed by pilotlight, and tag what has no site")
	assert.ElementsMatch(t, []string{"kms:CreateKey", "kms:CreateAlias", "kms:EnableKeyRotation", "s3:CreateBucket", "s3:PutBucketVersioning",
		"s3:PutBucketEncryption", "s3:PutBucketPolicy"}, changes(w), "new buckets block public access by themselves")

	client := s3.NewFromConfig(face.Config("eu-north-1"))
	policy, err := client.GetBucketPolicy(t.Context(), &s3.GetBucketPolicyInput{Bucket: &made.Bucket})
	require.NoError(t, err)
	assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": [{"Sid": "TLSOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
		"Resource": ["arn:aws:s3:::`+stateBucket+`", "arn:aws:s3:::`+stateBucket+`/*"], "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}`, *policy.Policy)
	encryption, err := client.GetBucketEncryption(t.Context(), &s3.GetBucketEncryptionInput{Bucket: &made.Bucket})
	require.NoError(t, err)
	assert.Equal(t, made.Key, *encryption.ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault.KMSMasterKeyID)

	before := len(changes(w))
	again, err := backend.Bootstrap(t.Context(), o)
	require.NoError(t, err)
	assert.False(t, again.Changed(), "%v", again.Parts)
	assert.Len(t, changes(w), before)
	assert.Equal(t, made.Key, again.Key)
	assert.Zero(t, w.CallsTo("eu-west-1"), "production's region is not asked")
}

func TestBootstrapInChina(t *testing.T) {
	t.Parallel()
	_, face, o := world(t)
	o.Region, o.Production, o.Recovery = "cn-northwest-1", "cn-north-1", "cn-northwest-1"
	made, err := backend.Bootstrap(t.Context(), o)
	require.NoError(t, err)
	require.Len(t, made.Warnings, 1)
	assert.Contains(t, made.Warnings[0], "the pilot light's own region")
	policy, err := s3.NewFromConfig(face.Config(o.Region)).GetBucketPolicy(t.Context(), &s3.GetBucketPolicyInput{Bucket: &made.Bucket})
	require.NoError(t, err)
	assert.Contains(t, *policy.Policy, `"arn:aws-cn:s3:::blog-state-123456789012-cn-northwest-1/*"`)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*testing.T, *sim.World, *wire.Face, *backend.Options)
		why   string
	}{
		"production":         {func(_ *testing.T, _ *sim.World, _ *wire.Face, o *backend.Options) { o.Region = o.Production }, "eu-west-1 is the production region"},
		"unknown production": {func(_ *testing.T, _ *sim.World, _ *wire.Face, o *backend.Options) { o.Production = "" }, "the production region is not known"},
		"no region":          {func(_ *testing.T, _ *sim.World, _ *wire.Face, o *backend.Options) { o.Region = "" }, "no region is named"},
		"no site":            {func(_ *testing.T, _ *sim.World, _ *wire.Face, o *backend.Options) { o.Site = "" }, "no site is named"},
		"another partition":  {func(_ *testing.T, _ *sim.World, _ *wire.Face, o *backend.Options) { o.Region = "cn-north-1" }, "name a region of aws"},
		"somebody's bucket": {func(_ *testing.T, w *sim.World, _ *wire.Face, o *backend.Options) {
			w.TakeBucketName(o.Region, stateBucket)
		}, "belongs to another account"},
		"bucket elsewhere": {func(t *testing.T, _ *sim.World, face *wire.Face, o *backend.Options) {
			o.Bucket = "blog-state"
			_, err := s3.NewFromConfig(face.Config("eu-south-1")).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &o.Bucket,
				CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: "eu-south-1"}})
			require.NoError(t, err)
		}, "bucket blog-state is in eu-south-1, not in eu-north-1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, face, o := world(t)
			c.spoil(t, w, face, &o)
			before := len(changes(w))
			_, err := backend.Bootstrap(t.Context(), o)
			require.Equal(t, backend.CodePlace, refusal.CodeOf(err), "%v", err)
			assert.ErrorContains(t, err, c.why)
			assert.Len(t, changes(w), before)
		})
	}
}

// TestCutOff fails each call that changes something, once; the next run completes
// what is there. Throttling, the SDK sits out.
func TestCutOff(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{"kms:CreateKey", "kms:CreateAlias", "kms:EnableKeyRotation", "s3:CreateBucket",
		"s3:PutBucketVersioning", "s3:PutBucketEncryption", "s3:PutBucketPolicy"} {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			w, _, o := world(t)
			inject(t, w, "error="+operation+":AccessDenied:1")
			_, err := backend.Bootstrap(t.Context(), o)
			require.ErrorContains(t, err, "AccessDenied")
			inject(t, w, "throttle="+operation+":3")
			made, err := backend.Bootstrap(t.Context(), o)
			require.NoError(t, err)
			assert.True(t, made.Changed())
			assert.Len(t, w.Keys(o.Region), 1, "a key without a name is found again")
			again, err := backend.Bootstrap(t.Context(), o)
			require.NoError(t, err)
			assert.False(t, again.Changed(), "%v", again.Parts)
		})
	}
}

// TestKeysOfOthers: an account has keys that these credentials may not look at, and many that need no look.
func TestKeysOfOthers(t *testing.T) {
	t.Parallel()
	w, face, o := world(t)
	client := kms.NewFromConfig(face.Config(o.Region))
	theirs, err := client.CreateKey(t.Context(), &kms.CreateKeyInput{})
	require.NoError(t, err)
	named, err := client.CreateKey(t.Context(), &kms.CreateKeyInput{})
	require.NoError(t, err)
	_, err = client.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: aws.String("alias/shop"), TargetKeyId: named.KeyMetadata.KeyId})
	require.NoError(t, err)
	o.AWS = func(_ context.Context, region, _ string) (aws.Config, error) {
		cfg := face.Config(region)
		cfg.HTTPClient = notDescribed{cfg.HTTPClient, *theirs.KeyMetadata.KeyId}
		return cfg, nil
	}
	inject(t, w, "error=kms:CreateAlias:AccessDeniedException:1")
	_, err = backend.Bootstrap(t.Context(), o)
	require.ErrorContains(t, err, "naming the KMS key")
	_, err = backend.Bootstrap(t.Context(), o)
	require.NoError(t, err)
	assert.Len(t, w.Keys(o.Region), 3, "a key without a name is found again")
	for _, step := range w.Journal() {
		assert.False(t, step.Operation == "kms:DescribeKey" && step.Name == *named.KeyMetadata.KeyId, "it has a name")
	}
}

// notDescribed is an AWS that refuses to describe one key.
type notDescribed struct {
	aws.HTTPClient
	key string
}

func (n notDescribed) Do(req *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(req.Header.Get("X-Amz-Target"), ".DescribeKey") {
		return n.HTTPClient.Do(req)
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	if strings.Contains(string(body), n.key) {
		answer := `{"__type": "AccessDeniedException", "message": "not authorized to perform: kms:DescribeKey"}`
		return &http.Response{StatusCode: http.StatusBadRequest, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer)), Request: req}, nil
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	return n.HTTPClient.Do(req)
}

func inject(t *testing.T, w *sim.World, text string) {
	t.Helper()
	f, err := sim.ParseFault(text)
	require.NoError(t, err)
	require.NoError(t, w.Inject(f))
}

// TestPutRight changes by hand what was made, and has it put right. What the
// bucket's policy says besides stays.
func TestPutRight(t *testing.T) {
	t.Parallel()
	_, face, o := world(t)
	made, err := backend.Bootstrap(t.Context(), o)
	require.NoError(t, err)
	ctx, client := t.Context(), s3.NewFromConfig(face.Config(o.Region))
	_, err = client.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: &made.Bucket,
		VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusSuspended}})
	require.NoError(t, err)
	_, err = client.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{Bucket: &made.Bucket, PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{}})
	require.NoError(t, err)
	_, err = client.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &made.Bucket, Policy: aws.String(`{"Version": "2012-10-17", "Statement": {"Sid": "Theirs"}}`)})
	require.NoError(t, err)
	key, err := kms.NewFromConfig(face.Config(o.Region)).CreateKey(ctx, &kms.CreateKeyInput{})
	require.NoError(t, err)
	_, err = client.PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{Bucket: &made.Bucket,
		ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{Rules: []types.ServerSideEncryptionRule{{
			ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: types.ServerSideEncryptionAwsKms, KMSMasterKeyID: key.KeyMetadata.Arn}}}}})
	require.NoError(t, err)

	right, err := backend.Bootstrap(ctx, o)
	require.NoError(t, err)
	var changed int
	for _, part := range right.Parts {
		if part.Did == backend.Changed {
			changed++
		}
	}
	assert.Equal(t, 4, changed, "%v", right.Parts)
	policy, err := client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &made.Bucket})
	require.NoError(t, err)
	assert.Contains(t, *policy.Policy, `{"Sid":"Theirs"}`)
	assert.Contains(t, *policy.Policy, `"TLSOnly"`)
	again, err := backend.Bootstrap(ctx, o)
	require.NoError(t, err)
	assert.False(t, again.Changed(), "%v", again.Parts)
}
