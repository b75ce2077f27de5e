// Package awsregion knows what the name of an AWS region tells: its partition and the suffix
// of its endpoints.
package awsregion

import (
	"regexp"
	"strings"
)

var form = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-\d$`)

// Valid reports whether a name has the form of a region's. Whether there is such a region only
// AWS knows.
func Valid(name string) bool { return form.MatchString(name) }

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
