package readiness

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// shape is a configuration with which a site is deployed.
type shape struct {
	name                 string
	production, recovers string            // the regions; empty for those of the sample
	files                map[string]string // texts of the stacks' files, and what stands there instead
}

// shapes are what changes the graph of a failover. What does not (limits, sizes) is drawn for each world.
var shapes = []shape{
	{name: "default"},
	{name: "warm, several types", files: map[string]string{
		"pilotlight:role: standby": "pilotlight:role: standby\n  pilotlight:keepWarm: [nat, balancer, cache]",
		"instanceType: m6i.large":  "instanceType: m4.large\n    fallbackTypes: [m6i.large]",
	}},
	{name: "by hand, old types", files: map[string]string{
		"dns: {zoneId: Z00000000000000000000}": "dns: {mode: manual}",
		"instanceType: m6i.large":              "instanceType: m4.large",
	}},
	{name: "secure", files: map[string]string{
		"image: " + scenario.ProductionImage: "certificate: arn:aws:acm:us-west-2:123456789012:certificate/a\n    image: " + scenario.ProductionImage,
		"image: " + scenario.RecoveryImage:   "certificate: arn:aws:acm:us-east-2:123456789012:certificate/b\n    image: " + scenario.RecoveryImage,
	}},
	{name: "certificate requested", files: map[string]string{"# certificate: request": "certificate: request"}},
	{name: "production in us-east-1", production: "us-east-1"},
	{name: "production in us-east-1, by hand", production: "us-east-1", files: map[string]string{
		"dns: {zoneId: Z00000000000000000000}": "dns: {mode: manual}",
	}},
	{name: "China", production: "cn-north-1", recovers: "cn-northwest-1"},
	{name: "China, by hand", production: "cn-northwest-1", recovers: "cn-north-1", files: map[string]string{
		"dns: {zoneId: Z00000000000000000000}": "dns: {mode: manual}",
	}},
}

// reference is what the real engine made of a shape, once: the site in its steady state, the plan
// of a failover, and all that the failover asked of AWS, with what it had to wait for.
type reference struct {
	shape
	moment   scenario.Moment
	project  string            // a folder with the files of the shape
	backends map[string]string // folders of backends in which something is wrong, by what
	files    string            // a folder with the files of the shape, which can't be written
	sides    []ops.Side
	plan     ops.Plan
	nodes    []node
	recovery config.Config
}

// node is one resource that a failover touches.
type node struct {
	urn, typ, name string
	after          []string   // URNs of what must be done before
	calls          []sim.Call // what is asked of AWS; none for a component or a stash
	operations     []string   // of the calls: create, update or delete
}

// references are those of all shapes, made side by side.
var references = sync.OnceValues(func() ([]*reference, error) {
	all, failed := make([]*reference, len(shapes)), make([]error, len(shapes))
	var group sync.WaitGroup
	for i, s := range shapes {
		group.Go(func() { all[i], failed[i] = refer(context.Background(), s) })
	}
	group.Wait()
	return all, errors.Join(failed...)
})

// kept holds the folders of all references: they serve many tests, and end with the last.
var kept = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "pilotlight-readiness-") })

func folder(name string) (string, error) {
	under, err := kept()
	if err != nil {
		return "", err
	}
	return os.MkdirTemp(under, name)
}

func removeKept() {
	if dir, err := kept(); err == nil {
		_ = os.RemoveAll(dir)
	}
}

// write makes a folder with the files of a shape.
func (s shape) write() (dir string, err error) {
	o := staged.Options()
	if s.production != "" {
		o.ProdRegion = s.production
	}
	if s.recovers != "" {
		o.DRRegion = s.recovers
	}
	stage, err := scenario.Open(o)
	if err != nil {
		return "", err
	}
	defer stage.Close()
	if dir, err = folder("shape-"); err != nil {
		return "", err
	}
	met := map[string]bool{}
	for _, file := range []string{"Pulumi.yaml", config.FileName(scenario.Production), config.FileName(scenario.Recovery)} {
		text, err := os.ReadFile(filepath.Join(stage.Dir(), file))
		if err != nil {
			return "", err
		}
		for old, now := range s.files {
			met[old] = met[old] || strings.Contains(string(text), old)
			text = []byte(strings.ReplaceAll(string(text), old, now))
		}
		if err := os.WriteFile(filepath.Join(dir, file), text, 0o600); err != nil {
			return "", err
		}
	}
	for old := range s.files {
		if !met[old] {
			return "", fmt.Errorf("shape %s: no file has %q", s.name, old)
		}
	}
	return dir, nil
}

