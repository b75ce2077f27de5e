package config

// elsewhere are the keys of pulumi-aws that would have its provider call as somebody else, or somewhere else, than the clients of the
// checks and the engine's backend: those read no stack's file. By each key, where all of them look.
var elsewhere = map[string]string{
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
