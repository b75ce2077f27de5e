package sim

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// callableText holds the calls that a world can meet, and the error codes that the SDK has types of.
// TestCallable writes it.
//
//go:embed callable.json
var callableText []byte

// A serviceCalls is a service with its calls and error codes, each separated by spaces.
type serviceCalls struct {
	Operations string `json:"operations"`
	Codes      string `json:"codes"`
}

var callable = func() map[string]serviceCalls {
	all := map[string]serviceCalls{}
	if err := json.Unmarshal(callableText, &all); err != nil {
		panic(fmt.Sprintf("callable.json: %v", err))
	}
	return all
}()

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

// knownCall refuses a call that no world meets. code is empty for any.
func knownCall(service, operation, code string) error {
	known, ok := callable[service]
	if !ok {
		return fmt.Errorf("there is no service %s here: name one of %s", service, strings.Join(slices.Sorted(maps.Keys(callable)), ", "))
	}
	if !slices.Contains(strings.Fields(known.Operations), operation) {
		return fmt.Errorf("nothing here calls %s:%s: name one of %s", service, operation, strings.Join(strings.Fields(known.Operations), ", "))
	}
	if code != "" && !slices.Contains(strings.Fields(known.Codes+" "+commonCodes+" "+moreCodes[service]), code) {
		return fmt.Errorf("%s has no error %s: name one of %s, or one that all services have, such as AccessDenied or InternalFailure",
			service, code, strings.Join(strings.Fields(known.Codes+" "+moreCodes[service]), ", "))
	}
	return nil
}
