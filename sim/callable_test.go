package sim_test

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	_ "github.com/aws/aws-sdk-go-v2/service/elasticache/types" // which only the provider calls, as the next ones
	_ "github.com/aws/aws-sdk-go-v2/service/iam/types"
	_ "github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/awsclient"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/wire"
)

// sdkNames are the services that the SDK calls otherwise.
var sdkNames = map[string]string{"logs": "cloudwatchlogs", "elasticloadbalancing": "elasticloadbalancingv2"}

// unlinked are services that the provider alone calls: this module has no SDK of theirs.
var unlinked = []string{"events", "lambda", "sns"}

var errorCode = regexp.MustCompile(`ErrorCodeOverride == nil \{\s+return "([^"]+)"`)

// commonCodes are those of every service
// (https://docs.aws.amazon.com/awssupport/latest/APIReference/CommonErrors.html), in the forms of
// the different protocols.
const commonCodes = "AccessDenied AccessDeniedException ExpiredToken ExpiredTokenException IncompleteSignature InternalError InternalFailure " +
	"InternalServerError InvalidClientTokenId InvalidParameterCombination InvalidParameterValue MissingParameter NotAuthorized OptInRequired " +
	"RequestExpired RequestLimitExceeded RequestTimeout RequestTimeoutException ServiceUnavailable SignatureDoesNotMatch Throttling " +
	"ThrottlingException UnauthorizedOperation UnrecognizedClientException ValidationError ValidationException"

// moreCodes are those of which the SDK has no types: EC2 has none at all
// (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html), and S3 few
// (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html).
var moreCodes = map[string]string{
	"ec2": "AddressLimitExceeded DependencyViolation GatewayLimitExceeded IdempotentParameterMismatch IncorrectState InstanceLimitExceeded " +
		"InsufficientAddressCapacity InsufficientCapacity InsufficientFreeAddressesInSubnet InsufficientInstanceCapacity InternetGatewayLimitExceeded " +
		"InvalidAMIID.NotFound InvalidAMIID.Unavailable InvalidAllocationID.NotFound InvalidGroup.Duplicate InvalidGroup.NotFound " +
		"InvalidInternetGatewayID.NotFound InvalidLaunchTemplateId.NotFound InvalidLaunchTemplateName.AlreadyExistsException InvalidRoute.NotFound " +
		"InvalidRouteTableID.NotFound InvalidSecurityGroupRuleId.NotFound InvalidSubnet.Conflict InvalidSubnet.Range InvalidSubnetID.NotFound " +
		"InvalidVpcEndpointId.NotFound InvalidVpcID.NotFound NatGatewayLimitExceeded NatGatewayNotFound " +
		"Resource.AlreadyAssociated ResourceLimitExceeded RouteAlreadyExists RouteLimitExceeded RouteTableLimitExceeded SecurityGroupLimitExceeded " +
		"SubnetLimitExceeded Unavailable Unsupported VcpuLimitExceeded VpcLimitExceeded InvalidAMIName.Duplicate InvalidParameter " +
		"InvalidSnapshot.InUse InvalidSnapshot.NotFound OperationNotPermitted UnknownParameter UnsupportedOperation",
	"s3": "AccountProblem AllAccessDisabled BucketNotEmpty EntityTooLarge IllegalLocationConstraintException InvalidArgument InvalidBucketName " +
		"InvalidBucketState InvalidRequest InvalidStorageClass KMS.DisabledException MalformedPolicy MalformedXML NoSuchBucketPolicy NoSuchVersion " +
		"OperationAborted PermanentRedirect PreconditionFailed ReplicationConfigurationNotFoundError SlowDown TooManyBuckets",
}

// TestCallable holds that callable.json has the calls that a world can meet, and each error code of which this version of the
// SDK has a type, in its class: a new code stands there once somebody has looked whether its class is right.
func TestCallable(t *testing.T) {
	t.Parallel()
	type service struct {
		Operations string                     `json:"operations,omitempty"`
		Codes      map[awsclient.Class]string `json:"codes,omitempty"`
	}
	called := sim.Operations()
	for name, operations := range wire.Operations() {
		called[name] = append(called[name], operations...)
	}
	names := slices.Sorted(maps.Keys(called))
	found := map[string]service{"all": {Codes: classes(strings.Fields(commonCodes))}}
	for _, name := range unlinked {
		found[name] = service{Operations: words(called[name])}
	}
	names = slices.DeleteFunc(names, func(name string) bool { return slices.Contains(unlinked, name) })
	args := []string{"list", "-find", "-f", "{{.Dir}}"}
	for _, name := range names {
		sdk := name
		if other, ok := sdkNames[name]; ok {
			sdk = other
		}
		args = append(args, "github.com/aws/aws-sdk-go-v2/service/"+sdk+"/types")
	}
	listed, err := exec.CommandContext(t.Context(), "go", args...).Output()
	require.NoError(t, err)
	dirs := strings.Fields(string(listed)) // in the order of the arguments
	require.Len(t, dirs, len(names))
	for i, name := range names {
		text, err := os.ReadFile(filepath.Join(dirs[i], "errors.go"))
		if !os.IsNotExist(err) { // EC2 has none
			require.NoError(t, err)
		}
		var codes []string
		for _, match := range errorCode.FindAllStringSubmatch(string(text), -1) {
			codes = append(codes, match[1])
		}
		found[name] = service{Operations: words(called[name]), Codes: classes(append(codes, strings.Fields(moreCodes[name])...))}
	}
	made, err := json.MarshalIndent(found, "", "  ")
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile("callable.json", append(made, '\n'), 0o600))
	}
	kept, err := os.ReadFile("callable.json")
	require.NoError(t, err)
	assert.JSONEq(t, string(made), string(kept), "go test ./sim -run Callable -update writes it anew")
}

// classes are error codes by their classes.
func classes(codes []string) map[awsclient.Class]string {
	by := map[awsclient.Class][]string{}
	for _, code := range codes {
		by[awsclient.ClassOf(code)] = append(by[awsclient.ClassOf(code)], code)
	}
	all := map[awsclient.Class]string{}
	for class, of := range by {
		all[class] = words(of)
	}
	return all
}

// words are sorted, each once.
func words(all []string) string {
	slices.Sort(all)
	return strings.Join(slices.Compact(all), " ")
}
