package backend

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// OpenDataKey has KMS decrypt the data key of a stack's secrets, as Pulumi does before it reads them. address is
// that of the secrets provider, such as awskms://alias/blog-state?region=us-east-2. Pulumi names no key when it
// decrypts, since the ciphertext does: of the address only region, profile and context matter
// (gocloud.dev/secrets/awskms). config finds credentials, nil as the SDK does; an empty region is the default one.
func OpenDataKey(ctx context.Context, address string, encrypted []byte, config func(ctx context.Context, region, profile string) (aws.Config, error)) error {
	if config == nil {
		config = defaultAWS
	}
	parsed, err := url.Parse(address)
	if err != nil {
		return fmt.Errorf("reading the address of the secrets provider: %w", err)
	}
	query := parsed.Query()
	cfg, err := config(ctx, query.Get("region"), query.Get("profile"))
	if err != nil {
		return err
	}
	bound := map[string]string{}
	for name, values := range query {
		if key, ok := strings.CutPrefix(name, "context_"); ok && len(values) > 0 {
			bound[key] = values[0]
		}
	}
	_, err = kms.NewFromConfig(cfg).Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: encrypted, EncryptionContext: bound})
	return err
}
