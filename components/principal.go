package components

import "github.com/pilotlight-dr/pilotlight/awsregion"

// ec2Principal is what a role names to be taken on by instances. Most services
// keep their name in China; EC2 does not, and older accounts there reject the
// other spelling.
func ec2Principal(region string) string {
	return "ec2." + awsregion.DNSSuffix(region)
}
