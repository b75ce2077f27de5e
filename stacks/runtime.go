package stacks

import (
	"slices"
	"strings"
	"time"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/components"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/images"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/state"
	"github.com/pilotlight-dr/pilotlight/wordpress"
)

// firstDatabase is how long the site may wait, at its first deployment, for a
// database that is only being made. Nothing else awaits it.
const firstDatabase = time.Hour

// newRuntime makes what the hooks work with.
func (s *site) newRuntime() *failover.Runtime {
	saved := s.own
	saved.Peer = s.peer
	site := RuntimeSite(s.cfg, s.plan.Claim, saved)
	site.DeepToken, site.Accepted = wordpress.DeepToken(s.secrets), s.plan.Claim.Accepted
	if s.activating {
		site.SecondZoneAfter = time.Duration(s.cfg.Database.MultiAZDelay)
	}
	if s.own.Claim.Leads() {
		site.ReclaimedEpoch, site.PeerImage = s.own.Claim.Epoch, time.Time{} // it runs its image already
	}
	// Who accepts a loss does not wait until there is none.
	site.Switchover = site.Switchover && !slices.Contains(site.Accepted, checks.AcceptDataLoss)
	rt := failover.New(s.env, site)
	rt.Say = s.inform
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
		Policy: checks.Policy{
			Region: c.Region, Stack: c.Stack, Peer: c.PeerName(), Zones: c.Network.Zones, Names: c.AllNames(), TakeOver: c.DNS.TakeOver,
			Database: c.DatabaseID(claim.Generation.Number), Source: source(claim, peer), EngineVersion: c.Database.EngineVersion, MultiAZ: c.Database.MultiAZ,
			Image: c.App.Image, ImageTag: images.SiteTag + "=" + c.Site, DiskGiB: c.App.DiskGiB, PeerImage: peer.ImageCreatedAt, MaxImageAge: time.Duration(limits.MaxImageAge),
			Certificate: CertificateARN(c, saved), RequestsCertificate: c.App.RequestsCertificate(),
			MaxLag: time.Duration(limits.MaxLag), LagWindow: time.Duration(limits.LagWindow), ProbeProduction: limits.Probe,
			Epoch: claim.Epoch, Switchover: claim.Reason == roles.ReasonSwitchover, StandsBy: saved.Claim.Role == roles.Standby,
		},
		Promoted: claim.Generation.EverPromoted || saved.Claim.Generation.Number == claim.Generation.Number && saved.Claim.Progress >= roles.Promoted,
		Name:     c.Site, Profile: c.Profile, Tags: tags(c), Media: BucketName(own.Bucket), PeerMedia: BucketName(peer.Bucket),
		InstanceTypes: c.App.Types(), Instances: c.App.Min, ResourceIDs: saved.ResourceIDs,
		ZoneID: c.DNS.ZoneID, PeerRegion: c.PeerRegion(), ManualDNS: c.DNS.Mode == "manual",
		DeepPath: components.DeepPath, LogGroup: components.LogGroup(config.ParameterPath(c.Site, c.Stack)), RequireCache: limits.RequireCache,
		Limits: failover.Limits{
			Check: checkLimit, Certificate: time.Duration(c.App.CertificateWait), Promote: time.Duration(limits.Promote), Healthy: healthy, DNS: time.Duration(limits.DNS),
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
