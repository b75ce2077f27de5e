package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"

	"github.com/pilotlight-dr/pilotlight/sim"
)

// scope is what a signature is for.
type scope struct{ region, service string }

var credential = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=[^/]+/\d{8}/([^/]+)/([^/]+)/aws4_request`)

// readScope reads region and service out of a signed request.
func readScope(req *http.Request) (s scope, signed bool) {
	m := credential.FindStringSubmatch(req.Header.Get("Authorization"))
	if m == nil {
		return scope{}, false
	}
	return scope{region: m[1], service: m[2]}, true
}

// A request is one API call, decoded.
type request struct {
	ctx       context.Context
	world     *sim.World
	region    string
	operation string
	in        input
}

// An operation serves a call and returns its result in the service's form.
type operation struct {
	subject func(input) string // what the journal names: a database, an image
	serve   func(request) (any, error)
}

// A service is an endpoint: its protocol, and the operations that are modelled.
type service struct {
	name       string // as faults and the journal name it
	protocol   protocol
	operations map[string]operation
}

// A protocol is how a service's calls look on the wire.
type protocol struct {
	decode      func(*http.Request, []byte) (operation string, in input, err error)
	encode      func(operation string, result any, requestID string) ([]byte, error)
	encodeError func(*sim.Error) ([]byte, http.Header)
	contentType string
}

// services are the endpoints by the name in their signatures.
var services = map[string]service{
	"acm":                  {"acm", jsonProtocol, acmOperations},
	"autoscaling":          {"autoscaling", queryProtocol("http://autoscaling.amazonaws.com/doc/2011-01-01/"), scalingOperations},
	"elasticache":          {"elasticache", queryProtocol("http://elasticache.amazonaws.com/doc/2015-02-02/"), cacheOperations},
	"servicequotas":        {"servicequotas", jsonProtocol, quotaOperations},
	"logs":                 {"logs", jsonProtocol, logOperations},
	"iam":                  {"iam", queryProtocol("https://iam.amazonaws.com/doc/2010-05-08/"), iamOperations},
	"kms":                  {"kms", jsonProtocol, kmsOperations},
	"elasticloadbalancing": {"elasticloadbalancing", queryProtocol("http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"), elbOperations},
	"rds":                  {"rds", queryProtocol("http://rds.amazonaws.com/doc/2014-10-31/"), rdsOperations},
	"route53":              {"route53", route53Protocol, route53Operations},
	"s3":                   {"s3", s3Protocol, s3Operations},
	"secretsmanager":       {"secretsmanager", jsonProtocol, secretOperations},
	"ssm":                  {"ssm", jsonProtocol, ssmOperations},
	"sts":                  {"sts", queryProtocol("https://sts.amazonaws.com/doc/2011-06-15/"), stsOperations},
	"ec2":                  {"ec2", ec2Protocol, ec2Operations},
	"pricing":              {"pricing", jsonProtocol, pricingOperations},
	"monitoring":           {"cloudwatch", queryProtocol("http://monitoring.amazonaws.com/doc/2010-08-01/"), cloudwatchOperations},
}

// Operations are the calls that are modelled, by the service as faults name it.
func Operations() map[string][]string {
	all := map[string][]string{}
	for _, s := range services {
		all[s.name] = slices.Collect(maps.Keys(s.operations))
	}
	return all
}

// call serves a signed request.
func (f *Face) call(req *http.Request, s scope) (*http.Response, error) {
	api, ok := services[s.service]
	if !ok {
		return nil, fmt.Errorf("the service %s of AWS is %w", s.service, sim.ErrNotModelled)
	}
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, fmt.Errorf("reading a request to %s: %w", s.service, err)
		}
	}
	name, in, err := api.protocol.decode(req, body)
	if err != nil {
		return nil, fmt.Errorf("reading a request to %s: %w", s.service, err)
	}
	result, err := f.answer(req.Context(), api, s, name, in)
	if e, ok := errors.AsType[*sim.Error](err); ok {
		text, header := api.protocol.encodeError(e)
		return respond(req, e.Status, text, header, api.protocol.contentType), nil
	}
	if err != nil {
		return nil, err
	}
	if whole, ok := result.(reply); ok {
		return respond(req, whole.status, whole.body, whole.header, api.protocol.contentType), nil
	}
	text, err := api.protocol.encode(name, result, "00000000-0000-4000-8000-000000000000")
	if err != nil {
		return nil, fmt.Errorf("writing the answer to %s: %w", name, err)
	}
	return respond(req, http.StatusOK, text, nil, api.protocol.contentType), nil
}

// A reply is a result that says more than its protocol's body does.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (f *Face) answer(ctx context.Context, api service, s scope, name string, in input) (result any, err error) {
	op, known := api.operations[name]
	subject := ""
	if known {
		subject = op.subject(in)
	}
	err = f.world.API(ctx, s.region, api.name, name, subject, func() error {
		if !known {
			return unmodelled("%s:%s is not modelled by the simulator", api.name, name)
		}
		err := in.tooManyFilterValues()
		if err != nil {
			return err
		}
		result, err = op.serve(request{ctx: ctx, world: f.world, region: s.region, operation: name, in: in})
		return err
	})
	return result, err
}

// unmodelled is an answer in AWS's form that names what is missing.
func unmodelled(format string, args ...any) error {
	return &sim.Error{Status: http.StatusNotImplemented, Code: "NotModelled", Message: fmt.Sprintf(format, args...)}
}

func respond(req *http.Request, status int, body []byte, header http.Header, contentType string) *http.Response {
	if header == nil {
		header = http.Header{}
	}
	if header.Get("Content-Type") == "" {
		header.Set("Content-Type", contentType)
	}
	if header.Get("Content-Length") == "" { // an answer to HEAD has the length of what it leaves out
		header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	return &http.Response{
		Status: strconv.Itoa(status) + " " + http.StatusText(status), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: req,
	}
}
