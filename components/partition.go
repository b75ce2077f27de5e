package components

import "strings"

// Partition names the AWS partition that a region belongs to: aws or aws-cn.
func Partition(region string) string {
	if strings.HasPrefix(region, "cn-") {
		return "aws-cn"
	}
	return "aws"
}

// DNSSuffix ends the names of AWS endpoints in a region.
func DNSSuffix(region string) string {
	if Partition(region) == "aws-cn" {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

// ec2Principal is what a role names to be taken on by instances. Most services
// keep their name in China; EC2 does not, and older accounts there reject the
// other spelling.
func ec2Principal(region string) string {
	return "ec2." + DNSSuffix(region)
}
