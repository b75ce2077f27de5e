package readiness

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight-dr/pilotlight/components"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/estimate"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/sim/wire"
	"github.com/pilotlight-dr/pilotlight/stacks"
	"github.com/pilotlight-dr/pilotlight/test/staged"
	"github.com/pilotlight-dr/pilotlight/wordpress"
)

// world is a site in a simulated AWS, as it is on one day.
type world struct {
	*reference
	sim       *sim.World
	face      *wire.Face
	transport *http.Transport
	sides     []ops.Side
	site      *ops.Site
	token     string
	backend   string      // what is wrong with it; empty for nothing
	password  string      // of the database, where it is not the one that the standby's secret holds
	wrote     []time.Time // when production was written to
	lost      time.Time
	version   string        // of MySQL that the replica ran then; empty where that is not known
	sizes     *sizes        // nil for those of the reference
	planned   []ops.Planned // what the engine would do besides what it did in the reference
	refusal   error         // of the program, which no other row foresees
	without   []string      // codes that neither check nor the gate knows
	often     time.Duration // at most so often a wait looks; zero for as often as in life
}

// open makes a world of a reference.
func (r *reference) open(seed uint64, backend string) (*world, error) {
	w := &world{reference: r, backend: backend, sim: sim.New(staged.Options().Seed), sides: slices.Clone(r.sides)}
	if err := w.sim.Restore(r.moment.World); err != nil {
		return nil, err
	}
	w.sim.Redraw(seed)
	w.token = w.deepToken()
	w.sim.Clock().SetQuiet(1) // all that runs holds the clock
	w.sim.SetWorkload(w.answer)
	w.face = wire.NewFace(w.sim)
	var err error
	if w.transport, err = w.face.Transport(); err != nil {
		return nil, err
	}
	o := staged.Options()
	if backend == anotherPassphrase { // an engine that stays remembers the right one
		o = staged.CommandLine()
	}
	dir := r.moment.Dir
	if backend == unwritable {
		dir = r.files
	}
	w.site, err = ops.OpenSite(ops.Options{Dir: dir, Env: w.env(), EngineRoot: o.EngineRoot, Command: o.Command, EnvVars: r.environment(backend)})
	return w, err
}

// answer is that of an instance. One that can't log in to its database says so.
func (w *world) answer(i sim.Instance, req *http.Request) sim.Answer {
	if w.password != "" && i.Region() == w.own().Config.Region && req.URL.Path != components.HealthPath {
		return sim.Answer{Status: http.StatusServiceUnavailable, Body: `{"database": "unreachable"}`}
	}
	return scenario.AnswerAsInstance(i, req)
}

func (w *world) close() {
	w.sim.Close()
	w.face.Close()
}

func (w *world) aws(_ context.Context, region, _ string) (aws.Config, error) {
	return w.face.Config(region), nil
}

func (w *world) side(stack string) *ops.Side {
	for i := range w.sides {
		if w.sides[i].Config.Stack == stack {
			return &w.sides[i]
		}
	}
	return nil
}

func (w *world) own() *ops.Side  { return w.side(scenario.Recovery) }
func (w *world) peer() *ops.Side { return w.side(scenario.Production) }

// certificate is the ARN of the recovery side's, given or requested.
func (w *world) certificate() string { return stacks.CertificateARN(w.own().Config, w.own().State) }

// live lets the site be written to for a while.
func (w *world) live(d time.Duration) {
	const often = 3 * time.Minute
	for until := w.sim.Clock().Now().Add(d); w.sim.Clock().Now().Before(until); w.sim.Clock().Advance(often) {
		now := w.sim.Clock().Now()
		if status, _ := w.visit(http.MethodPost, "/?post="+now.Format(time.RFC3339)); status == http.StatusCreated {
			w.wrote = append(w.wrote, now)
		}
	}
}

// visit is what a visitor gets.
func (w *world) visit(method, path string) (status int, body string) {
	scheme := "http"
	if w.own().Config.App.HTTPS() {
		scheme = "https"
	}
	req := httptest.NewRequest(method, scheme+"://"+w.own().Config.Domain+path, http.NoBody)
	res, err := w.sim.Visit(req)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(text)
}

