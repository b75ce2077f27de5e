package sim

import (
	"regexp"
	"strings"
)

// A naming is what AWS wants of the names of a type of resource.
type naming struct {
	prop  string
	most  int // characters
	form  *regexp.Regexp
	begin []string // beginnings that AWS keeps for itself, compared without case
	end   []string // endings that it keeps
	code  string
	says  string // the error, before the name
}

// identifier is the form of RDS's and ElastiCache's names.
var identifier = regexp.MustCompile(`^[A-Za-z](-?[A-Za-z0-9])*$`)

const noIdentifier = "Identifiers must begin with a letter; must contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens: "

// namings are by type. Types whose names nothing of this project can make wrong are left out. Sources: the references of
// CreateDBInstance, CreateReplicationGroup, CreateLoadBalancer, CreateTargetGroup, CreateSecurityGroup, PutParameter,
// CreateAlias and RequestCertificate, and "General purpose bucket naming rules" of the S3 User Guide.
var namings = map[string]naming{
	databaseType: {prop: "identifier", most: 63, form: identifier, code: "InvalidParameterValue", says: "The parameter DBInstanceIdentifier is not a valid identifier. " + noIdentifier},
	cacheType:    {prop: "replicationGroupId", most: 40, form: identifier, code: "InvalidParameterValue", says: "The parameter ReplicationGroupId is not a valid identifier. " + noIdentifier},
	balancerType: {prop: "name", most: 32, form: betweenHyphens, begin: []string{"internal-"}, code: "ValidationError", says: "A load balancer can have no name such as "},
	targetsType:  {prop: "name", most: 32, form: betweenHyphens, code: "ValidationError", says: "A target group can have no name such as "},
	groupType:    {prop: "name", most: 255, begin: []string{"sg-"}, code: "InvalidParameterValue", says: "Value for parameter GroupName is invalid. A name cannot start with 'sg-': "},
	parameterType: {
		prop: "name", most: 1011, form: regexp.MustCompile(`^(/[A-Za-z0-9._-]+)+$|^[A-Za-z0-9._-]+$`), begin: []string{"aws", "/aws", "ssm", "/ssm"},
		code: "ValidationException", says: `Parameter name: can't be prefixed with "aws" or "ssm" (case-insensitive), and has letters, numbers, and .-_ between slashes: `,
	},
	aliasType:       {prop: "name", most: 256, form: regexp.MustCompile(`^alias/[A-Za-z0-9/_-]+$`), begin: []string{"alias/aws/"}, code: "InvalidAliasNameException", says: "An alias can have no name such as "},
	certificateType: {prop: "domainName", most: 64, code: "ValidationException", says: "The first domain name can be no longer than 64 characters: "},
	bucketType: {
		prop: "bucket", most: 63, form: regexp.MustCompile(`^[a-z0-9][a-z0-9.-]+[a-z0-9]$`), begin: []string{"xn--", "sthree-", "amzn-s3-demo-"},
		end: []string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"}, code: "InvalidBucketName", says: "The specified bucket is not valid: ",
	},
}

// betweenHyphens is the form of names that have a hyphen at neither end.
var betweenHyphens = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$`)

// wellNamed refuses a name that AWS does not take.
func wellNamed(o *Object) error {
	n, name := namings[o.Type], o.text(namings[o.Type].prop)
	wrong := n.most > 0 && len(name) > n.most || n.form != nil && !n.form.MatchString(name)
	for _, kept := range n.begin {
		wrong = wrong || strings.HasPrefix(strings.ToLower(name), kept)
	}
	for _, kept := range n.end {
		wrong = wrong || strings.HasSuffix(name, kept)
	}
	if wrong {
		return refuse(n.code, "%s", n.says+name)
	}
	return nil
}
