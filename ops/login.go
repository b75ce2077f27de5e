package ops

import (
	"fmt"
	"path/filepath"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/refusal"
)

// notLoggedIn is ErrNoBackend with the command that logs in, as bootstrap printed it. The command is put together from
// the stack's file: the bucket is named after site, account and region, and it is in the region of the key.
func notLoggedIn(dir, stack string) error {
	c, err := config.ReadFile(filepath.Join(dir, config.FileName(stack)))
	provider, _ := providerInFile(dir, stack)
	region := regionOf(provider.Address)
	if err != nil || region == "" {
		return ErrNoBackend
	}
	account := "$(aws sts get-caller-identity --query Account --output text)"
	if len(c.Accounts) > 0 {
		account = c.Accounts[0]
	}
	return &refusal.Error{
		Code: refusal.CodeNoBackend, Reason: "this machine is not logged in to where the state lies", Err: ErrNoBackend,
		Remedy: fmt.Sprintf(`pulumi login "s3://%s-state-%s-%s?region=%[3]s", unless bootstrap was given another bucket`, c.Site, account, region),
	}
}
