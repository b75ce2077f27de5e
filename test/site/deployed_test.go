package site

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/awsregion"
	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/components"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/pulumid"
	"github.com/pilotlight-dr/pilotlight/wordpress"
)

// engine is the engine of the tests, in one process that stays, and ends with the namespaces.
var engine = sync.OnceValues(func() (*pulumid.Server, error) { return pulumid.Run(os.Getenv(engineBinary), false) })

// A deployed site was made by the program, on the engine, and is moved by the verbs. AWS's control planes
// are simulated. What they answer for is real: a server for each database, an instance for each machine
// that the balancer sends a request to, booted with the user data of its launch template, and the cache.
//
// Simulated time stands still while something real works.
type deployed struct {
	*cloud
	stage *scenario.Stage
	image string
	// claimed is called when a side has published its claim, and frozen when the promotion of a
	// database has been asked for: nothing moves meanwhile.
	claimed func(stack string)
	frozen  func()

	real      sync.Mutex // held while what is real follows the world
	secrets   map[string]string
	databases map[string]*follower // by address
	caches    map[string]bool      // by address
	machines  map[string]*machine  // by the id of EC2
	reported  []report.Report
}

// A machine is an instance and what it was told.
type machine struct {
	*instance
	told  map[string]string
	first sync.Once // boots it

	looking   sync.Mutex
	refreshed time.Time // simulated
}

// look has the instance look up the site's parts once a minute of simulated time, which stands still
// until it has. Nobody waits for that: a request is given up after seconds of real time.
func (m *machine) look(clock *sim.Clock) {
	m.looking.Lock()
	defer m.looking.Unlock()
	now := clock.Now()
	if now.Sub(m.refreshed) < time.Minute {
		return
	}
	m.refreshed = now
	_, release := clock.Hold(context.Background(), "refresh of "+m.id)
	go func() {
		defer release()
		_ = m.systemd.start(refresh) // its pages show what came of it
	}()
}

// deploy deploys a site, and completes WordPress's installer.
func deploy(t *testing.T) *deployed {
	t.Helper()
	needed(t)
	server, err := engine()
	require.NoError(t, err)
	stage, err := scenario.Open(scenario.Options{ProdRegion: home, DRRegion: away, Seed: 1, Outage: sim.Hang, Command: &pulumid.Command{Server: server}})
	require.NoError(t, err)
	t.Cleanup(stage.Close)
	d := &deployed{
		cloud: newCloud(t, stage.World), stage: stage, claimed: func(string) {}, frozen: func() {},
		databases: map[string]*follower{}, caches: map[string]bool{}, machines: map[string]*machine{},
	}
	d.image = d.cloud.image(putWordPress + ownCode + busy + redisCache(t))
	stage.World.SetWorkload(d.answer)
	stage.World.OnAccept(d.accepted)
	for _, side := range []string{scenario.Production, scenario.Recovery} { // one instance is enough to be real
		file := stage.Dir() + "/Pulumi." + side + ".yaml"
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		few := regexp.MustCompile(`(?m)^( +)min: .*\n +max: .*$`).ReplaceAll(text, []byte("${1}min: 1\n${1}max: 1"))
		require.NotEqual(t, string(text), string(few))
		small := strings.Replace(string(few), "multiAz: true}", fmt.Sprintf(`multiAz: true, parameters: {max_connections: "%d"}}`, connections), 1)
		require.NotEqual(t, string(few), small)
		require.NoError(t, os.WriteFile(file, []byte(small), 0o600))
	}
	require.NoError(t, stage.DeploySite(t.Context()))
	d.visit().install()
	d.on(scenario.Production).must("CREATE TABLE " + d.secrets["database_name"] + ".writes (n INT PRIMARY KEY)")
	return d
}

// site opens the deployed site for its verbs.
func (d *deployed) site() *ops.Site {
	d.t.Helper()
	env := d.stage.Env()
	env.Report = func(r report.Report) {
		d.real.Lock()
		defer d.real.Unlock()
		d.reported = append(d.reported, r)
	}
	site, err := ops.OpenSite(d.stage.Options(env))
	require.NoError(d.t, err)
	return site
}

// verdict is what the checks before the last activation found.
func (d *deployed) verdict() *checks.Verdict {
	d.t.Helper()
	d.real.Lock()
	defer d.real.Unlock()
	require.NotEmpty(d.t, d.reported)
	last := d.reported[len(d.reported)-1]
	require.NotNil(d.t, last.Verdict)
	return last.Verdict
}

