package awsclient

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Answered reports whether an error is an answer: AWS refused the call, or what stands for it sent a page that is no answer
// of AWS, such as a 501 or a 404 in HTML. All else is silence, such as a connection that does not come about and a
// deadline. A region may be taken for lost for its silence alone.
func Answered(err error) bool { return Words(err) != "" }

// Words are an answer without the layers of the SDK: the code and the message of AWS, or the HTTP status of what is no
// answer of AWS. They are empty for silence.
func Words(err error) string {
	_, broken := errors.AsType[net.Error](err)
	if broken || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) { // also in the middle of an answer
		return ""
	}
	if refused, ok := errors.AsType[smithy.APIError](err); ok {
		return refused.ErrorCode() + ": " + refused.ErrorMessage()
	}
	// The SDK makes up a response of status 0 where none came.
	if page, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && page.HTTPStatusCode() > 0 {
		return fmt.Sprintf("HTTP %d, which is no answer of AWS", page.HTTPStatusCode())
	}
	return ""
}
