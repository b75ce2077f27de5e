package scenario

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/wordpress"
)

// imageAge is how old images are.
const imageAge = 24 * time.Hour

// assume makes of a project's configurations the site that is rehearsed. The simulated world begins
// empty, so what only the real one has is made up, and said. Its error is for a site
// that has no pilot light to rehearse.
func assume(configs []config.Config) (site, error) {
	s, err := cast(configs)
	if err != nil {
		return site{}, err
	}
	s.say("the stacks are deployed as their files say, and their state can be read and written")
	s.say("quotas allow all of it, and the zones offer the types")
	if s.production != nil {
		s.normalize(s.production)
	}
	s.normalize(&s.recovery)
	if s.recovery.Production != nil {
		s.recovery.Production = s.existing()
	}
	if names := strings.Join(s.recovery.AllNames(), ", "); s.manualDNS() {
		s.say("a person sets the record of %s %s after the program asks for it", names, handover)
	} else {
		s.say("zone %s holds %s, where nothing else stands", s.recovery.DNS.ZoneID, names)
	}
	return s, nil
}

func (s *site) say(format string, args ...any) {
	s.assumed = append(s.assumed, fmt.Sprintf(format, args...))
}

// cast finds out which stack is production and which the pilot light.
func cast(configs []config.Config) (site, error) {
	var leading, standing []config.Config
	for _, c := range configs {
		if c.Role == roles.Standby {
			standing = append(standing, c)
		} else {
			leading = append(leading, c)
		}
	}
	alone := configs[0]
	switch {
	case len(configs) == 1 && len(standing) == 1:
		return site{recovery: alone}, nil
	case len(configs) == 1:
		return site{}, refusal.New(refusal.CodeConfig, "%s says role: %s, so nothing protects the site that could be rehearsed: give it a stack to stand by", config.FileName(alone.Stack), alone.Role)
	case len(leading) == 1:
		return site{production: &leading[0], recovery: standing[0]}, nil
	}
	return site{}, refusal.New(refusal.CodeConfig, "%s and %s both say role: %s, so there is no pilot light to rehearse: let one be active, and the other standby",
		config.FileName(configs[0].Stack), config.FileName(configs[1].Stack), configs[0].Role)
}

// normalize makes a configuration one of the simulated world, at its first deployment.
func (s *site) normalize(c *config.Config) {
	file := config.FileName(c.Stack)
	if c.Role == roles.Frozen {
		c.Role = roles.Active
		s.say("stack %s takes writes until its region is lost (%s says role: %s)", c.Stack, file, roles.Frozen)
	}
	if keys := unsetEpochs(c); len(keys) > 0 {
		s.say("%s of %s is of the site as it stands, and not set", strings.Join(keys, ", "), file)
	}
	if len(c.Accounts) > 0 {
		s.say("the credentials for stack %s are of an account that aws:allowedAccountIds names", c.Stack)
		c.Accounts = []string{sim.Account}
	}
	c.Profile = ""
	s.say("image %s is in %s, %.0f h old, fits %s, and boots WordPress", cmp.Or(c.App.Image, "of the site"), c.Region, imageAge.Hours(), c.App.InstanceType)
	if c.Images.Sync {
		s.say("no image travels to stack %s meanwhile (images.sync)", c.Stack)
		c.Images.Sync = false
	}
	switch names := strings.Join(c.AllNames(), ", "); {
	case c.App.RequestsCertificate():
		s.say("ACM finds in zone %s what validates the certificate that stack %s requests for %s", c.DNS.ZoneID, c.Stack, names)
	case c.App.HTTPS():
		s.say("certificate %s is issued for %s", c.App.Certificate, names)
	}
	if c.Network.NAT == "none" {
		s.say("instances of stack %s reach the APIs of AWS without a NAT gateway", c.Stack)
	}
}

// unsetEpochs removes what a file says of one epoch or generation of the real site, or of its end. It
// names the keys.
func unsetEpochs(c *config.Config) (keys []string) {
	for _, number := range []struct {
		key   string
		value *int
	}{{"acceptDataLoss", &c.AcceptDataLoss}, {"ignoreProduction", &c.IgnoreProduction}, {"acceptStandby", &c.AcceptStandby}, {"abort", &c.Abort}, {"rebuild", &c.Rebuild}, {"retire", &c.Retire}, {"acceptNoSnapshot", &c.AcceptNoSnapshot}} {
		if *number.value != 0 {
			*number.value, keys = 0, append(keys, number.key)
		}
	}
	if c.Teardown != "" {
		c.Teardown, keys = "", append(keys, "teardown")
	}
	return keys
}

// existing is a production that no stack made, in the simulated world.
func (s *site) existing() *config.Production {
	c, p := s.recovery, *s.recovery.Production
	file, encrypted := config.FileName(c.Stack), "encrypted"
	if p.Unencrypted {
		encrypted = "not encrypted"
	}
	s.say("production's database %s in %s is MySQL %s of %d GiB, %s, with backups", databaseName(p), p.Region, c.Database.EngineVersion, c.Database.StorageGiB, encrypted)
	s.say("production's bucket %s keeps versions, and copies all that is uploaded", p.Bucket)
	s.say("production.secrets are right: nothing is decrypted, others take their place here")
	database, _ := arn.Parse(p.Database) // as validated
	database.AccountID = sim.Account
	p.Database = database.String()

	var unset []string
	secrets := map[string]string{}
	for _, key := range wordpress.SecretKeys() {
		if p.Secrets[key] == "" {
			unset = append(unset, key)
		}
		secrets[key] = "rehearsed " + key
	}
	if p.Secrets = secrets; len(unset) > 0 {
		s.say("production.secrets has %s, which %s lacks: a deployment is refused without", strings.Join(unset, ", "), file)
	}
	return &p
}

// databaseName is the identifier of a production's database.
func databaseName(p config.Production) string {
	return nameIn(p.Database)
}

// parent is the zone that may hold a name: what follows its first label, or the name itself.
func parent(domain string) string {
	if _, rest, _ := strings.Cut(domain, "."); strings.Contains(rest, ".") {
		return rest
	}
	return domain
}
