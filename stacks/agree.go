package stacks

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/mysqlversion"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/state"
)

// Mismatch is a value in the file of one stack that does not fit what else is known of the site.
type Mismatch struct {
	Key   string `json:"key"`
	Stack string `json:"stack"` // whose file holds Value
	Value string `json:"value"`
	// Other is where the value is that it does not fit: a file, or what a stack has published.
	Other      string `json:"other"`
	OtherValue string `json:"otherValue"`
	// Fixed reports that the value can't change once a stack is deployed.
	Fixed bool `json:"fixed"`
	// Pending reports that both files have the value, and the deployed stack does not yet.
	Pending bool `json:"pending"`
	// Remedy says which value is right, as far as that can be known.
	Remedy string `json:"remedy"`
}

// Reason is what does not agree.
func (m Mismatch) Reason() string {
	is, has := fmt.Sprintf("is %q", m.Value), fmt.Sprintf("has %q", m.OtherValue)
	if m.Key == certificateKey { // the values tell whether there is one
		is, has = "is set", "has none"
		if m.Value == noTLS {
			is, has = "is not set", "has one"
		}
	}
	return fmt.Sprintf("%s in %s %s, and %s %s", m.Key, config.FileName(m.Stack), is, m.Other, has)
}

// String is the mismatch in one line.
func (m Mismatch) String() string { return refusal.Sentence(m.Reason(), m.Remedy) }

// ComparedSide is what one side of a site is, by its file and by what its stack has published.
// Either part may be zero: the program does not read the peer's file, and a stack that
// was never deployed has published nothing.
type ComparedSide struct {
	Stack     string
	File      *config.Config
	Published state.PeerInfo
}

// Mismatches compares the two sides of a site, each by its file and by what it has published.
// A site's stacks must agree on what belongs to the site, and each file must say of the
// other side what that side is. A site without a peer has only own.
func Mismatches(own, peer ComparedSide) []Mismatch {
	all := append(own.aboutItself(), peer.aboutItself()...)
	all = append(all, own.aboutPeer(peer)...)
	all = append(all, peer.aboutPeer(own)...)
	return append(all, alike(own, peer)...)
}

// aboutPeer compares what a stack's file says of the other side with what that side is.
func (k ComparedSide) aboutPeer(peer ComparedSide) (all []Mismatch) {
	if k.File == nil || k.File.Peer == nil || k.File.Peer.Stack != peer.Stack {
		return nil
	}
	of, region, cidr := "the deployed stack "+peer.Stack, peer.Published.Region, peer.Published.CIDR
	if region == "" && peer.File != nil {
		of, region, cidr = config.FileName(peer.Stack), peer.File.Region, peer.File.Network.CIDR
	}
	for _, v := range []struct{ key, said, is string }{{"peer.region", k.File.Peer.Region, region}, {"peer.cidr", k.File.Peer.CIDR, cidr}} {
		if v.is != "" && v.said != v.is {
			all = append(all, Mismatch{
				Key: v.key, Stack: k.Stack, Value: v.said, Other: of, OtherValue: v.is, Fixed: peer.Published.Region != "",
				Remedy: fmt.Sprintf("set it to %s, which is right", v.is),
			})
		}
	}
	return all
}

// alike compares what belongs to the site, and must be the same on both sides: the files with
// each other where both are known, and each file with what the other stack has published.
func alike(own, peer ComparedSide) (all []Mismatch) {
	if own.File == nil || own.File.Production != nil {
		return nil
	}
	differ := func(theirs siteValues, other string, pending bool) {
		for _, v := range fileValues(own.File) {
			value := theirs.value(v.key)
			if value == unknown || v.value == unknown || v.value == value {
				continue
			}
			m := Mismatch{Key: v.key, Stack: own.Stack, Value: v.value, Other: other, OtherValue: value, Pending: pending}
			if m.Remedy = rightOne(v.key, v.value, value, own, peer); pending {
				m.Remedy = "both files have the new value: pilotlight deploy brings the stacks to it"
			}
			all = append(all, m)
		}
	}
	if peer.File != nil {
		differ(fileValues(peer.File), config.FileName(peer.Stack), false)
	}
	if deployed := "the deployed stack " + peer.Stack; len(all) == 0 {
		differ(publishedValues(peer.Published), deployed, peer.File != nil)
	}
	all = append(all, engineBehind(own, peer)...)
	if a, b := own.Published.Account, peer.Published.Account; a != "" && b != "" && a != b {
		all = append(all, Mismatch{
			Key: "aws:allowedAccountIds", Stack: own.Stack, Value: a, Other: "the deployed stack " + peer.Stack, OtherValue: b, Fixed: true,
			Remedy: "both stacks must be in one AWS account: use its credentials for both",
		})
	}
	return all
}

// engineBehind finds the file of a standby that asks for an older MySQL than its source has: a replica
// may be ahead, and never behind.
func engineBehind(own, peer ComparedSide) (all []Mismatch) {
	for _, pair := range [][2]ComparedSide{{own, peer}, {peer, own}} {
		standby, source := pair[0], pair[1]
		if standby.File == nil || standby.File.Role != roles.Standby {
			continue
		}
		has, where := source.Published.EngineVersion, "the deployed stack "+source.Stack
		if has == "" && source.File != nil {
			has, where = source.File.Database.EngineVersion, config.FileName(source.Stack)
		}
		if asks := standby.File.Database.EngineVersion; has != "" && mysqlversion.Compare(asks, has) < 0 {
			all = append(all, Mismatch{
				Key: "database.engineVersion", Stack: standby.Stack, Value: asks, Other: where, OtherValue: has,
				Remedy: fmt.Sprintf("set it to %q in %s: a replica is upgraded before its source", has, config.FileName(standby.Stack)),
			})
		}
	}
	return all
}

