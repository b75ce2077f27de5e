package failover

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/assert"
)

// TestAnsweredNo holds which errors of a listing say that it is of no use to ask again.
func TestAnsweredNo(t *testing.T) {
	t.Parallel()
	answer := func(status int, err error) error {
		res := &smithyhttp.Response{Response: &http.Response{StatusCode: status}}
		return fmt.Errorf("listing: %w", &smithy.OperationError{Err: &smithyhttp.ResponseError{Response: res, Err: err}})
	}
	code := func(code string) error { return &smithy.GenericAPIError{Code: code} }
	for name, tc := range map[string]struct {
		err  error
		want bool
	}{
		"none":                       {nil, false},
		"these credentials may not":  {answer(400, code("AccessDenied")), true},
		"a call that is not known":   {answer(501, code("InternalFailure")), true},
		"no such operation":          {answer(400, code("UnknownOperationException")), true},
		"no such action":             {answer(400, code("InvalidAction")), true},
		"no page":                    {answer(404, &smithy.DeserializationError{Err: errors.New("an HTML page")}), true},
		"half an answer":             {answer(200, &smithy.DeserializationError{Err: io.ErrUnexpectedEOF}), false},
		"throttled":                  {answer(400, code("Throttling")), false},
		"EC2 is asked too often":     {answer(503, code("RequestLimitExceeded")), false},
		"S3's way of throttling":     {answer(503, code("SlowDown")), false},
		"it took AWS too long":       {answer(400, code("RequestTimeout")), false},
		"AWS has trouble":            {answer(500, code("InternalFailure")), false},
		"AWS is not available":       {answer(503, code("ServiceUnavailable")), false},
		"a balancer of AWS gives up": {answer(504, &smithy.DeserializationError{Err: errors.New("an HTML page")}), false},
		"no answer":                  {&smithyhttp.RequestSendError{Err: errors.New("connection refused")}, false},
	} {
		assert.Equal(t, tc.want, answeredNo(tc.err), name)
	}
}
