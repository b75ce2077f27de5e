package awsclient

import (
	"errors"
	"regexp"

	"github.com/aws/smithy-go"
)

// Class is what an error code of AWS asks of a caller.
type Class string

// The classes.
const (
	Again   Class = "again"   // the service is busy or ill: try again
	Wait    Class = "wait"    // something else changes the thing, or it is in another state: try again when that is over
	Gone    Class = "gone"    // there is no such thing: done, for a deletion
	Exists  Class = "exists"  // the name is taken
	Limit   Class = "limit"   // a quota, or AWS has no room: give up, and say so
	Denied  Class = "denied"  // the credentials may not, or are over
	Refused Class = "refused" // all else: the request is wrong as things are
)

// byName classifies by the names that AWS gives its codes, the first that fits. TestClasses holds each code of the SDK.
var byName = []struct {
	class Class
	names *regexp.Regexp
}{
	{Exists, regexp.MustCompile(`^InvalidSubnet\.Conflict$`)},
	{Wait, regexp.MustCompile(`^TooManyUpdates$`)},
	{Refused, regexp.MustCompile(`^(InvalidCertificate|LastVPCAssociation|SessionTimeoutException)$`)},
	{Again, regexp.MustCompile(`Throttl|SlowDown|^RequestLimitExceeded$|APICallRate|TooManyRequests|PriorRequestNotComplete|^RequestTimeout|^Internal(Error|Failure|Server|Service)|ServiceFailure|` +
		`^Service(Unavailable|Exception)|KMSInternal|DependencyTimeout|HealthUnavailable|^Unavailable$|^KeyUnavailableException$|EntityTemporarilyUnmodifiable`)},
	{Limit, regexp.MustCompile(`LimitExceeded|QuotaExceeded|LimitsExceeded|CountExceeded|SizeExceeded|QuotaFor\w+Exceeded|^TooMany|Insufficient\w*(Capacity|Addresses|IPs)|LimitReached$|(Association|Permission)Limit$|` +
		`NotAvailableInAZFault$|StorageTypeNotAvailable`)},
	{Exists, regexp.MustCompile(`Already(Exist|Owned|Associated|Created|Registered)|Duplicate|^ResourceExists|DomainExists$|Idempoten\w+Mismatch$`)},
	{Denied, regexp.MustCompile(`AccessDenied|Unauthorized|NotAuthorized|NoAuthorization|^Expired(Token|TokenException)$|InvalidClientTokenId|SignatureDoesNotMatch|IncompleteSignature|UnrecognizedClient|` +
		`OptInRequired|AllAccessDisabled|AccountProblem|^RequestExpired$|RegionDisabled`)},
	{Gone, regexp.MustCompile(`NotFound|^NoSuch|DoesNotExist`)},
	{Wait, regexp.MustCompile(`Contention|InProgress|OperationAborted|Concurrent|Conflict|TooManyUpdates|IncorrectState|Invalid\w*State(Fault|Exception)?$|InUse(Exception|Fault)?$|\.InUse$|NotReady$|NotAvailable|` +
		`DependencyViolation|NotEmpty$|AMIID\.Unavailable|CapacityReservationPending|RoleModified|PreconditionFailed`)},
}

// ClassOf is the class of an error code.
func ClassOf(code string) Class {
	for _, by := range byName {
		if by.names.MatchString(code) {
			return by.class
		}
	}
	return Refused
}

// Is reports whether AWS answered a call with an error code of some class.
func Is(err error, class Class) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && ClassOf(api.ErrorCode()) == class
}
