// Package setup makes the files of a new site's stacks from what only its owner
// knows. The rest of what they hold are values to begin with, written out to be
// seen and changed.
package setup

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"text/template"

	"gopkg.in/yaml.v3"

	"github.com/pilotlight-dr/pilotlight/awsregion"
	"github.com/pilotlight-dr/pilotlight/config"
)

// The stacks of a site.
const (
	Prod = "prod"
	DR   = "dr"
)

// ManualDNS is the Zone of a site whose name a person moves.
const ManualDNS = "manual"

// CertificateRequest is the Certificate of a side that requests its own.
const CertificateRequest = config.CertificateRequest

// Site is what only its owner knows of a site.
type Site struct {
	Name   string // short, prefixes all resources
	Domain string
	Zone   string // id of the Route 53 zone that holds the domain, or ManualDNS
	Prod   Side   // only its region counts when production exists
	DR     Side
	// Existing is a production that no stack of this program made; nil makes one.
	Existing *Existing
}

// Side is what differs between the two regions.
type Side struct {
	Region      string
	Image       string // id of an AMI there
	Certificate string // ARN, or CertificateRequest; empty serves plain HTTP
}

// Existing is what must be known of a production that no stack made.
type Existing struct {
	CIDR        string // of its VPC
	Database    string // ARN of the RDS instance
	Unencrypted bool   // that instance
	Bucket      string // ARN of the media bucket
}

// Stacks lists the stacks that the site gets files for, in the order of their deployment.
func (s Site) Stacks() []string {
	if s.Existing != nil {
		return []string{DR}
	}
	return []string{Prod, DR}
}

// Configs are what the files of the site's stacks say, in the order of their deployment.
func (s Site) Configs() (configs []config.Config, err error) {
	for _, stack := range s.Stacks() {
		text, err := s.file(stack)
		if err != nil {
			return nil, err
		}
		c, err := config.Parse(stack, text)
		if err != nil {
			return nil, err
		}
		configs = append(configs, c)
	}
	return configs, nil
}

// Problems lists what is wrong with the files, by stack: what the program would
// refuse, and what can be seen only of both together. The secrets of a production
// that exists don't count: they are set later, when there is a stack to encrypt
// them for.
func (s Site) Problems() (map[string][]config.Problem, error) {
	found := map[string][]config.Problem{}
	configs, err := s.Configs()
	if err != nil {
		return nil, err
	}
	for _, c := range configs {
		found[c.Stack] = slices.DeleteFunc(c.Problems(), config.Problem.Secret)
		if c.App.Image == "" { // a new site has no image with its tag yet
			found[c.Stack] = append(found[c.Stack], config.Problem{Key: "app.image", Remedy: "set it to the id of an AMI in " + cmp.Or(c.Region, "the stack's region")})
		}
	}
	if s.Existing == nil && s.Prod.Certificate != "" && s.DR.Certificate == "" {
		found[DR] = append(found[DR], config.Problem{
			Key:    "app.certificate",
			Remedy: fmt.Sprintf("production serves HTTPS, and so must the pilot light: set it to the ARN of a certificate in %s, or to %s", s.DR.Region, CertificateRequest),
		})
	}
	return found, nil
}

//go:embed stack.yaml.tmpl
var stackText string

var stackFile = template.Must(template.New("stack.yaml").Funcs(template.FuncMap{"yaml": scalar}).Parse(stackText))

// file is the text of a stack's file, whatever the values are.
func (s Site) file(stack string) ([]byte, error) {
	own, other, cidr, otherCIDR := s.Prod, s.DR, "10.10.0.0/16", "10.20.0.0/16"
	peer := DR
	if stack == DR {
		own, other, cidr, otherCIDR, peer = s.DR, s.Prod, otherCIDR, cidr, Prod
	}
	if s.Existing != nil {
		cidr = networkBeside(s.Existing.CIDR)
	}
	partition := awsregion.Partition(own.Region)
	var text bytes.Buffer
	err := stackFile.Execute(&text, map[string]any{
		"Site": s, "Active": stack == Prod, "Own": own, "Other": other, "Peer": peer, "CIDR": cidr, "OtherCIDR": otherCIDR,
		"Zones": zones(own.Region), "Sizes": sizesOf(partition), "Partition": partition, "Manual": s.Zone == ManualDNS,
		"NamedThere": awsregion.ControlPlane("elasticloadbalancing", own.Region) == other.Region, // the names of balancer and Redis group
	})
	return text.Bytes(), err
}

// networkBeside is the first of 10.20.0.0/16, 10.30.0.0/16 … that does not overlap with another.
func networkBeside(cidr string) string {
	theirs, err := netip.ParsePrefix(cidr)
	for second := 20; second < 250; second += 10 {
		ours := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(second)}), 16)
		if err != nil || !ours.Overlaps(theirs) {
			return ours.String()
		}
	}
	return "172.31.0.0/16" // they have all of 10.0.0.0/8
}

// zones are two availability zones that a region lets everybody use.
func zones(region string) []string {
	second := "b"
	if region == "ap-northeast-1" { // its b is closed to newer accounts
		second = "c"
	}
	return []string{region + "a", region + second}
}

// sizes are where a site begins.
type sizes struct{ Database, Instance, Cache string }

func sizesOf(partition string) sizes {
	if partition == "aws-cn" { // not everything newer is in both of its regions
		return sizes{"db.m5.large", "m5.large", "cache.m5.large"}
	}
	return sizes{"db.m6g.large", "m6i.large", "cache.t4g.small"}
}

// scalar is a string as YAML writes it, within braces too.
func scalar(value string) (string, error) {
	plain, err := yaml.Marshal(value)
	if err == nil && string(plain) == value+"\n" && !strings.ContainsAny(value, ",[]{}") {
		return value, nil
	}
	quoted, err := json.Marshal(value) // which is YAML, too
	if err != nil {
		return "", fmt.Errorf("writing %q: %w", value, err)
	}
	return string(quoted), nil
}
