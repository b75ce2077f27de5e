package backend

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/pilotlight-dr/pilotlight/awsclient"
)

// ErrUnasked is in an error of OpenDataKey where KMS was not asked: it says nothing of the key.
var ErrUnasked = errors.New("KMS was not asked")

// OpenDataKey has KMS decrypt the data key of a stack's secrets, as Pulumi does before it reads them. address is
// that of the secrets provider, such as awskms://alias/blog-state?region=us-east-2. Pulumi names no key when it
// decrypts, since the ciphertext does. Of the parameters in address it knows region, profile, awskms's contexts and
// awssdk, which means nothing any more; with any other, such as endpoint or role, errors.Is finds ErrUnasked
// (gocloud.dev/aws, V2ConfigFromURLParams). So it does where there are no credentials. config finds those, nil as
// the SDK does; an empty region is the default one. within bounds the search for credentials, and then the call.
func OpenDataKey(ctx context.Context, address string, encrypted []byte, config awsclient.Config, within time.Duration) error {
	query, bound, err := keyQuery(address)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnasked, err)
	}
	cfg, err := config.For(ctx, query.Get("region"), query.Get("profile"))
	if err == nil {
		cfg.Credentials, err = awsclient.Retrieved(ctx, cfg.Credentials, within)
	}
	if err != nil {
		return fmt.Errorf("%w: finding credentials: %w", ErrUnasked, err)
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	_, err = kms.NewFromConfig(cfg).Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: encrypted, EncryptionContext: bound})
	return err
}

// keyQuery are the parameters in the address of a key, and the encryption context among them.
func keyQuery(address string) (query url.Values, bound map[string]string, err error) {
	parsed, err := url.Parse(address)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the address of the secrets provider: %w", err)
	}
	query, bound = parsed.Query(), map[string]string{}
	for name, values := range query {
		key, ok := strings.CutPrefix(name, "context_")
		switch {
		case ok:
			bound[key] = values[0]
		case name != "region" && name != "profile" && name != "awssdk":
			return nil, nil, fmt.Errorf("its address has %s, which is not known here", name)
		}
	}
	return query, bound, nil
}
