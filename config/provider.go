package config

// elsewhere are the keys of pulumi-aws that would have its provider call as somebody else, or somewhere or somehow else, than the clients
// of the checks and the engine's backend: those read no stack's file. By each key, where all of them look, or why none is needed.
var elsewhere = map[string]string{
	"customCaBundle":             "set AWS_CA_BUNDLE in the environment",
	"defaultTags":                "remove it: the program sets the tags of the site",
	"httpProxy":                  "set HTTP_PROXY in the environment",
	"httpsProxy":                 "set HTTPS_PROXY in the environment",
	"ignoreTags":                 "remove it: the program looks at the tags of the site alone",
	"maxRetries":                 "set AWS_MAX_ATTEMPTS in the environment",
	"noProxy":                    "set NO_PROXY in the environment",
	"retryMode":                  "set AWS_RETRY_MODE in the environment",
	"s3UsePathStyle":             "remove it: where an endpoint is set, buckets are in the path",
	"skipCredentialsValidation":  "remove it: who calls is looked at before anything is changed",
	"skipMetadataApiCheck":       "set AWS_EC2_METADATA_DISABLED in the environment",
	"skipRegionValidation":       "remove it: the program looks at the region itself",
	"skipRequestingAccountId":    "remove it: who calls is looked at before anything is changed",
	"stsRegion":                  "set AWS_REGION in the environment, or sts_regional_endpoints in an AWS profile",
	"accessKey":                  "name a profile as aws:profile, or set AWS_ACCESS_KEY_ID in the environment",
	"assumeRole":                 "put role_arn into an AWS profile and name that as aws:profile",
	"assumeRoleWithWebIdentity":  "set AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE in the environment, or put role_arn and web_identity_token_file into an AWS profile and name that as aws:profile",
	"ec2MetadataServiceEndpoint": "set AWS_EC2_METADATA_SERVICE_ENDPOINT in the environment",
	"endpoints":                  "set AWS_ENDPOINT_URL, or for one service such as AWS_ENDPOINT_URL_S3, in the environment",
	"forbiddenAccountIds":        "set aws:allowedAccountIds to the accounts that may be touched",
	"secretKey":                  "name a profile as aws:profile, or set AWS_SECRET_ACCESS_KEY in the environment; and change the key if others could read the file",
	"sharedConfigFiles":          "set AWS_CONFIG_FILE in the environment",
	"sharedCredentialsFiles":     "set AWS_SHARED_CREDENTIALS_FILE in the environment",
	"token":                      "name a profile as aws:profile, or set AWS_SESSION_TOKEN in the environment",
	"useDualstackEndpoint":       "set AWS_USE_DUALSTACK_ENDPOINT in the environment",
	"useFipsEndpoint":            "set AWS_USE_FIPS_ENDPOINT in the environment",
}
