package failover

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/report"
)

const (
	// servingLooks is how many looks in a row must see the site healthy: one
	// good answer may come from the only good instance.
	servingLooks = 3
	// Verification is the least that WaitHealthy takes: its looks follow each other.
	Verification = (servingLooks - 1) * interval
	// answerTimeout bounds one request to the site.
	answerTimeout = 5 * time.Second
	// countLimit bounds what AWS is asked beside the site: that blocks nothing.
	countLimit = 15 * time.Second
	// maxAnswer is as much of an answer as is read.
	maxAnswer = 64 << 10
)

// WaitHealthy waits until the site is healthy in depth behind the balancer: the
// deep page reports a writable database and mounted media at the site's epoch,
// and the front page answers, both under the site's own name, several times in
// a row. The site's name need not point to the balancer yet.
func (r *Runtime) WaitHealthy(ctx context.Context, balancer string) error {
	client := r.siteClient()
	step := report.Step{Kind: report.VerifyStep, Name: "verify the site in depth", Awaits: "the site behind the balancer", Milestone: report.Healthy}
	return r.runStep(&step, func() error {
		looks := 0
		var failure checks.LaunchFailure
		var said logged
		err := r.wait(ctx, step.Awaits, r.Site.Limits.Healthy, inARow(servingLooks, func(ctx context.Context) (bool, string, error) {
			ready, seen := r.askPages(ctx, client, balancer)
			if ready {
				ready, seen = r.enough(ctx, balancer, seen)
			}
			if ready {
				return true, seen, nil
			}
			if looks%launchLookInterval == 0 {
				failure = r.launchFailure(ctx)
			}
			if looks++; failure != (checks.LaunchFailure{}) {
				seen += ", launching instances fails: " + failure.String()
			}
			return false, seen + said.words(ctx, r), nil
		}))
		return remedied(err, failure)
	})
}

// launchFailure is why instances are missing, as far as the group says so.
func (r *Runtime) launchFailure(ctx context.Context) checks.LaunchFailure {
	if r.Site.Instances == 0 {
		return checks.LaunchFailure{}
	}
	ctx, cancel := context.WithTimeout(ctx, countLimit)
	defer cancel()
	found, err := r.instances(ctx)
	if err != nil || found.running >= r.Site.Instances {
		return checks.LaunchFailure{} // what the pages say is all that is known
	}
	return found.failure
}

// askPages asks the two pages once. Whatever goes wrong is something seen, not
// an error: a site that is coming up refuses, resets and times out.
func (r *Runtime) askPages(ctx context.Context, client *http.Client, balancer string) (ready bool, seen string) {
	deep, err := r.get(ctx, client, balancer, r.Site.DeepPath)
	if err != nil {
		return false, "no answer yet"
	}
	if ready, seen = checks.Deep(deep, r.Site.Epoch, r.Site.RequireCache); !ready {
		return false, seen
	}
	ready, front := r.frontPage(ctx, client, balancer)
	return ready, seen + ", " + front
}

// enough counts the targets in service behind the balancer. That they can't be
// counted blocks nothing: the pages have answered. A balancer that AWS does not
// know yet, having just made it, is asked for again.
func (r *Runtime) enough(ctx context.Context, balancer, pages string) (ready bool, seen string) {
	if r.Site.Instances == 0 {
		return true, pages
	}
	healthy, err := r.healthyTargets(ctx, balancer)
	switch {
	case errors.Is(err, ErrNotFound):
		return false, pages + ", " + err.Error()
	case err != nil:
		return true, pages + ", instances not counted: " + err.Error()
	}
	return healthy >= r.Site.Instances, fmt.Sprintf("%s, %d of %d instances in service", pages, healthy, r.Site.Instances)
}

