package failover

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/assert"
)

// TestRetryable: what may pass is looked at again; a call that what stands for AWS does not know never passes, whatever its code is.
func TestRetryable(t *testing.T) {
	t.Parallel()
	said := func(status int, code string) error {
		return &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: &smithy.GenericAPIError{Code: code}}
	}
	for _, tc := range []struct {
		err  error
		want bool
	}{
		{nil, false},
		{said(http.StatusServiceUnavailable, "ServiceUnavailable"), true},
		{said(http.StatusBadRequest, "ThrottlingException"), true},
		{said(http.StatusBadRequest, "HealthUnavailable"), true},
		{said(http.StatusBadRequest, "ResourceContention"), true},
		{said(http.StatusInternalServerError, "InternalFailure"), true},
		{said(http.StatusNotImplemented, "InternalFailure"), false},
		{said(http.StatusBadRequest, "InvalidDBInstanceState"), false},
		{said(http.StatusForbidden, "AccessDenied"), false},
		{errors.New("no answer of AWS"), false},
		{&aws.RequestCanceledError{Err: context.DeadlineExceeded}, true}, // how the SDK words the end of a look's time
		{&aws.RequestCanceledError{Err: context.Canceled}, false},
	} {
		assert.Equal(t, tc.want, isRetryable(tc.err), "%v", tc.err)
	}
}
