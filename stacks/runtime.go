package stacks

import (
	"slices"
	"strings"
	"time"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/components"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/state"
	"github.com/pilotlight-dr/pilotlight/wordpress"
)

// firstDatabase is how long the site may wait, at its first deployment, for a
// database that is only being made. Nothing else awaits it.
const firstDatabase = time.Hour

// newRuntime makes what the hooks work with.
func (s *site) newRuntime() *failover.Runtime {
	site := RuntimeSite(s.cfg, s.plan.Claim, state.State{Published: s.published, Peer: s.peer, ResourceIDs: s.resourceIDs, Certificate: s.requested})
	site.DeepToken, site.Accepted = wordpress.DeepToken(s.secrets), s.acceptedRisks()
	if s.activating {
		site.SecondZoneAfter = time.Duration(s.cfg.Database.MultiAZDelay)
	}
	if s.ownClaim.Leads() {
		site.ReclaimedEpoch = s.ownClaim.Epoch
	}
	// Who accepts a loss does not wait until there is none.
	site.Planned = site.Planned && !slices.Contains(site.Accepted, checks.AcceptDataLoss)
	rt := failover.New(s.env, site)
	rt.Say = func(line string) { _ = s.Log.Info(line, nil) } // progress only: nothing to do when the engine is gone
	return rt
}

// RuntimeSite is a side for the run-time code: by its configuration, what it claims, and
// what its state holds besides. It holds no secret.
func RuntimeSite(c config.Config, claim roles.Claim, saved state.State) failover.Site {
	limits, own, peer := c.Failover, saved.Published, saved.Peer
	healthy := time.Duration(limits.Healthy)
	if claim.Generation.Origin == roles.OriginEmpty {
		healthy += firstDatabase
	}
	return failover.Site{
		Name: c.Site, Region: c.Region, Profile: c.Profile, Tags: tags(c), Media: BucketName(own.Bucket), PeerMedia: BucketName(peer.Bucket),
		Database: c.DatabaseID(claim.Generation.Number), Source: source(claim, peer), Image: c.App.Image, DiskGiB: c.App.DiskGiB,
		InstanceTypes: c.App.Types(), Zones: c.Network.Zones,
		EngineVersion: c.Database.EngineVersion, PeerImage: peer.ImageCreatedAt,
		ZoneID: c.DNS.ZoneID, TakeOver: c.DNS.TakeOver, PeerRegion: c.PeerRegion(),
		Domain: c.Domain, Names: c.Names, Certificate: CertificateARN(c, saved), RequestsCertificate: c.App.RequestsCertificate(), ResourceIDs: saved.ResourceIDs,
		DeepPath: components.DeepPath, Epoch: claim.Epoch, ProbeProduction: limits.Probe,
		Instances: c.App.Min, LogGroup: components.LogGroup(config.ParameterPath(c.Site, c.Stack)), RequireCache: limits.RequireCache, ManualDNS: c.DNS.Mode == "manual", Planned: claim.Reason == roles.ReasonSwitchover,
		Limits: failover.Limits{
			MaxLag: time.Duration(limits.MaxLag), LagWindow: time.Duration(limits.LagWindow), MaxImageAge: time.Duration(limits.MaxImageAge), Check: checkLimit, Certificate: time.Duration(c.App.CertificateWait),
			Promote: time.Duration(limits.Promote), Healthy: healthy, DNS: time.Duration(limits.DNS),
		},
	}
}

// CertificateARN is the ARN of a stack's certificate: as given, or as the stack's state has it; empty for none.
func CertificateARN(c config.Config, saved state.State) string {
	if c.App.RequestsCertificate() {
		return saved.Certificate
	}
	return c.App.Certificate
}

// BucketName is the name of a bucket that is known by its ARN, or by its name.
func BucketName(arn string) string { return arn[strings.LastIndex(arn, ":")+1:] }

// source is the ARN that a stack's database was copied from; empty for a primary.
func source(claim roles.Claim, peer state.PeerInfo) string {
	if claim.Generation.Origin == roles.OriginEmpty {
		return ""
	}
	return peer.Database
}
