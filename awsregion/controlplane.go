package awsregion

// ControlPlane is the region without which a service can't make or change anything, asked for in
// another one. It is that region itself where the service depends on no other.
//
// AWS Fault Isolation Boundaries, "Global services", has the control planes of IAM, Route 53 and
// S3's buckets in us-east-1; to make a balancer or a Redis group gives it a name, for which Route 53
// is asked. In China IAM is in Beijing. Route 53's API there is signed for Ningxia, and where it runs
// no page of AWS says: it is taken to be there, and so is what asks it for a name. Nothing is known of
// the others.
func ControlPlane(service, region string) string {
	switch Partition(region) {
	case "aws":
		switch service {
		case "iam", "route53", "s3", "elasticloadbalancing", "elasticache":
			return "us-east-1"
		}
	case "aws-cn":
		switch service {
		case "iam":
			return "cn-north-1"
		case "route53", "elasticloadbalancing", "elasticache":
			return "cn-northwest-1"
		}
	}
	return region
}
