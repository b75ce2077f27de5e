package backend

import (
	"net/netip"
	"regexp"
	"strings"

	"github.com/pilotlight-dr/pilotlight/awsregion"
	"github.com/pilotlight-dr/pilotlight/refusal"
)

var bucketForm = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// What S3 keeps for itself (Amazon S3 User Guide, "General purpose bucket naming rules").
var (
	reservedPrefixes = []string{"xn--", "sthree-", "amzn-s3-demo-"}
	reservedSuffixes = []string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"}
)

// CheckBucket refuses a name that no bucket can have. The error is a *refusal.Error.
func CheckBucket(name string) error {
	refuse := func(wrong string) error {
		return refusal.New(CodePlace, "bucket %q can't be named so, "+wrong+": name one of 3 to 63 lower-case letters, digits and hyphens", name)
	}
	_, noAddress := netip.ParseAddr(name)
	switch {
	case !bucketForm.MatchString(name):
		return refuse("since S3 takes 3 to 63 lower-case letters, digits, dots and hyphens, with a letter or a digit at both ends")
	case strings.Contains(name, ".."):
		return refuse("since it has two dots in a row")
	case noAddress == nil:
		return refuse("since it looks like an IP address")
	}
	for _, prefix := range reservedPrefixes {
		if strings.HasPrefix(name, prefix) {
			return refuse("since S3 keeps names that begin with " + prefix + " for itself")
		}
	}
	for _, suffix := range reservedSuffixes {
		if strings.HasSuffix(name, suffix) {
			return refuse("since S3 keeps names that end with " + suffix + " for itself")
		}
	}
	return nil
}

// CheckRegion refuses what is no name of a region. The error is a *refusal.Error.
func CheckRegion(name string) error {
	if awsregion.Valid(name) {
		return nil
	}
	return refuse("%q is no region of AWS: name one such as us-west-1", name)
}
