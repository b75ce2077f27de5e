package scenario

import (
	"cmp"
	"fmt"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/images"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/setup"
	"github.com/pilotlight-dr/pilotlight/sim"
)

// site is what is rehearsed: its stacks as they are deployed in the simulated world.
type site struct {
	production *config.Config // nil for one that no stack made
	recovery   config.Config
	// assumed is what the rehearsal takes for given and the configuration cannot tell, a sentence each.
	assumed []string
	// live is what the site is like now, where that is rehearsed, and seen what of it the world does
	// by itself otherwise.
	live *ops.Survey
	seen []sim.Fault
}

// productionRegion is the region that is lost.
func (s site) productionRegion() string {
	if s.production == nil {
		return s.recovery.Production.Region
	}
	return s.production.Region
}

// configs are those of the stacks, in the order of their first deployment.
func (s site) configs() []config.Config {
	if s.production == nil {
		return []config.Config{s.recovery}
	}
	return []config.Config{*s.production, s.recovery}
}

// url is where visitors find the site.
func (s site) url() string { return s.recovery.URL() + "/" }

// manualDNS reports whether a person moves the site's name.
func (s site) manualDNS() bool { return s.recovery.DNS.Mode == "manual" }

// The stacks of the sample.
const (
	Production = setup.Prod
	Recovery   = setup.DR
)

// The images of the sample, one in each region.
const (
	ProductionImage = "ami-0aaaaaaaaaaaaaaa1"
	RecoveryImage   = "ami-0bbbbbbbbbbbbbbb2"
)

// sample is the site of who has none, as pilotlight init writes its files. Names under example.com
// are reserved.
func sample(o Options) setup.Site {
	return setup.Site{
		Name: "blog", Domain: "www.example.com", Zone: "Z00000000000000000000", // as in the sample files at the root
		Prod: setup.Side{Region: o.ProdRegion, Image: ProductionImage}, DR: setup.Side{Region: o.DRRegion, Image: RecoveryImage},
	}
}

// siteOf is the site that the options name.
func siteOf(o Options) (site, error) {
	if o.Survey != nil {
		return standing(o.Survey)
	}
	if o.Project != "" {
		return readProject(o.Project)
	}
	if err := CheckRegions(o.ProdRegion, o.DRRegion); err != nil {
		return site{}, err
	}
	configs, err := sample(o).Configs()
	if err != nil {
		return site{}, fmt.Errorf("making the sample: %w", err)
	}
	return site{production: &configs[0], recovery: configs[1]}, nil
}

// newestImage is the id of the newest image of a site that names none.
const newestImage = "ami-0ccccccccccccccc3"

// addImage puts a stack's image into its region.
func addImage(w *sim.World, c config.Config) {
	id := cmp.Or(c.App.Image, newestImage)
	w.AddImageFor(c.Region, id, w.Clock().Now().Add(-imageAge), c.App.InstanceType)
	if c.App.Image == "" {
		_ = w.TagImage(c.Region, id, map[string]string{images.SiteTag: c.Site}) // it is there
	}
}

// seedWorld puts into the world what the stacks take for given.
func (s site) seedWorld(w *sim.World) {
	for _, c := range s.configs() {
		if c.DNS.ZoneID != "" {
			w.AddZone(c.DNS.ZoneID, parent(c.Domain))
		}
		for _, zone := range c.Network.Zones {
			w.AddAvailabilityZone(c.Region, zone)
		}
		addImage(w, c)
		if arn := c.App.CertificateARN(); arn != "" {
			w.AddCertificate(sim.Certificate{ARN: arn, Status: sim.Issued, Names: c.AllNames(), Until: w.Clock().Now().AddDate(1, 0, 0)})
		}
	}
	w.SetWorkload(AnswerAsInstance)
}
