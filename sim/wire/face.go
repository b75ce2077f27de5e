// Package wire shows a simulated world to the AWS SDK and to HTTP clients: the
// protocols of the calls that are made at run time, and the balancers' answers.
package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"github.com/pilotlight-dr/pilotlight/sim"
)

// A Face is a world as it looks from the network.
type Face struct {
	world     *sim.World
	dialed    *pipes
	authority func() (*authority, error)
}

// NewFace gives a world a face.
func NewFace(w *sim.World) *Face {
	f := &Face{world: w, authority: sync.OnceValues(newAuthority)}
	f.dialed = newPipes(f.far)
	f.dialed.serve(f)
	return f
}

// Close ends the connections made with DialContext.
func (f *Face) Close() { f.dialed.close() }

// Config is what an SDK client needs to call a region of the world in-process.
func (f *Face) Config(region string) aws.Config { return Config(region, f) }

// Config is the same for a world that is reached through a client. A retry waits
// for next to nothing, in real time. What a deadline has ended is not tried again: the SDK sees that by the time, which is simulated here.
func Config(region string, client aws.HTTPClient) aws.Config {
	return aws.Config{
		Region:      region,
		HTTPClient:  client,
		Credentials: aws.CredentialsProviderFunc(credentials),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return time.Millisecond, nil })
				o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(overdue)}, o.Retryables...)
			})
		},
	}
}

// overdue has an error of a deadline not tried again.
func overdue(err error) aws.Ternary {
	if errors.Is(err, context.DeadlineExceeded) {
		return aws.FalseTernary
	}
	return aws.UnknownTernary
}

func credentials(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "AKIASIMULATED", SecretAccessKey: "simulated", Source: "awssim"}, nil
}

// Do serves a request in the caller's goroutine: no port, no network. A deadline
// of its context is taken as simulated time.
func (f *Face) Do(req *http.Request) (*http.Response, error) {
	res, err := f.serve(req)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", req.Method, req.URL.Host, err)
	}
	return res, nil
}

// RoundTrip makes a Face the transport of an http.Client.
func (f *Face) RoundTrip(req *http.Request) (*http.Response, error) { return f.Do(req) }

func (f *Face) serve(req *http.Request) (*http.Response, error) {
	ctx, release := f.world.Clock().Hold(req.Context(), req.Method+" "+req.URL.String())
	defer release()
	req = req.WithContext(ctx)
	if call, signed := readScope(req); signed {
		return f.call(req, call)
	}
	return f.world.Visit(req)
}

// ServeHTTP answers over a socket: signed requests as AWS, others as a proxy.
func (f *Face) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if to, ok := req.Context().Value(dialedKey{}).(string); ok {
		req.URL.Scheme, req.URL.Host = "http", to
		if secureAt(to) {
			req.URL.Scheme = "https"
		}
	}
	if _, signed := readScope(req); !signed && !req.URL.IsAbs() {
		http.Error(w, "neither signed for AWS nor a request to a proxy", http.StatusBadRequest)
		return
	}
	res, err := f.serve(req)
	if err != nil {
		panic(http.ErrAbortHandler) // no answer
	}
	defer res.Body.Close() //nolint:errcheck // read from memory
	for name, values := range res.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(res.StatusCode)
	_, _ = io.Copy(w, res.Body) // a client that has gone needs no answer
}

// Listen serves the world on a free local port, as AWS's endpoint
// (AWS_ENDPOINT_URL) and as a proxy for plain HTTP.
func (f *Face) Listen() (address string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("starting the simulated AWS endpoint: %w", err)
	}
	server := &http.Server{Handler: f, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // ends with Close
	}()
	return listener.Addr().String(), func() {
		_ = server.Close() // nothing is left to lose
		<-done
	}, nil
}

// errClosed ends the connections of a face.
var errClosed = errors.New("the simulated network has been closed")