// on is the server of a stack's first database.
func (d *deployed) on(stack string) *follower {
	d.t.Helper()
	return d.named("blog-" + stack + "-1")
}

func (d *deployed) named(id string) *follower {
	d.t.Helper()
	d.real.Lock()
	defer d.real.Unlock()
	for _, f := range d.databases {
		if f.id == id {
			return f
		}
	}
	require.Fail(d.t, "there is no server of "+id)
	return nil
}

// running is the instance that serves in a region.
func (d *deployed) running(region string) *instance {
	d.t.Helper()
	d.real.Lock()
	defer d.real.Unlock()
	for _, m := range d.machines {
		if m.region == region {
			return m.instance
		}
	}
	require.Fail(d.t, "no instance serves in "+region)
	return nil
}

// accepted hands on what AWS was asked to do. A promotion stops replication before anything else.
func (d *deployed) accepted(step sim.Step) {
	if stack, is := strings.CutSuffix(step.Name, "-claim"); is && step.Type == "aws:ssm/parameter:Parameter" {
		d.claimed(strings.TrimPrefix(stack, "blog-"))
	}
	if step.Operation == "rds:PromoteReadReplica" {
		d.frozen()
		d.named(step.Name).must("STOP SLAVE")
	}
	if d.real.TryLock() { // whoever has it does the same
		defer d.real.Unlock()
		d.follow()
	}
}

// follow brings what is real to where the world is. The caller holds d.real.
func (d *deployed) follow() {
	d.t.Helper()
	if d.secrets == nil {
		return // no instance was told yet where they are
	}
	before := d.hostsFile()
	for _, region := range []string{home, away} {
		all, err := d.world.Databases(region, "")
		require.NoError(d.t, err)
		for _, described := range all {
			f := d.databases[described.Address]
			if f == nil && described.Status == "available" {
				f = d.begin(region, described)
			}
			if f != nil {
				f.catchUp()
			}
		}
	}
	for _, m := range d.machines {
		if address, found := d.world.ParameterValue(m.region, m.told["PARAMETERS"]+"/cache"); found && address != "none" && !d.caches[address] {
			d.caches[address] = true
			d.cacheAt(address, d.secrets["cache_token"])
		}
	}
	if hosts := d.hostsFile(); hosts != before {
		for _, m := range d.machines {
			m.resolves(hosts)
		}
	}
}

// begin starts the server of a database that is available for the first time.
func (d *deployed) begin(region string, described sim.Database) *follower {
	d.t.Helper()
	f := &follower{server: d.database(described.Address, d.secrets), cloud: d.cloud, region: region, id: described.Identifier, host: described.Address}
	d.databases[described.Address] = f
	for _, source := range d.databases {
		if described.Source != "" && strings.HasSuffix(described.Source, ":"+source.id) {
			f.replicate(source)
		}
	}
	return f
}

// machine is the real instance of a simulated one, which boots when the first request comes.
func (d *deployed) machine(i sim.Instance) *machine {
	d.t.Helper()
	m := d.known(i)
	m.first.Do(func() {
		m.refreshed = d.world.Clock().Now()
		require.NoError(d.t, m.boot(), m.log())
	})
	return m
}

func (d *deployed) known(i sim.Instance) *machine {
	d.t.Helper()
	d.real.Lock()
	defer d.real.Unlock() // a test that fails here ends the goroutine
	if d.machines[i.Name()] == nil {
		d.prepare(i)
	}
	d.follow()
	return d.machines[i.Name()]
}

// prepare launches an instance with its user data, and serves what that names.
func (d *deployed) prepare(i sim.Instance) {
	d.t.Helper()
	m := &machine{told: map[string]string{}}
	for _, found := range assignment.FindAllStringSubmatch(i.UserData(), -1) {
		if m.told[found[1]] == "" { // further down the script quotes itself
			m.told[found[1]] = found[2]
		}
	}
	text, err := d.world.SecretValue(i.Region(), m.told["SECRET"])
	require.NoError(d.t, err)
	require.NoError(d.t, json.Unmarshal([]byte(text), &d.secrets))
	d.region(i.Region(), m.told["BUCKET"])
	d.resolve(internet, "ssm."+m.told["PEER_REGION"]+"."+awsregion.DNSSuffix(i.Region()))
	d.follow()
	m.instance = d.launch(i.Region(), d.image, i.UserData())
	d.machines[i.Name()] = m
}