// wrong is why the site has not recovered; empty when it has. It looks at the world as visitors and
// owners do, and at nothing that the product says.
func (w *world) wrong(switched, began time.Time, failed error) string {
	own, peer := w.own().Config, w.peer().Config
	switch most := w.most(); {
	case switched.IsZero():
		return fmt.Sprintf("the name was not moved: %v", failed)
	case switched.Sub(began) > most:
		return fmt.Sprintf("it took %s, more than the %s of the estimate", switched.Sub(began), most)
	}
	for range 10 { // and it stays so
		w.sim.Clock().Advance(3 * time.Minute)
		if status, body := w.visit(http.MethodGet, "/"); status != http.StatusOK || body != "served from "+own.Region {
			return fmt.Sprintf("visitors get %d: %s", status, body)
		}
	}
	if why := w.astray(); why != "" {
		return why
	}
	w.sim.ReturnRegion(peer.Region)
	w.sim.Clock().Advance(3 * time.Minute)
	if status, body := w.visit(http.MethodGet, "/"); status != http.StatusOK {
		return fmt.Sprintf("once production's region is back visitors get %d: %s", status, body)
	}
	rows := w.sim.Rows(own.Region, own.DatabaseID(1))
	for _, at := range w.wrote {
		if w.lost.Sub(at) > time.Duration(own.Failover.MaxLag) && !slices.Contains(rows, at.Format(time.RFC3339)) {
			return fmt.Sprintf("what was written %s before the loss is not there", w.lost.Sub(at))
		}
	}
	made := func(region, id string) time.Time {
		images, err := w.sim.ImagesNamed(region, []string{id})
		if err != nil {
			return time.Time{}
		}
		return images[0].Created
	}
	if theirs, ours := made(peer.Region, peer.App.Image), made(own.Region, own.App.Image); theirs.Sub(ours) > time.Duration(own.Failover.MaxImageAge) {
		return fmt.Sprintf("its image is %s older than production's", theirs.Sub(ours))
	}
	if why := w.misses(); why != "" {
		return why
	}
	return w.unlike()
}

// misses is which of production's files of before the loss visitors do not get, once S3 has copied all that it copies.
func (w *world) misses() string {
	held := func(side *ops.Side) (keys []string, err error) {
		all, err := w.sim.Uploads(side.Config.Region, stacks.BucketName(side.State.Published.Bucket))
		for _, u := range all {
			if u.At.Before(w.lost.Add(-mediaCopied)) {
				keys = append(keys, u.Key)
			}
		}
		return keys, err
	}
	theirs, err := held(w.peer())
	if err != nil {
		return err.Error()
	}
	ours, err := held(w.own())
	if err != nil {
		return err.Error()
	}
	for _, key := range theirs {
		if !slices.Contains(ours, key) {
			return key + " is in production's bucket alone"
		}
	}
	return ""
}

// mediaCopied is how long S3 takes for nearly all copies.
const mediaCopied = 15 * time.Minute

// unlike is in what the database is another than the configuration has it, and than the one whose place it took.
func (w *world) unlike() string {
	own, peer := w.own().Config, w.peer().Config
	found, err := w.sim.Databases(own.Region, own.DatabaseID(1))
	if err != nil {
		return err.Error()
	}
	if own.Database.MultiAZ && !found[0].MultiAZ {
		return "its database is in one zone alone"
	}
	if was := w.version; was != "" && found[0].EngineVersion != was {
		return fmt.Sprintf("its database was upgraded from %s to %s, and visitors waited for that", was, found[0].EngineVersion)
	}
	mode := func(c config.Config) string {
		databases, err := w.sim.Databases(c.Region, c.DatabaseID(1))
		if err != nil {
			return err.Error()
		}
		all, err := w.sim.DatabaseParameters(c.Region, databases[0].ParameterGroup)
		if err != nil {
			return err.Error()
		}
		for _, p := range all {
			if p.Name == "sql_mode" {
				return p.Value
			}
		}
		return ""
	}
	if theirs, ours := mode(peer), mode(own); theirs != ours {
		return fmt.Sprintf("its statements are read by sql_mode %q, and production's were by %q", ours, theirs)
	}
	return ""
}

// most is the upper end of the estimate. There is none where a person moves the name: the promotion
// is the longest then, and the person takes two minutes.
func (w *world) most() time.Duration {
	if e := w.reference.plan.Estimate; e != nil {
		return e.Takes.Most
	}
	work := estimate.Work{Promotion: estimate.Usual(estimate.Promotion), Verification: estimate.Usual(estimate.Verification), DNS: estimate.Exactly(3 * time.Minute)}
	return work.Failover().Takes.Most
}

// astray is which visitors do not arrive.
func (w *world) astray() string {
	own := w.own().Config
	if own.DNS.ZoneID == "" {
		return ""
	}
	zone, err := w.sim.Zone(own.DNS.ZoneID)
	if err != nil {
		return err.Error()
	}
	if asked, err := w.sim.LookupNS(context.Background(), zone.Name); err != nil || !slices.Equal(asked, zone.Servers) {
		return fmt.Sprintf("visitors ask %v", asked)
	}
	records, err := w.sim.RecordsFrom(own.DNS.ZoneID, own.Domain)
	if err != nil {
		return err.Error()
	}
	for _, record := range records {
		if record.Name == own.Domain && (record.Type == "AAAA" || record.Type == "A") && !strings.Contains(record.Alias, own.Region) {
			return fmt.Sprintf("%s of %s leads to %s%v", record.Type, own.Domain, record.Alias, record.Values)
		}
	}
	return ""
}

const secretType = "aws:secretsmanager/secretVersion:SecretVersion"

// deepToken is what the stack's secrets let ask the deep page.
func (w *world) deepToken() (token string) {
	w.sim.ByHand(func(o *sim.Object) bool {
		text, _ := o.Props["secretString"].(string)
		var secrets map[string]string
		if o.Type == secretType && o.Region == w.own().Config.Region && json.Unmarshal([]byte(text), &secrets) == nil {
			token = wordpress.DeepToken(secrets)
		}
		return true
	})
	return token
}
