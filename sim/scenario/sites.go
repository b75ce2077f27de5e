package scenario

import (
	"fmt"
	"time"

	"github.com/pilotlight-dr/pilotlight/setup"
	"github.com/pilotlight-dr/pilotlight/sim"
)

// What the rehearsed site is called. Names under example.com belong to nobody.
const (
	site   = "blog"
	domain = "www.example.com"
	zoneID = "Z00000000000000000000" // as in the sample files at the root
)

// The stacks of the rehearsed site.
const (
	Production = setup.Prod
	Recovery   = setup.DR
)

// The images that the world holds, one in each region.
const (
	ProductionImage = "ami-0aaaaaaaaaaaaaaa1"
	RecoveryImage   = "ami-0bbbbbbbbbbbbbbb2"
)

// side is one of the two stacks.
type side struct{ region, image string }

func sides(o Options) (production, recovery side) {
	return side{o.ProdRegion, ProductionImage}, side{o.DRRegion, RecoveryImage}
}

// furnish puts into the world what both stacks take for given.
func furnish(w *sim.World, sides ...side) {
	w.AddZone(zoneID, "example.com")
	for _, s := range sides {
		w.AddImage(s.region, s.image, w.Clock().Now().Add(-24*time.Hour))
	}
	w.SetWorkload(answerAsInstance)
}

// writeProject writes the files that pilotlight init writes for such a site.
func writeProject(dir string, production, recovery side) error {
	made := setup.Site{
		Name: site, Domain: domain, Zone: zoneID,
		Prod: setup.Side{Region: production.region, Image: production.image}, DR: setup.Side{Region: recovery.region, Image: recovery.image},
	}
	if _, err := made.Write(dir, false); err != nil {
		return fmt.Errorf("writing the rehearsed project: %w", err)
	}
	return nil
}
