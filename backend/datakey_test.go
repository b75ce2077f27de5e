package backend

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/wire"
)

func TestOpenDataKey(t *testing.T) {
	t.Parallel()
	w := sim.New(1)
	face := wire.NewFace(w)
	t.Cleanup(func() { face.Close(); w.Close() })
	key, err := w.CreateKey("us-west-1", "state", nil)
	require.NoError(t, err)
	sealed, err := kms.NewFromConfig(face.Config("us-west-1")).Encrypt(t.Context(), &kms.EncryptInput{
		KeyId: &key.ID, Plaintext: []byte("data key"), EncryptionContext: map[string]string{"site": "blog"},
	})
	require.NoError(t, err)
	by := func(_ context.Context, region, profile string) (aws.Config, error) {
		assert.Equal(t, "night", profile)
		return face.Config(region), nil
	}
	const sealedHere = "awskms://alias/none?region=us-west-1&profile=night&context_site=blog"
	for address, says := range map[string]string{
		sealedHere:                                                              "", // no key is named
		sealedHere + "&awssdk=v2":                                               "",
		sealedHere + "&endpoint=kms.example.com":                                "KMS was not asked: its address has endpoint",
		sealedHere + "&role=arn:aws:iam::1:role/key":                            "its address has role",
		sealedHere + "&fips=true":                                               "its address has fips",
		"awskms://alias/none?region=us-west-1&profile=night":                    "InvalidCiphertextException",
		"awskms://alias/none?region=us-east-1&profile=night&context_site=blog":  "InvalidCiphertextException",
		"awskms://arn:aws:kms:us-west-1:123456789012:key/0-0?region=us-west-1/": "reading the address of the secrets provider",
	} {
		err := OpenDataKey(t.Context(), address, sealed.CiphertextBlob, by, time.Minute)
		if says == "" {
			assert.NoError(t, err, address)
		} else {
			assert.ErrorContains(t, err, says, address)
			assert.Equal(t, says != "InvalidCiphertextException", errors.Is(err, ErrUnasked), address)
		}
	}
}

// TestNoCredentialsForDataKey: without credentials KMS is not asked, and an error of the search for them is none of the key.
func TestNoCredentialsForDataKey(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		credentials aws.CredentialsProvider
		err         error
	}{
		"no such profile": {err: config.SharedConfigProfileNotExistError{Profile: "night"}},
		"none":            {},
		"an ended session": {credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{}, &smithy.GenericAPIError{Code: "AccessDeniedException"}
		})},
		"a silent service": {credentials: aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
			<-ctx.Done()
			return aws.Credentials{}, ctx.Err()
		})},
	} {
		by := func(_ context.Context, region, _ string) (aws.Config, error) {
			return aws.Config{Region: region, Credentials: tc.credentials}, tc.err
		}
		err := OpenDataKey(t.Context(), "awskms://alias/none?region=us-west-1", []byte("sealed"), by, time.Millisecond)
		assert.ErrorIs(t, err, ErrUnasked, name)
		assert.ErrorContains(t, err, "finding credentials", name)
	}
}
