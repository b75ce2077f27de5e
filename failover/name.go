package failover

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/pilotlight-dr/pilotlight/awsregion"
	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/refusal"
)

// nameLimit bounds the look at the site's zone. Where that can't be had, it must block no failover.
const nameLimit = 15 * time.Second

// name is what the zone holds at the site's names; nil when there is none to look at. Route 53 is
// not asked where it would be asked of the region that is lost. That it could not be looked at is
// no error: on the night it must not be in the way.
func (r *Runtime) name(ctx context.Context, cfg aws.Config) (found *checks.Name, unseen []refusal.Blocker) {
	if r.Site.ZoneID == "" || r.Site.PeerRegion == awsregion.ControlPlane("route53", r.Site.Region) {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, nameLimit)
	defer cancel()
	client := route53.NewFromConfig(cfg)
	found, err := findName(ctx, client, r.Site.ZoneID, r.Site.Names)
	if err != nil {
		return nil, []refusal.Blocker{{
			Code: checks.NameUnseen, Subject: "name", Reason: "what stands at the site's names could not be read: " + err.Error(),
			Remedy: toRead(err, "read the zone (route53:GetHostedZone, route53:ListResourceRecordSets)"),
		}}
	}
	if found.Zone != "" && !found.Private {
		found.Delegated = delegated(ctx, r.lookupNS(client), found.Zone)
	}
	return found, nil
}

// CheckName refuses a further name of the site at which something else stands.
func (r *Runtime) CheckName(ctx context.Context, name string) error {
	cfg, err := r.aws(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, nameLimit)
	defer cancel()
	found, err := findName(ctx, route53.NewFromConfig(cfg), r.Site.ZoneID, []string{name})
	if err != nil {
		return err
	}
	return checks.NewName(found, r.Site.domain(), name)
}

// lookupNS is what finds a zone's name servers; nil where nothing does, see Env.LookupNS.
func (r *Runtime) lookupNS(client *route53.Client) func(ctx context.Context, zone string) ([]string, error) {
	if r.env.LookupNS == nil && client.Options().BaseEndpoint == nil {
		return lookupNS
	}
	return r.env.LookupNS
}

// delegated are the name servers of a zone as the internet knows them; none when that is not known.
func delegated(ctx context.Context, lookup func(ctx context.Context, zone string) ([]string, error), zone string) []string {
	if lookup == nil {
		return nil
	}
	servers, err := lookup(ctx, zone)
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return []string{"none"}
	}
	if err != nil {
		return nil
	}
	for i, server := range servers {
		servers[i] = plainName(server)
	}
	slices.Sort(servers)
	return servers
}

// plainName is a name of the DNS in lower case and without the last dot.
func plainName(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// most record sets at one name that are read: routed ones may be many, and one of them is enough.
const mostRecords = 100

func findName(ctx context.Context, client *route53.Client, zone string, names []string) (*checks.Name, error) {
	found := &checks.Name{ZoneID: zone}
	hosted, err := client.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: &zone})
	if _, gone := errors.AsType[*types.NoSuchHostedZone](err); gone {
		return found, nil
	}
	if err != nil {
		return nil, fmt.Errorf("describing zone %s: %w", zone, err)
	}
	if hosted.HostedZone == nil {
		return nil, fmt.Errorf("describing zone %s: %w", zone, ErrNothingTold)
	}
	found.Zone = plainName(aws.ToString(hosted.HostedZone.Name))
	found.Private = hosted.HostedZone.Config != nil && hosted.HostedZone.Config.PrivateZone
	if hosted.DelegationSet != nil {
		for _, server := range hosted.DelegationSet.NameServers {
			found.Servers = append(found.Servers, plainName(server))
		}
	}
	for _, name := range names {
		records, err := client.ListResourceRecordSets(ctx, &route53.ListResourceRecordSetsInput{
			HostedZoneId: &zone, StartRecordName: aws.String(name), MaxItems: aws.Int32(mostRecords),
		})
		if err != nil {
			return nil, fmt.Errorf("listing the records of zone %s: %w", zone, err)
		}
		for _, set := range records.ResourceRecordSets {
			if plainName(aws.ToString(set.Name)) == name {
				found.Records = append(found.Records, recordOf(name, set))
			}
		}
	}
	return found, nil
}

func recordOf(name string, set types.ResourceRecordSet) checks.Record {
	r := checks.Record{Name: name, Type: string(set.Type)}
	switch {
	case set.SetIdentifier == nil:
	case set.Weight != nil:
		r.Routed = "weighted"
	case set.Region != "":
		r.Routed = "latency"
	case set.Failover != "":
		r.Routed = "failover"
	case set.GeoLocation != nil, set.GeoProximityLocation != nil:
		r.Routed = "geolocation"
	default:
		r.Routed = cmp.Or(aws.ToString(set.SetIdentifier), "routed")
	}
	if set.AliasTarget != nil {
		r.Target = plainName(aws.ToString(set.AliasTarget.DNSName))
	} else if len(set.ResourceRecords) > 0 {
		r.Target = plainName(aws.ToString(set.ResourceRecords[0].Value))
	}
	return r
}
