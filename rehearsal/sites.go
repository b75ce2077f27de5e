package rehearsal

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/pilotlight-dr/pilotlight/awssim"
	"github.com/pilotlight-dr/pilotlight/stacks"
)

// What the rehearsed site is called. Names under example.com belong to nobody.
const (
	site   = "blog"
	domain = "www.example.com"
	zoneID = "Z0123456789ABCDEFGHIJ"
)

// The stacks of the rehearsed site.
const (
	Production = "prod"
	Recovery   = "dr"
)

// side is one of the two stacks.
type side struct {
	stack, region, image string
	cidr                 string
}

func sides(o Options) (production, recovery side) {
	return side{stack: Production, region: o.ProdRegion, image: "ami-0aaaaaaaaaaaaaaa1", cidr: "10.10.0.0/16"},
		side{stack: Recovery, region: o.DRRegion, image: "ami-0bbbbbbbbbbbbbbb2", cidr: "10.20.0.0/16"}
}

// furnish puts into the world what both stacks take for given.
func furnish(w *awssim.World, sides ...side) {
	w.AddZone(zoneID, "example.com")
	for _, s := range sides {
		w.AddImage(s.region, s.image, w.Clock().Now().Add(-24*time.Hour))
	}
	w.SetWorkload(wordpress)
}

// writeProject writes Pulumi.yaml and the files of both stacks, as a person
// would have them.
func writeProject(dir string, production, recovery side) error {
	for name, file := range map[string]struct {
		comment string
		content map[string]any
	}{
		"Pulumi.yaml": {"The project of a simulated site.", map[string]any{"name": stacks.Project, "runtime": "go"}},
		"Pulumi." + production.stack + ".yaml": {
			"Production of a simulated site. docs/configuration.md explains the keys.", stackFile(production, recovery, "active"),
		},
		"Pulumi." + recovery.stack + ".yaml": {
			"The pilot light of a simulated site. docs/configuration.md explains the keys.", stackFile(recovery, production, "standby"),
		},
	} {
		var text bytes.Buffer
		text.WriteString("# " + file.comment + "\n")
		encoder := yaml.NewEncoder(&text)
		encoder.SetIndent(2)
		if err := encoder.Encode(file.content); err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text.Bytes(), 0o600); err != nil {
			return fmt.Errorf("writing the rehearsed project: %w", err)
		}
	}
	return nil
}

func stackFile(own, peer side, role string) map[string]any {
	return map[string]any{"config": map[string]any{
		"aws:region":                       own.region,
		"pulumi:disable-default-providers": []string{"aws"},
		stacks.Project + ":site":           site,
		stacks.Project + ":domain":         domain,
		stacks.Project + ":role":           role,
		stacks.Project + ":peer":           map[string]any{"stack": peer.stack, "region": peer.region, "cidr": peer.cidr},
		stacks.Project + ":network":        map[string]any{"cidr": own.cidr, "zones": awssim.Zones(own.region)[:2]},
		stacks.Project + ":app":            map[string]any{"image": own.image},
		stacks.Project + ":database":       map[string]any{"multiAz": true},
		stacks.Project + ":dns":            map[string]any{"zoneId": zoneID},
	}}
}
