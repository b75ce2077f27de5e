// Package backend makes and moves the place where the stacks' state lies: a bucket
// in S3 and a KMS key for the secrets in it. Both must outlive the production
// region, or its loss takes the recovery away with it.
//
// Bootstrap can be run again at any time. It makes what is missing, puts right
// what is not as it should be, and leaves the rest; so it also completes a run
// that was cut off.
package backend

import (
	"context"
	"fmt"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/pilotlight-dr/pilotlight/awsclient"
	"github.com/pilotlight-dr/pilotlight/awsregion"
	"github.com/pilotlight-dr/pilotlight/refusal"
)

// Options say where the state of a site shall lie.
type Options struct {
	// Site is the name in the stacks' configuration. Each site has a backend of its
	// own, since the stacks of all are called alike.
	Site string
	// Region is where state shall lie, Production where it must not, Recovery the
	// pilot light's own; it may be empty.
	Region, Production, Recovery string
	// Bucket is the bucket's name; empty makes one of site, account and region.
	Bucket string

	// AWS makes the configuration of the clients for a region and a profile; nil takes the default chain of credentials.
	AWS     awsclient.Config
	Profile string
	// Say, if set, is called with each thing that is done, a line each.
	Say func(line string)
}

// Did is what a run did to a part of the backend.
type Did string

// What can have been done.
const (
	Found   Did = "found"   // it was as it should be
	Made    Did = "made"    // it was not there
	Changed Did = "changed" // it was there, but not as it should be
)

// Part is a part of the backend: the key, the bucket, or a setting of one.
type Part struct {
	Name string `json:"name"`
	Did  Did    `json:"did"`
}

// Result is a backend as it is after a run.
type Result struct {
	Account string `json:"account"`
	Region  string `json:"region"`
	Bucket  string `json:"bucket"`
	Key     string `json:"key"`   // the KMS key's ARN
	Alias   string `json:"alias"` // of the key
	Parts   []Part `json:"parts"`
	// Warnings are what works but should be otherwise.
	Warnings []string `json:"warnings,omitempty"`
	// Login is what to give to pulumi login, and SecretsProvider to pulumi stack
	// init --secrets-provider.
	Login           string `json:"login"`
	SecretsProvider string `json:"secretsProvider"`
}

// Changed reports whether the run changed anything.
func (r *Result) Changed() bool {
	for _, part := range r.Parts {
		if part.Did != Found {
			return true
		}
	}
	return false
}

// Lines are the commands that a person runs next, to deploy these stacks.
func (r *Result) Lines(stacks []string) []string {
	lines := []string{"pulumi login '" + r.Login + "'"}
	for _, stack := range stacks {
		lines = append(lines, "pulumi stack init "+stack+" --secrets-provider '"+r.SecretsProvider+"'")
	}
	return lines
}

// CodePlace is the code of a refusal of where the state shall lie.
const CodePlace = "state-place"

// refuse makes a refusal as refusal.New does.
func refuse(format string, args ...any) error {
	return refusal.New(CodePlace, format, args...)
}

// Bootstrap makes a site's backend, or completes it.
func Bootstrap(ctx context.Context, o Options) (*Result, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	run, err := open(ctx, o)
	if err != nil {
		return nil, err
	}
	there, err := run.bucketThere(ctx) // a refusal comes before the first change
	if err != nil {
		return nil, err
	}
	if err := run.key(ctx); err != nil {
		return nil, err
	}
	return run.result, run.bucket(ctx, there)
}

// check refuses what can be seen without asking AWS.
func (o Options) check() error {
	switch {
	case o.Site == "":
		return refuse("no site is named: name it as in the stacks' configuration")
	case o.Region == "":
		return refuse("no region is named for the state: name one that is neither production's nor, if possible, the pilot light's")
	case o.Production == "":
		return refuse("the production region is not known, so %s might be it: name it", o.Region)
	case CheckRegion(o.Region) != nil:
		return CheckRegion(o.Region)
	case o.Bucket != "" && CheckBucket(o.Bucket) != nil:
		return CheckBucket(o.Bucket)
	case o.Region == o.Production:
		return refuse("%s is the production region, and when that is lost, the state that recovery needs is lost with it: name another region", o.Region)
	case awsregion.Partition(o.Region) != awsregion.Partition(o.Production):
		return refuse("%s is in another partition than production's %s, and no account is in both: name a region of %s", o.Region, o.Production, awsregion.Partition(o.Production))
	}
	return nil
}

// bootstrap is one run in one region.
type bootstrap struct {
	Options
	result *Result
	s3     *s3.Client
	kms    *kms.Client
}

func open(ctx context.Context, o Options) (*bootstrap, error) {
	if o.Say == nil {
		o.Say = func(string) {}
	}
	cfg, err := o.AWS.For(ctx, o.Region, o.Profile)
	if err != nil {
		return nil, fmt.Errorf("preparing to call AWS in %s: %w", o.Region, err)
	}
	cfg.RetryMaxAttempts = awsclient.Attempts
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, fmt.Errorf("asking AWS in %s whose credentials these are: %w", o.Region, err)
	}
	if aws.ToString(who.Account) == "" {
		return nil, fmt.Errorf("AWS in %s does not say of which account the credentials are", o.Region)
	}
	account := aws.ToString(who.Account)
	if o.Bucket == "" {
		o.Bucket = fmt.Sprintf("%s-state-%s-%s", o.Site, account, o.Region)
	}
	alias := "alias/" + o.Site + "-state"
	in := "?region=" + url.QueryEscape(o.Region)
	r := &Result{Account: account, Region: o.Region, Bucket: o.Bucket, Alias: alias, Login: "s3://" + o.Bucket + in, SecretsProvider: "awskms://" + alias + in}
	if o.Region == o.Recovery {
		r.Warnings = []string{fmt.Sprintf("%s is the pilot light's own region: after a failover the state lies in the production region. A third region is best", o.Region)}
		o.Say("warning: " + r.Warnings[0])
	}
	return &bootstrap{Options: o, result: r, s3: awsclient.S3(cfg), kms: kms.NewFromConfig(cfg)}, nil
}

// note writes down what was done to a part.
func (b *bootstrap) note(did Did, format string, args ...any) {
	part := Part{Name: fmt.Sprintf(format, args...), Did: did}
	b.result.Parts = append(b.result.Parts, part)
	b.Say(fmt.Sprintf("%s: %s", part.Did, part.Name))
}