// assignment finds what the user data tells an instance.
var assignment = regexp.MustCompile(`(?m)^([A-Z_]+)='([^']*)'$`)

// servedBy is the header of an answer that names the region it came from.
const servedBy = "Served-By"

// answer is what the real instance answers to a request that the simulated balancer forwards.
func (d *deployed) answer(i sim.Instance, req *http.Request) sim.Answer {
	_, release := d.world.Clock().Hold(context.Background(), "instance "+i.Name())
	defer release()
	m := d.machine(i)
	if req.URL.Path == components.DeepPath {
		m.look(d.world.Clock())
	}
	forwarded := req.Clone(context.Background())
	forwarded.Host, forwarded.RequestURI = req.Host, ""
	forwarded.Header.Set("X-Forwarded-For", "203.0.113.7")
	forwarded.Header.Set("X-Forwarded-Proto", "http")
	forwarded.URL.Scheme, forwarded.URL.Host = "http", net.JoinHostPort(m.address, "80")
	res, err := plain.RoundTrip(forwarded)
	if err != nil {
		return sim.Answer{Status: http.StatusBadGateway, Body: err.Error()}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return sim.Answer{Status: http.StatusBadGateway, Body: err.Error()}
	}
	res.Header.Set(servedBy, i.Region())
	return sim.Answer{Status: res.StatusCode, Header: res.Header, Body: string(body)}
}

// public is the way over the simulated internet, by the site's name.
type public struct{ world *sim.World }

func (p public) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
	}
	req = req.Clone(req.Context())
	req.Host, req.URL.Scheme, req.Body = req.URL.Host, "http", io.NopCloser(bytes.NewReader(body))
	return p.world.Visit(req)
}

// visit makes a visitor who finds the site by its name.
func (d *deployed) visit() *visitor {
	jar, err := cookiejar.New(nil)
	require.NoError(d.t, err)
	return &visitor{t: d.t, client: &http.Client{
		Jar: jar, Transport: public{d.world},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// deep is an instance's deep page, whatever it says.
func (d *deployed) deep(i *instance) checks.DeepPage {
	got := i.visit().get(components.DeepPath, "X-Pilotlight-Token", wordpress.DeepToken(d.secrets))
	var page checks.DeepPage
	require.NoError(d.t, json.Unmarshal([]byte(got.text), &page), got.text)
	return page
}

// A write is a row that the site has taken.
type write struct {
	region string
	at     time.Time // simulated
}

// Writers write ten rows a second to the site, by its name, and know which were taken.
type writers struct {
	turn  sync.Mutex // held while a row is written
	mu    sync.Mutex
	taken map[int]write
	stop  chan struct{}
	done  sync.WaitGroup
}

// pausing does something while no row is written.
func (w *writers) pausing(do func()) {
	w.turn.Lock()
	defer w.turn.Unlock()
	do()
}

// write begins to write. While no verb moves the simulated time, it passes as it really does. It moves in the
// pauses alone, so there is one, however slow the machine is.
func (d *deployed) write() *writers {
	w := &writers{taken: map[int]write{}, stop: make(chan struct{})}
	v, clock := d.visit(), d.world.Clock()
	w.done.Go(func() {
		const every, least = 100 * time.Millisecond, 50 * time.Millisecond
		pause := every
		for n := 1; ; n++ {
			select {
			case <-w.stop:
				return
			case <-time.After(pause):
			}
			began := time.Now()
			w.pausing(func() {
				clock.Pass(every)
				at := clock.Now()
				if got := v.get(fmt.Sprintf("/write.php?n=%d", n)); got.status == http.StatusCreated {
					w.mu.Lock()
					defer w.mu.Unlock()
					w.taken[n] = write{got.header.Get(servedBy), at}
				}
			})
			pause = max(every-time.Since(began), least)
		}
	})
	d.t.Cleanup(w.end)
	return w
}

// await waits until a region has taken so many rows more.
func (w *writers) await(t *testing.T, region string, more int) {
	t.Helper()
	want := w.count(region) + more
	eventually(t, patience, func() error {
		if n := w.count(region); n < want {
			return fmt.Errorf("%s has taken %d rows of %d", region, n, want)
		}
		return nil
	})
}

// count counts the rows that a region has taken.
func (w *writers) count(region string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, one := range w.taken {
		if one.region == region {
			n++
		}
	}
	return n
}

func (w *writers) end() {
	select {
	case <-w.stop:
	default:
		close(w.stop)
	}
	w.done.Wait()
}