// rightOne says which of two values is right: the one that a side has published, where only
// one of them is.
func rightOne(key, ours, theirs string, own, peer ComparedSide) string {
	published := map[string]bool{}
	for _, k := range []ComparedSide{own, peer} {
		if k.Published.Region != "" {
			published[publishedValues(k.Published).value(key)] = true
		}
	}
	set := func(value string) string {
		switch {
		case key != certificateKey:
			return fmt.Sprintf("set it to %q", value)
		case value == noTLS:
			return "remove it"
		}
		return "set one of its region"
	}
	switch {
	case published[theirs] && !published[ours]:
		return fmt.Sprintf("%s, as stack %s is deployed", set(theirs), peer.Stack)
	case published[ours] && !published[theirs]:
		return fmt.Sprintf("%s in %s, as stack %s is deployed", set(ours), config.FileName(peer.Stack), own.Stack)
	}
	return "both stacks of a site must have the same: correct the one that is wrong"
}

// unknown is the value of what was never published.
const unknown = "\x00"

// certificateKey is of a value that only says that there is a certificate, or that there is none, see tls.
const certificateKey = "app.certificate"

// siteValues are the values that belong to the site, by their keys.
type siteValues []struct{ key, value string }

func (all siteValues) value(key string) string {
	for _, v := range all {
		if v.key == key {
			return v.value
		}
	}
	return unknown
}

// fileValues are the values of a file that belong to the site.
func fileValues(c *config.Config) siteValues {
	return siteValues{
		{"site", c.Site}, {"domain", c.Domain}, {"names", furtherNames(*c)}, {"dns.zoneId", given(c.DNS.ZoneID)},
		{certificateKey, tls(c.App.Certificate)}, {"database.parameters", parameters(*c)}, {"home", given(c.Home)},
	}
}

// publishedValues are the same values as a stack has published them.
func publishedValues(f state.PeerInfo) siteValues {
	if f.Domain == "" { // by an update that did not publish them
		return nil
	}
	return siteValues{{"domain", f.Domain}, {"names", given(f.Names)}, {"dns.zoneId", given(f.Zone)}, {certificateKey, f.TLS}, {"database.parameters", given(f.Parameters)}}
}

// given is a value to compare. One side may leave the zone out, where a person changes DNS, and
// the home.
func given(value string) string {
	if value == "" {
		return unknown
	}
	return value
}

// noTLS is in the states of deployed sites, too, as tls writes it.
const noTLS = "none"

// tls reports whether visitors are served by HTTPS: certificates differ from region to region.
func tls(certificate string) string {
	if certificate == "" {
		return noTLS
	}
	return "one"
}

// publishes are the facts that a stack publishes of its configuration.
func publishes(c config.Config, account string) state.PeerInfo {
	return state.PeerInfo{
		Region: c.Region, CIDR: c.Network.CIDR, Zones: zones(c), Account: account, Domain: c.Domain, Names: furtherNames(c), Zone: c.DNS.ZoneID,
		EngineVersion: c.Database.EngineVersion, TLS: tls(c.App.Certificate), Parameters: parameters(c),
	}
}

// furtherNames are those in the configuration, to compare.
func furtherNames(c config.Config) string {
	if len(c.Names) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(slices.Values(c.Names)), ", ")
}

// parameters are the parameters of MySQL in the configuration, to compare.
func parameters(c config.Config) string {
	if len(c.Database.Parameters) == 0 {
		return "none"
	}
	return string(state.JSON(c.Database.Parameters))
}

// RefuseMismatches refuses what two sides are asked for that do not agree.
func RefuseMismatches(wrong []Mismatch) *refusal.Error {
	e := refusal.New(refusal.CodeMismatch, "the two sides of the site do not agree: correct the files")
	for _, m := range wrong {
		e.Blockers = append(e.Blockers, refusal.Blocker{Code: e.Code, Subject: m.Key, Reason: m.Reason(), Remedy: m.Remedy})
	}
	return e
}

// checkAgreement refuses an update whose configuration does not fit what both stacks have
// published. What the owner of a site may change, such as its domain, is compared only
// when a role changes: both files change first, then one stack after the other.
func (s *site) checkAgreement(told, theirs state.PeerInfo) error {
	peer := ComparedSide{Published: theirs}
	if s.cfg.Peer != nil {
		peer.Stack = s.cfg.Peer.Stack
	}
	moves := slices.Contains([]roles.Action{roles.Activate, roles.Freeze, roles.StandBy}, s.plan.Do)
	var wrong []Mismatch
	for _, m := range Mismatches(ComparedSide{Stack: s.cfg.Stack, File: &s.cfg, Published: told}, peer) {
		if m.Fixed || moves {
			wrong = append(wrong, m)
			continue
		}
		s.warn(m.String())
	}
	if len(wrong) > 0 {
		return RefuseMismatches(wrong)
	}
	return nil
}

// OtherAccount refuses credentials of another account than a stack's.
func OtherAccount(account, stack, own string) error {
	return refusal.New(refusal.CodeMismatch, "these credentials are of account %s, and stack %s is in account %s: use credentials of that one", account, stack, own)
}

// checkAccount refuses credentials of another account than the one that the stack is deployed in.
func (s *site) checkAccount(ctx context.Context, told state.PeerInfo) error {
	if told.Account == "" {
		return nil
	}
	account, err := failover.Account(ctx, s.env, s.cfg.Region, s.cfg.Profile)
	if err != nil {
		return fmt.Errorf("asking AWS in %s whose credentials these are: %w", s.cfg.Region, err)
	}
	if account == told.Account {
		return nil
	}
	return OtherAccount(account, s.cfg.Stack, told.Account)
}
