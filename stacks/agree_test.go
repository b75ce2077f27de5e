package stacks

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/state"
)

// deployedPair are the two sides of a site as they should be, both deployed.
func deployedPair() (prod, dr ComparedSide) {
	files := map[string]*config.Config{
		"prod": {
			Stack: "prod", Role: roles.Active, Region: "us-west-2", Site: "blog", Domain: "www.example.com", Peer: &config.Peer{Stack: "dr", Region: "us-east-2", CIDR: "10.20.0.0/16"},
			Network: config.Network{CIDR: "10.10.0.0/16", Zones: []string{"us-west-2a", "us-west-2b"}}, Database: config.Database{EngineVersion: "8.0"}, DNS: config.DNS{Mode: "record", ZoneID: "Z1"},
			App: config.App{Certificate: "arn:aws:acm:us-west-2:123456789012:certificate/1"},
		},
		"dr": {
			Stack: "dr", Role: roles.Standby, Region: "us-east-2", Site: "blog", Domain: "www.example.com", Peer: &config.Peer{Stack: "prod", Region: "us-west-2", CIDR: "10.10.0.0/16"},
			Network: config.Network{CIDR: "10.20.0.0/16", Zones: []string{"us-east-2a", "us-east-2b"}}, Database: config.Database{EngineVersion: "8.0"}, DNS: config.DNS{Mode: "record", ZoneID: "Z1"},
			App: config.App{Certificate: "arn:aws:acm:us-east-2:123456789012:certificate/2"},
		},
	}
	const account = "123456789012"
	prod, dr = ComparedSide{"prod", files["prod"], publishes(*files["prod"], account)}, ComparedSide{"dr", files["dr"], publishes(*files["dr"], account)}
	prod.Published.Database, dr.Published.Database = "arn:aws:rds:us-west-2:123456789012:db:blog-prod-1", "arn:aws:rds:us-east-2:123456789012:db:blog-dr-1"
	return prod, dr
}

