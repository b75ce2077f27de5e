package stacks

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/components"
	"github.com/pilotlight-dr/pilotlight/state"
)

// certificate is the ARN of the balancer's certificate; nil for none. One that the stack requests is there in standby, too:
// an activation finds it issued, and changes neither it nor its records. The control plane of Route 53 may be
// lost that night.
func (s *site) certificate() (pulumi.StringInput, error) {
	switch {
	case !s.cfg.App.HTTPS():
		return nil, nil //nolint:nilnil // none is an answer
	case !s.cfg.App.RequestsCertificate():
		return pulumi.String(s.cfg.App.Certificate), nil
	}
	name, alone := s.cfg.Name(), pulumi.Provider(s.provider)
	requested, err := components.NewCertificate(s.Context, name, components.CertificateArgs{
		ZoneID: s.cfg.DNS.ZoneID, Domain: s.cfg.Domain, Names: s.cfg.Names,
	}, alone)
	if err != nil {
		return nil, err
	}
	hook, err := s.hooks.WaitIssued()
	if err != nil {
		return nil, err
	}
	// What shows it takes it from here, and so waits until ACM has issued it.
	issued, err := state.Stash(s.Context, name+"-certificate", requested.ARN, alone, pulumi.DependsOn(requested.Records), pulumi.ResourceHooks(hook))
	if err != nil {
		return nil, err
	}
	return issued.Input.ApplyT(func(value any) (arn string, err error) {
		arn, _ = value.(string)
		return arn, nil
	}).(pulumi.StringOutput), nil
}

// measuredCertificate reports whether CloudWatch measures how long the certificate lasts: IAM's are not.
func (s *site) measuredCertificate() bool {
	return s.cfg.App.RequestsCertificate() || strings.Contains(s.cfg.App.Certificate, ":acm:")
}