func (r *Runtime) healthyTargets(ctx context.Context, balancer string) (count int, err error) {
	ctx, cancel := context.WithTimeout(ctx, countLimit)
	defer cancel()
	cfg, err := r.aws(ctx)
	if err != nil {
		return 0, err
	}
	client := elb.NewFromConfig(cfg)
	arn, err := findBalancer(ctx, client, balancer)
	if err != nil {
		return 0, err
	}
	groups, err := client.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{LoadBalancerArn: &arn})
	if _, gone := errors.AsType[*elbtypes.LoadBalancerNotFoundException](err); gone {
		return 0, fmt.Errorf("balancer %s: %w", balancer, ErrNotFound)
	}
	if err != nil {
		return 0, fmt.Errorf("finding what %s forwards to: %w", balancer, err)
	}
	for _, group := range groups.TargetGroups {
		health, err := client.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: group.TargetGroupArn})
		if err != nil {
			return 0, fmt.Errorf("reading the health of %s: %w", aws.ToString(group.TargetGroupArn), err)
		}
		for _, target := range health.TargetHealthDescriptions {
			if target.TargetHealth != nil && target.TargetHealth.State == elbtypes.TargetHealthStateEnumHealthy {
				count++
			}
		}
	}
	return count, nil
}

// WaitVisitors waits until visitors of all the site's names arrive at this side, once its domain
// has moved to the balancer; a person who has to move them reads what to set.
func (r *Runtime) WaitVisitors(ctx context.Context, balancer string) error {
	client := r.siteClient()
	if r.Site.ManualDNS {
		for _, name := range r.Site.Names {
			r.Say(fmt.Sprintf("now set the record of %s: an alias (A) of, or a CNAME to, %s, with a TTL of 60 seconds or less", name, balancer))
		}
		if r.Site.Epoch <= 1 {
			return nil // a site that was never there has no visitors
		}
	}
	step := report.Step{Kind: report.VisitorStep, Name: "wait until visitors arrive here", Awaits: strings.Join(r.Site.Names, ", "), Milestone: report.Verified}
	return r.waitStep(ctx, step, r.Site.Limits.DNS, inARow(servingLooks, func(ctx context.Context) (bool, string, error) {
		moved, seen := r.moved(ctx, client, balancer)
		return moved, seen, nil
	}))
}

// moved finds out whether all names lead visitors to this side; of the first that does not, it
// tells what was seen.
func (r *Runtime) moved(ctx context.Context, client *http.Client, balancer string) (moved bool, seen string) {
	here := r.lookup(ctx, balancer)
	for _, name := range r.Site.Names {
		if moved, seen = checks.Moved(r.page(ctx, client, name), r.Site.Epoch, r.lookup(ctx, name), here); !moved {
			return false, name + ": " + seen
		}
	}
	return moved, seen
}

// lookup resolves a host; nothing comes of a failure but no addresses.
func (r *Runtime) lookup(ctx context.Context, host string) []string {
	addresses, err := r.env.Lookup(ctx, host)
	if err != nil {
		return nil
	}
	slices.Sort(addresses)
	return addresses
}

// redirects is how many redirects in a row the front page may make; a browser takes more.
const redirects = 5

// frontPage asks the front page, and where it leads on this site, of the same balancer.
func (r *Runtime) frontPage(ctx context.Context, client *http.Client, balancer string) (ready bool, seen string) {
	next := "/"
	for range redirects {
		answer, err := r.get(ctx, client, balancer, next)
		if err != nil {
			return false, "front page does not answer"
		}
		if ready, next, seen = checks.Front(answer, r.Site.domain(), r.Site.Epoch); next == "" {
			return ready, seen
		}
	}
	return false, seen + ", and on and on"
}

// probe asks the site's deep page once, under the site's own name; it is zero when
// that does not answer. It never fails, and takes no longer than a request may. A
// site that was never active has no one to ask. A planned activation always asks, and
// so does a side that led the site before: another may serve it.
func (r *Runtime) probe(ctx context.Context) checks.DeepPage {
	if !r.Site.ProbeProduction && !r.Site.Switchover && r.Site.ReclaimedEpoch == 0 || r.Site.Epoch <= 1 {
		return checks.DeepPage{}
	}
	return r.page(ctx, r.siteClient(), r.Site.domain())
}

