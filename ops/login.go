package ops

import (
	"fmt"
	"path/filepath"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/refusal"
)

// notLoggedIn is ErrNoBackend with the line that bootstrap printed for the site of a stack, as far as the stack's file tells: the
// bucket has the name of site, account and region unless another was given, and the key is where the bucket is.
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