func refer(ctx context.Context, s shape) (*reference, error) {
	r := &reference{shape: s}
	var err error
	if r.project, err = s.write(); err != nil {
		return nil, err
	}
	o := staged.Options()
	o.Project = r.project
	stage, err := scenario.Open(o)
	if err != nil {
		return nil, err
	}
	defer stage.Close()
	if err := stage.DeploySite(ctx); err != nil {
		return nil, err
	}
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	if err != nil {
		return nil, err
	}
	if r.sides, err = site.Sides(ctx); err != nil {
		return nil, err
	}
	if r.plan, err = site.PlanFailover(ctx, ops.Accepted{}, ops.Run{}); err != nil {
		return nil, err
	}
	if r.moment.Dir, err = folder("reference-"); err != nil {
		return nil, err
	}
	if r.moment, err = staged.Keep(stage, r.moment.Dir); err != nil {
		return nil, err
	}
	if err = r.spoilBackends(); err != nil {
		return nil, err
	}
	for _, side := range r.sides {
		if side.Config.Stack == scenario.Recovery {
			r.recovery = side.Config
		}
	}
	return r, r.record(ctx, stage)
}

// record fails over, and keeps what was asked of AWS.
func (r *reference) record(ctx context.Context, stage *scenario.Stage) error {
	if err := stage.Lose(); err != nil {
		return err
	}
	var mu sync.Mutex
	asked := map[string]*node{}
	stage.World.OnAccept(func(s sim.Step) {
		if s.Asked == nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		n := asked[s.Type+" "+s.Name]
		if n == nil {
			n = &node{}
			asked[s.Type+" "+s.Name] = n
		}
		n.calls, n.operations = append(n.calls, *s.Asked), append(n.operations, s.Operation)
	})
	report, err := stage.FailOver(ctx)
	if err != nil {
		return err
	}
	if !report.Recovered { // the record has to wait for the lost region's control plane
		stage.World.ReturnRegion(r.production)
		report, err = stage.FailOver(ctx)
	}
	if err == nil && !report.Recovered {
		return fmt.Errorf("shape %s does not recover: %s%s", r.name, report.Refusal, report.Serves)
	}
	stack, err := stage.Stack(ctx, scenario.Recovery, stage.Env())
	if err != nil {
		return err
	}
	saved, err := stack.Export(ctx)
	if err != nil {
		return err
	}
	return r.graph(saved, asked)
}

// graph reads what waits for what in the state after the failover.
func (r *reference) graph(saved []byte, asked map[string]*node) error {
	var state struct {
		Resources []struct {
			URN, Type, Parent    string
			Dependencies         []string
			PropertyDependencies map[string][]string
		}
	}
	if err := json.Unmarshal(saved, &state); err != nil {
		return err
	}
	for _, found := range state.Resources {
		n := node{urn: found.URN, typ: found.Type, name: found.URN[strings.LastIndex(found.URN, "::")+2:], after: slices.Clone(found.Dependencies)}
		for _, of := range found.PropertyDependencies {
			n.after = append(n.after, of...)
		}
		if found.Parent != "" {
			n.after = append(n.after, found.Parent)
		}
		if a := asked[n.typ+" "+n.name]; a != nil {
			n.calls, n.operations = a.calls, a.operations
			delete(asked, n.typ+" "+n.name)
		}
		slices.Sort(n.after)
		n.after = slices.Compact(n.after)
		r.nodes = append(r.nodes, n)
	}
	for left, a := range asked {
		if slices.Equal(a.operations, []string{"delete"}) {
			continue // the engine deletes when all else is done: a site that serves waits for none of it
		}
		return fmt.Errorf("shape %s: the state has no %s, of which %v was asked", r.name, left, a.operations)
	}
	return nil
}