// Answers reports whether an instance answers under the site's name, well or not. It brings no token, so the deep page refuses to
// tell more; a balancer without instances answers otherwise.
func (r *Runtime) Answers(ctx context.Context) bool {
	answer, err := r.get(ctx, r.siteClient(), r.Site.domain(), r.Site.DeepPath)
	return err == nil && answer.Status == http.StatusForbidden
}

// siteClient asks for the site's certificate at whatever address it calls, and
// takes a redirect for the answer that it is. Where the standby was accepted as it is, it takes any certificate: that
// was accepted too, and the site would never be seen to be healthy.
func (r *Runtime) siteClient() *http.Client {
	transport := r.env.Transport.Clone()
	if transport.TLSClientConfig == nil {
		transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	transport.TLSClientConfig.ServerName = r.Site.domain()
	if slices.Contains(r.Site.Accepted, checks.AcceptStandby) {
		transport.TLSClientConfig.InsecureSkipVerify = true //nolint:gosec // nothing is said there that its keeper could use: DeepToken is of this site alone
		transport.TLSClientConfig.VerifyConnection = r.tellDistrust(transport.TLSClientConfig)
	}
	transport.DisableKeepAlives = true // each look may be answered by another instance
	transport.Proxy = reaching(transport.Proxy)
	return &http.Client{
		Transport: transport, Timeout: answerTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// tellDistrust says once why browsers would refuse the certificate that is shown: what was accepted may be something else.
func (r *Runtime) tellDistrust(of *tls.Config) func(tls.ConnectionState) error {
	roots, name := of.RootCAs, of.ServerName
	return func(shown tls.ConnectionState) error {
		between := x509.NewCertPool()
		for _, c := range shown.PeerCertificates[1:] {
			between.AddCert(c)
		}
		if _, err := shown.PeerCertificates[0].Verify(x509.VerifyOptions{DNSName: name, Roots: roots, Intermediates: between}); err != nil {
			r.distrust.Do(func() {
				r.Say("browsers refuse the certificate of the site, which is looked at all the same: " + err.Error())
			})
		}
		return nil
	}
}

// reaching leaves out a proxy that would not reach the balancer: an HTTP proxy
// is told where to go by the Host header, which names the site, and so the side
// that its name points to now.
func reaching(proxy func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	return func(req *http.Request) (*url.URL, error) {
		if proxy == nil {
			return nil, nil //nolint:nilnil // as http.Transport has it: no proxy
		}
		by, err := proxy(req)
		if err == nil && by != nil && req.URL.Scheme == "http" && strings.HasPrefix(by.Scheme, "http") {
			return nil, nil //nolint:nilnil // as above
		}
		return by, err
	}
}

func (r *Runtime) get(ctx context.Context, client *http.Client, balancer, path string) (checks.Answer, error) {
	address, err := url.Parse("http://" + balancer + path)
	if err != nil {
		return checks.Answer{}, fmt.Errorf("asking %s for %s: %w", balancer, path, err)
	}
	if r.Site.https() {
		address.Scheme = "https"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), http.NoBody)
	if err != nil {
		return checks.Answer{}, fmt.Errorf("asking %s: %w", balancer, err)
	}
	req.Host = r.Site.domain()
	if path == r.Site.DeepPath {
		req.Header.Set("X-Pilotlight-Token", r.Site.DeepToken)
	}
	res, err := client.Do(req)
	if err != nil {
		return checks.Answer{}, fmt.Errorf("asking %s for %s: %w", balancer, path, err)
	}
	defer res.Body.Close() //nolint:errcheck // only read from
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return checks.Answer{}, fmt.Errorf("reading %s of %s: %w", path, balancer, err)
	}
	return checks.Answer{Status: res.StatusCode, Location: res.Header.Get("Location"), Body: body}, nil
}