func TestMismatches(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(prod, dr *ComparedSide)
		says  []string
	}{
		"alike":          {func(*ComparedSide, *ComparedSide) {}, nil},
		"never deployed": {func(prod, dr *ComparedSide) { prod.Published, dr.Published = state.PeerInfo{}, state.PeerInfo{} }, nil},
		"published before this was compared": {func(prod, dr *ComparedSide) {
			prod.Published, dr.Published = state.PeerInfo{Region: "us-west-2"}, state.PeerInfo{Region: "us-east-2"}
		}, nil},
		"wrong peer.region": {func(_, dr *ComparedSide) { dr.File.Peer.Region = "us-west-1" }, []string{
			`peer.region in Pulumi.dr.yaml is "us-west-1", and the deployed stack prod has "us-west-2": set it to us-west-2, which is right`,
		}},
		"wrong peer.region before the first deployment": {func(prod, dr *ComparedSide) {
			dr.File.Peer.Region, prod.Published, dr.Published = "us-west-1", state.PeerInfo{}, state.PeerInfo{}
		}, []string{`peer.region in Pulumi.dr.yaml is "us-west-1", and Pulumi.prod.yaml has "us-west-2": set it to us-west-2, which is right`}},
		"wrong peer.cidr": {func(prod, _ *ComparedSide) { prod.File.Peer.CIDR = "10.30.0.0/16" }, []string{
			`peer.cidr in Pulumi.prod.yaml is "10.30.0.0/16", and the deployed stack dr has "10.20.0.0/16": set it to 10.20.0.0/16, which is right`,
		}},
		"another region than it is in": {func(prod, dr *ComparedSide) { prod.File.Region, dr.File.Peer.Region = "us-west-1", "us-west-1" }, []string{
			`aws:region in Pulumi.prod.yaml is "us-west-1", and the deployed stack prod has "us-west-2": set it to us-west-2; a deployed stack can't change it`,
			`peer.region in Pulumi.dr.yaml is "us-west-1", and the deployed stack prod has "us-west-2": set it to us-west-2, which is right`,
		}},
		"another zone of the network": {func(_, dr *ComparedSide) { dr.File.Network.Zones = []string{"us-east-2a", "us-east-2c"} }, []string{
			`network.zones in Pulumi.dr.yaml is "us-east-2a, us-east-2c", and the deployed stack dr has "us-east-2a, us-east-2b": ` +
				"set it to [us-east-2a, us-east-2b]; the subnets of a deployed stack stay in their zones, and another zone comes behind them",
		}},
		"zones in another order": {func(prod, _ *ComparedSide) { prod.File.Network.Zones = []string{"us-west-2b", "us-west-2a"} }, []string{
			`network.zones in Pulumi.prod.yaml is "us-west-2b, us-west-2a", and the deployed stack prod has "us-west-2a, us-west-2b"`,
		}},
		"another site than it is deployed as": {func(prod, _ *ComparedSide) { prod.File.Site = "shop" }, []string{
			`site in Pulumi.prod.yaml is "shop", and the deployed stack prod has "blog": set it to blog; a deployed site can't change it, as all its names begin with it`,
			`site in Pulumi.prod.yaml is "shop", and Pulumi.dr.yaml has "blog"`,
		}},
		"another site in both files": {func(prod, dr *ComparedSide) { prod.File.Site, dr.File.Site = "my-blog", "my-blog" }, []string{
			`site in Pulumi.prod.yaml is "my-blog", and the deployed stack prod has "blog"`, `site in Pulumi.dr.yaml is "my-blog", and the deployed stack dr has "blog"`,
		}},
		"a stack that was renamed": {func(prod, dr *ComparedSide) { prod.Stack, prod.File.Stack, dr.File.Peer.Stack = "home", "home", "home" }, []string{
			`the name of the stack in Pulumi.home.yaml is "home", and the deployed stack home has "prod": pulumi stack rename prod -s home; a deployed stack can't change it`,
		}},
		"both": {func(prod, dr *ComparedSide) {
			prod.Stack, prod.File.Stack, dr.File.Peer.Stack, prod.File.Site, dr.File.Site = "home", "home", "home", "shop", "blog"
		}, []string{
			`site and the name of the stack in Pulumi.home.yaml is "shop-home", and the deployed stack home has "blog-prod": give both their former values`,
			`site in Pulumi.home.yaml is "shop", and Pulumi.dr.yaml has "blog"`,
		}},
		"a later database": {func(prod, _ *ComparedSide) { prod.Published.Database += "2" }, nil},
		"a zone more":      {func(_, dr *ComparedSide) { dr.File.Network.Zones = append(dr.File.Network.Zones, "us-east-2c") }, nil},
		"a zone less": {func(_, dr *ComparedSide) { dr.Published.Zones += ", us-east-2c" }, []string{
			`network.zones in Pulumi.dr.yaml is "us-east-2a, us-east-2b", and the deployed stack dr has "us-east-2a, us-east-2b, us-east-2c"`,
		}},
		"wrong domain": {func(_, dr *ComparedSide) { dr.File.Domain = "www.exmaple.com" }, []string{
			`domain in Pulumi.prod.yaml is "www.example.com", and Pulumi.dr.yaml has "www.exmaple.com": set it to "www.example.com" in Pulumi.dr.yaml, as stack prod is deployed`,
		}},
		"wrong domain, seen by the program": {func(prod, dr *ComparedSide) { prod.File, dr.File.Domain = nil, "www.exmaple.com" }, []string{
			`domain in Pulumi.dr.yaml is "www.exmaple.com", and the deployed stack prod has "www.example.com": set it to "www.example.com", as stack prod is deployed`,
		}},
		"a new domain, not deployed yet": {func(prod, dr *ComparedSide) { prod.File.Domain, dr.File.Domain = "new.example.com", "new.example.com" }, []string{
			`domain in Pulumi.prod.yaml is "new.example.com", and the deployed stack dr has "www.example.com": both files have the new value: pilotlight deploy brings the stacks to it`,
		}},
		"moved by a person":                {func(prod, _ *ComparedSide) { prod.File.DNS = config.DNS{Mode: "manual"} }, nil},
		"another zone":                     {func(prod, _ *ComparedSide) { prod.File.DNS.ZoneID = "Z2" }, []string{`dns.zoneId in Pulumi.prod.yaml is "Z2", and Pulumi.dr.yaml has "Z1"`}},
		"a standby that is upgraded first": {func(_, dr *ComparedSide) { dr.File.Database.EngineVersion = "8.4" }, nil},
		"a standby behind its source": {func(prod, _ *ComparedSide) { prod.Published.EngineVersion = "8.4" }, []string{
			`database.engineVersion in Pulumi.dr.yaml is "8.0", and the deployed stack prod has "8.4": set it to "8.4" in Pulumi.dr.yaml`,
		}},
		"HTTPS on one side": {func(_, dr *ComparedSide) { dr.File.App.Certificate = "" }, []string{`app.certificate in Pulumi.prod.yaml is set, and Pulumi.dr.yaml has none`}},
		"HTTPS as deployed": {func(prod, dr *ComparedSide) {
			dr.File.App.Certificate = ""
			prod.Published.TLS, dr.Published.TLS = "one", "one" // as every state has it
		}, []string{`app.certificate in Pulumi.prod.yaml is set, and Pulumi.dr.yaml has none: set one of its region in Pulumi.dr.yaml, as stack prod is deployed`}},
		"another site": {func(_, dr *ComparedSide) { dr.File.Site, dr.Published = "blag", state.PeerInfo{} }, []string{`site in Pulumi.prod.yaml is "blog", and Pulumi.dr.yaml has "blag": both stacks of a site must have the same`}},
		"two accounts": {func(_, dr *ComparedSide) { dr.Published.Account = "210987654321" }, []string{
			"use its credentials for both",
		}},
		"a production that no stack made": {func(prod, dr *ComparedSide) {
			dr.File.Peer, dr.File.Production = nil, &config.Production{Region: "us-west-2"}
			*prod = ComparedSide{}
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			prod, dr := deployedPair()
			tc.spoil(&prod, &dr)
			own, peer := prod, dr
			if prod.File == nil {
				own, peer = dr, prod
			}
			var told []string
			for _, m := range Mismatches(own, peer) {
				told = append(told, m.String())
			}
			if !assert.Len(t, told, len(tc.says), "%v", told) {
				return
			}
			for i, says := range tc.says {
				assert.Contains(t, told[i], says)
			}
		})
	}
}
