package backend

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/pilotlight-dr/pilotlight/awsclient"
)

// key makes the key that the secrets and the bucket are encrypted with. Its policy
// is KMS's own: the account decides by its IAM policies who may use it.
func (b *bootstrap) key(ctx context.Context) error {
	found, err := b.describe(ctx, b.result.Alias)
	if err != nil {
		return err
	}
	if found != nil {
		b.note(Found, "KMS key %s", b.result.Alias)
	} else if found, err = b.makeKey(ctx); err != nil {
		return err
	}
	if found.KeyState != types.KeyStateEnabled {
		args := fmt.Sprintf("--region %s --key-id %s", b.Region, aws.ToString(found.Arn))
		enable := "aws kms enable-key " + args
		if found.KeyState == types.KeyStatePendingDeletion { // which leaves it disabled
			enable = "aws kms cancel-key-deletion " + args + " && " + enable
		}
		return refuse("the KMS key %s is %s: enable it, or what it encrypted is lost: %s", aws.ToString(found.Arn), found.KeyState, enable)
	}
	b.result.Key = aws.ToString(found.Arn)
	return b.rotate(ctx)
}

// makeKey makes the key and names it. A run that was cut off between the two has
// left a key without a name: its description identifies it.
func (b *bootstrap) makeKey(ctx context.Context) (*types.KeyMetadata, error) {
	description := fmt.Sprintf("State and secrets of %s, made by pilotlight bootstrap", b.Site)
	key, err := b.nameless(ctx, description)
	if err != nil {
		return nil, err
	}
	if key != nil {
		b.note(Found, "KMS key %s of a run that was cut off", aws.ToString(key.KeyId))
	} else {
		// A role that may deploy the site may tag a key without a tag site, and change one that is managed by pilotlight.
		made, err := b.kms.CreateKey(ctx, &kms.CreateKeyInput{
			Description: &description, Tags: []types.Tag{{TagKey: aws.String("site"), TagValue: &b.Site}},
		})
		if err != nil {
			return nil, fmt.Errorf("making a KMS key in %s: %w", b.Region, err)
		}
		if key = made.KeyMetadata; key == nil {
			return nil, fmt.Errorf("making a KMS key in %s: KMS answered without it; run this again to resume", b.Region)
		}
		b.note(Made, "KMS key %s", aws.ToString(key.KeyId))
	}
	if _, err := b.kms.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: &b.result.Alias, TargetKeyId: key.KeyId}); err != nil {
		return nil, fmt.Errorf("naming the KMS key %s %s, run this again to resume: %w", aws.ToString(key.KeyId), b.result.Alias, err)
	}
	b.note(Made, "its name %s", b.result.Alias)
	return key, nil
}

// nameless finds an enabled key with a description and no name, or nil. Only keys without a name are looked at: an account may
// have thousands of others. One that these credentials may not look at is another's, since this one's policy leaves that to IAM.
func (b *bootstrap) nameless(ctx context.Context, description string) (*types.KeyMetadata, error) {
	named, err := b.named(ctx)
	if err != nil {
		return nil, err
	}
	for page, err := range awsclient.Pages(ctx, kms.NewListKeysPaginator(b.kms, &kms.ListKeysInput{})) {
		if err != nil {
			return nil, fmt.Errorf("listing the KMS keys of %s: %w", b.Region, err)
		}
		for _, entry := range page.Keys {
			id := aws.ToString(entry.KeyId)
			if named[id] {
				continue
			}
			key, err := b.describe(ctx, id)
			switch {
			case awsclient.Is(err, awsclient.Denied):
			case err != nil:
				return nil, err
			case key != nil && aws.ToString(key.Description) == description && key.KeyState == types.KeyStateEnabled:
				return key, nil
			}
		}
	}
	return nil, nil //nolint:nilnil // none is an answer
}

// named are the ids of the keys that have a name.
func (b *bootstrap) named(ctx context.Context) (map[string]bool, error) {
	ids := map[string]bool{}
	for pages := kms.NewListAliasesPaginator(b.kms, &kms.ListAliasesInput{}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing the names of the KMS keys of %s: %w", b.Region, err)
		}
		for _, alias := range page.Aliases {
			ids[aws.ToString(alias.TargetKeyId)] = true
		}
	}
	return ids, nil
}

// describe finds a key by id or alias; nil is none.
func (b *bootstrap) describe(ctx context.Context, name string) (*types.KeyMetadata, error) {
	out, err := b.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &name})
	if _, missing := errors.AsType[*types.NotFoundException](err); missing {
		return nil, nil //nolint:nilnil // none is an answer
	}
	if err != nil {
		return nil, fmt.Errorf("looking for the KMS key %s in %s: %w", name, b.Region, err)
	}
	if out.KeyMetadata == nil {
		return nil, fmt.Errorf("looking for the KMS key %s in %s: KMS answered without it", name, b.Region)
	}
	return out.KeyMetadata, nil
}

// rotate has KMS make new key material every year.
func (b *bootstrap) rotate(ctx context.Context) error {
	now, err := b.kms.GetKeyRotationStatus(ctx, &kms.GetKeyRotationStatusInput{KeyId: &b.result.Key})
	if err != nil {
		return fmt.Errorf("asking whether the KMS key %s rotates: %w", b.result.Key, err)
	}
	if now.KeyRotationEnabled {
		b.note(Found, "its yearly rotation")
		return nil
	}
	if _, err := b.kms.EnableKeyRotation(ctx, &kms.EnableKeyRotationInput{KeyId: &b.result.Key}); err != nil {
		return fmt.Errorf("having the KMS key %s rotate: %w", b.result.Key, err)
	}
	b.note(Made, "its yearly rotation")
	return nil
}
