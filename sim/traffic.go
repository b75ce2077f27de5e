package sim

import (
	"bytes"
	"cmp"
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An Answer is what a workload says to a request.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// SetWorkload gives the instances something to run. It is called for each
// request that a balancer forwards.
func (w *World) SetWorkload(serve func(Instance, *http.Request) Answer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.workload = serve
}

// Visit sends a request over the simulated internet: the name is looked up in
// the hosted zones, and the balancer behind it answers by its listeners.
func (w *World) Visit(req *http.Request) (*http.Response, error) {
	balancer := w.balancerOf(req.URL.Hostname())
	if balancer == nil {
		return nil, &net.DNSError{Err: "no such host", Name: req.URL.Hostname(), IsNotFound: true}
	}
	end := w.begin(Step{Region: balancer.Region, Kind: "http", Operation: req.Method, Name: req.URL.Host + req.URL.Path})
	answer, err := w.serve(req.Context(), balancer, req)
	end(err)
	if err != nil {
		return nil, err
	}
	return answer.response(req), nil
}

// Lookup resolves a name to the addresses of the balancer behind it.
func (w *World) Lookup(_ context.Context, host string) ([]string, error) {
	balancer := w.balancerOf(host)
	if balancer == nil {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	var addresses []string
	for i := range balancer.texts("subnets") {
		addresses = append(addresses, fmt.Sprintf("198.51.100.%d", 1+w.hash("address", balancer.ID, strconv.Itoa(i))%254))
	}
	return addresses, nil
}

// balancerOf finds the balancer behind a name, once it is there.
func (w *World) balancerOf(name string) *Object {
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if target, ok := w.resolve(name); ok {
		name = target
	}
	found := w.where(func(o *Object) bool {
		return o.Type == balancerType && strings.EqualFold(o.text("dnsName"), name) && !now.Before(o.Ready) && !o.failed(now)
	})
	if len(found) == 0 {
		return nil
	}
	return found[0].clone()
}

func (w *World) serve(ctx context.Context, balancer *Object, req *http.Request) (Answer, error) {
	if err := w.reach(ctx, balancer.Region, hangVisit); err != nil {
		return Answer{}, err
	}
	if err := w.admits(balancer.Region); err != nil {
		return Answer{}, err
	}
	if portOf(req) == 443 {
		if err := w.distrusted(balancer, hostOf(req)); err != nil {
			return Answer{}, err
		}
	}
	action := w.action(balancer, portOf(req))
	switch textAt(action, "type") {
	case "redirect":
		return redirect(action, req), nil
	case "forward":
		return w.forward(balancer.Region, textAt(action, "targetGroupArn"), req), nil
	case "":
		return Answer{}, &OutageError{Region: balancer.Region} // nothing listens there
	}
	return Answer{Status: http.StatusNotImplemented, Body: "listener action " + textAt(action, "type") + ": " + ErrNotModelled.Error()}, nil
}

// hostOf is the name in which a request is made.
func hostOf(req *http.Request) string {
	host, _, _ := strings.Cut(cmp.Or(req.Host, req.URL.Host), ":")
	return host
}

// distrusted is why a client does not accept the certificate that a balancer shows (RFC 6125; the
// balancer shows whatever its listener has, also when it has ended); nil when it does.
func (w *World) distrusted(balancer *Object, host string) error {
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, listener := range w.all(listenerType, balancer.Region) {
		if listener.text("loadBalancerArn") != balancer.ID || listener.number("port") != 443 {
			continue
		}
		shown, _ := w.certified(balancer.Region, listener.text("certificateArn"))
		switch err := (&x509.Certificate{DNSNames: shown.Names}).VerifyHostname(host); {
		case err != nil:
			return err
		case now.After(shown.Until):
			return x509.CertificateInvalidError{Reason: x509.Expired, Detail: "it ended at " + shown.Until.Format(time.RFC3339)}
		}
	}
	return nil
}

// action is the default action of the listener on a port.
func (w *World) action(balancer *Object, port int) any {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, listener := range w.all(listenerType, balancer.Region) {
		actions, _ := listener.Props["defaultActions"].([]any)
		if listener.text("loadBalancerArn") == balancer.ID && listener.number("port") == port && len(actions) > 0 {
			return actions[0]
		}
	}
	return nil
}

// forward hands a request to one of the healthy targets: which one depends on
// the time and the path.
func (w *World) forward(region, targets string, req *http.Request) Answer {
	turn := w.hash("forward", targets, w.clock.Now().Format(time.RFC3339Nano), req.URL.Path)
	w.mu.Lock()
	instances, serve := w.healthy(region, targets), w.workload
	w.mu.Unlock()
	switch {
	case len(instances) == 0:
		return Answer{Status: http.StatusServiceUnavailable, Body: "503 Service Temporarily Unavailable"}
	case serve == nil:
		return Answer{Status: http.StatusBadGateway, Body: "502 Bad Gateway: no workload has been set"}
	}
	return serve(instances[turn%uint64(len(instances))], req)
}

// healthy lists the instances in service behind a target group.
func (w *World) healthy(region, targets string) (serving []Instance) {
	now := w.clock.Now()
	for _, i := range w.launched(region, targets) {
		if !now.Before(i.boot) {
			serving = append(serving, i)
		}
	}
	return serving
}

// lateness is that of an instance that a fault keeps back.
const lateness = 20 * time.Minute

// launched lists the instances behind a target group, in service or not yet.
func (w *World) launched(region, targets string) []Instance {
	var instances []Instance
	for _, group := range w.all(scalingType, region) {
		if !slices.Contains(group.texts("targetGroupArns"), targets) {
			continue
		}
		w.launch(group, w.clock.Now())
		template := w.templateOf(group)
		for _, m := range group.launched() {
			instances = append(instances, Instance{world: w, region: region, userData: template.text("userData"), name: m.ID, boot: w.boots(group, m.Of, m.Machine)})
		}
	}
	return instances
}

// redirect words a listener's redirect, filling in what it keeps.
func redirect(action any, req *http.Request) Answer {
	to := func(field, kept string) string {
		if v := textAt(action, "redirect."+field); v != "" {
			return v
		}
		return kept
	}
	keep := strings.NewReplacer("#{host}", req.URL.Hostname(), "#{path}", strings.TrimPrefix(req.URL.Path, "/"),
		"#{query}", req.URL.RawQuery, "#{port}", strconv.Itoa(portOf(req)), "#{protocol}", req.URL.Scheme)
	location := strings.ToLower(to("protocol", "#{protocol}")) + "://" + to("host", "#{host}") + ":" + to("port", "#{port}") + to("path", "/#{path}")
	if query := to("query", "#{query}"); keep.Replace(query) != "" {
		location += "?" + query
	}
	status := http.StatusFound
	if textAt(action, "redirect.statusCode") == "HTTP_301" {
		status = http.StatusMovedPermanently
	}
	return Answer{Status: status, Header: http.Header{"Location": {keep.Replace(location)}}}
}

func portOf(req *http.Request) int {
	if port, err := strconv.Atoi(req.URL.Port()); err == nil {
		return port
	}
	if req.URL.Scheme == "https" {
		return 443
	}
	return 80
}

func (a Answer) response(req *http.Request) *http.Response {
	header := a.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{
		Status: strconv.Itoa(a.Status) + " " + http.StatusText(a.Status), StatusCode: a.Status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: header, Request: req,
		Body: io.NopCloser(bytes.NewBufferString(a.Body)), ContentLength: int64(len(a.Body)),
	}
}
