package components

import "github.com/pilotlight-dr/pilotlight/awsregion"

// ec2Principal is what a role names to be taken on by instances. Most services
// keep their name in China; EC2 does not, and older accounts there reject the
// other spelling.
func ec2Principal(region string) string {
	return "ec2." + awsregion.DNSSuffix(region)
}

// s3Principal is what a role names to be taken on by S3. In China, too, people found that AWS takes it
// there, and not .com.cn (DataDog/datadog-serverless-functions#346, which names AWS's guide of Lambda in
// China; mapbox/cloudfriend#56). Terraform's provider names .com.cn since 2026
// (hashicorp/terraform-provider-aws#47141). We have not tried it there.
const s3Principal = "s3.amazonaws.com"
