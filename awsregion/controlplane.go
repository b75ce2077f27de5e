package awsregion

// ControlPlane is the region without which a service can't make or change anything, asked for in
// another one. It is that region itself where the service depends on no other.
//
// AWS Fault Isolation Boundaries, "Global services", has the control planes of IAM, Route 53 and
// S3's buckets in us-east-1; to make a balancer or a Redis group gives it a name, for which Route 53
// is asked. In China IAM is in Beijing. Route 53's API there is signed for Ningxia, and where it runs
// nobody says: it is taken to be there. Nothing is known of the others.
func ControlPlane(service, region string) string {
	switch {
	case Partition(region) == "aws":
		switch service {
		case "iam", "route53", "s3", "elasticloadbalancing", "elasticache":
			return "us-east-1"
		}
	case service == "iam":
		return "cn-north-1"
	case service == "route53":
		return "cn-northwest-1"
	}
	return region
}
