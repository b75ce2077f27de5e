package backend

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
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
	key, err := w.CreateKey("us-west-1", "state")
	require.NoError(t, err)
	sealed, err := kms.NewFromConfig(face.Config("us-west-1")).Encrypt(t.Context(), &kms.EncryptInput{
		KeyId: &key.ID, Plaintext: []byte("data key"), EncryptionContext: map[string]string{"site": "blog"},
	})
	require.NoError(t, err)
	by := func(_ context.Context, region, profile string) (aws.Config, error) {
		assert.Equal(t, "night", profile)
		return face.Config(region), nil
	}
	for address, says := range map[string]string{
		"awskms://alias/none?region=us-west-1&profile=night&context_site=blog":  "", // no key is named
		"awskms://alias/none?region=us-west-1&profile=night":                    "InvalidCiphertextException",
		"awskms://alias/none?region=us-east-1&profile=night&context_site=blog":  "InvalidCiphertextException",
		"awskms://arn:aws:kms:us-west-1:123456789012:key/0-0?region=us-west-1/": "reading the address of the secrets provider",
	} {
		err := OpenDataKey(t.Context(), address, sealed.CiphertextBlob, by)
		if says == "" {
			assert.NoError(t, err, address)
		} else {
			assert.ErrorContains(t, err, says, address)
		}
	}
}
