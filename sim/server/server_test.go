package server

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/golang/glog.(*fileSink).flushDaemon"))
}

// served is a world of which no time passes by itself, with nothing deployed.
func served(t *testing.T) *Server {
	t.Helper()
	s, err := Serve(Options{Dir: filepath.Join(t.TempDir(), "sim"), Listen: "127.0.0.1:0"})
	require.NoError(t, err)
	s.stage.World.Clock().SetQuiet(2 * time.Millisecond)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

// connect is a command's side of it.
func connect(t *testing.T, s *Server) *Client {
	t.Helper()
	p, err := Connect(t.Context(), s.URL())
	require.NoError(t, err)
	t.Cleanup(p.Close)
	return p
}

func now(p *Client) time.Time { return p.Options().Env.Now() }

func TestASessionOpensTheProject(t *testing.T) {
	t.Parallel()
	s := served(t)
	o := connect(t, s).Options()
	assert.Equal(t, s.Dir(), o.Dir)
	assert.Contains(t, o.EnvVars["PULUMI_DEBUG_PROVIDERS"], "aws:")
	site, err := ops.OpenSite(o)
	require.NoError(t, err)
	assert.Equal(t, "www.example.com", site.Domain)
	text, err := os.ReadFile(filepath.Join(s.Dir(), "Pulumi.dr.yaml"))
	require.NoError(t, err)
	assert.Contains(t, string(text), "\n  pilotlight:role: standby\n", "a person reads and edits it")
}

func TestTimePassesBetweenCommands(t *testing.T) {
	t.Parallel()
	s := served(t)
	p, err := Connect(t.Context(), s.URL())
	require.NoError(t, err)
	s.pass(time.Minute)
	assert.Equal(t, sim.Epoch, now(p), "a command is under way")
	require.NoError(t, p.Sleep(t.Context(), time.Hour))
	assert.Equal(t, sim.Epoch.Add(time.Hour), now(p))
	p.Close()
	require.Eventually(t, func() bool { return s.sessions.Load() == 0 }, 10*time.Second, time.Millisecond)
	s.pass(time.Minute)
	assert.Equal(t, sim.Epoch.Add(time.Hour+time.Minute), now(p))
}

func TestASleeperThatGoesAwayLeavesTheClock(t *testing.T) {
	t.Parallel()
	s := served(t)
	p := connect(t, s)
	clock := s.stage.World.Clock()
	clock.SetQuiet(time.Hour) // nobody is woken
	ctx, cancel := context.WithCancel(t.Context())
	slept := make(chan error)
	go func() { slept <- p.Sleep(ctx, time.Hour) }()
	require.Eventually(t, func() bool { return !clock.Pass(0) }, 10*time.Second, time.Millisecond, "somebody sleeps")
	cancel()
	require.ErrorIs(t, <-slept, context.Canceled)
	require.Eventually(t, func() bool { return clock.Pass(0) }, 10*time.Second, time.Millisecond, "nobody does any more")
}

func TestAWSOverTheNetwork(t *testing.T) {
	t.Parallel()
	s := served(t)
	p := connect(t, s)
	ask := func(ctx context.Context, region string) error {
		cfg, err := p.Options().Env.AWS(ctx, region, "")
		require.NoError(t, err)
		cfg.RetryMaxAttempts = 1
		out, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		if err == nil {
			assert.Equal(t, sim.Account, aws.ToString(out.Account))
		}
		return err
	}
	require.NoError(t, ask(t.Context(), "us-west-2"))
	require.NoError(t, p.Lose(t.Context(), "us-west-2", sim.Hang))
	assert.ErrorContains(t, ask(t.Context(), "us-west-2"), "dial tcp: region us-west-2: i/o timeout", "as in the world itself")
	require.NoError(t, ask(t.Context(), "us-east-2"))

	began := now(p)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	assert.ErrorIs(t, ask(ctx, "us-west-2"), context.DeadlineExceeded)
	assert.NoError(t, ctx.Err(), "the minute was a simulated one")
	assert.InDelta(t, 60, now(p).Sub(began).Seconds(), 10)
}

func TestVisitorsOverTheNetwork(t *testing.T) {
	t.Parallel()
	p := connect(t, served(t))
	env := p.Options().Env
	_, err := env.Lookup(t.Context(), "www.example.com")
	assert.ErrorContains(t, err, "no such host")
	transport := env.Transport.Clone()
	transport.DisableKeepAlives = true
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://balancer.example.com/", http.NoBody)
	require.NoError(t, err)
	_, err = transport.RoundTrip(req)
	assert.ErrorIs(t, err, io.EOF, "nobody is at that name")
}

func TestThingsGoWrongOnDemand(t *testing.T) {
	t.Parallel()
	p := connect(t, served(t))
	ctx := t.Context()
	require.NoError(t, p.Lose(ctx, "us-west-2", sim.Refuse))
	require.NoError(t, p.Inject(ctx, "lag=12m"))
	s, err := p.Status(ctx)
	require.NoError(t, err)
	assert.Equal(t, map[string]sim.Loss{"us-west-2": {How: sim.Refuse, At: sim.Epoch}}, s.Lost)
	assert.Equal(t, []sim.Fault{{Name: "lag", Value: "12m"}}, s.Faults)
	assert.Contains(t, s.Visitors, "visitors cannot reach the site")

	require.NoError(t, p.Return(ctx, "us-west-2"))
	require.NoError(t, p.Heal(ctx))
	s, err = p.Status(ctx)
	require.NoError(t, err)
	assert.Empty(t, s.Lost)
	assert.Empty(t, s.Faults)

	assert.ErrorContains(t, p.Return(ctx, "us-west-2"), "us-west-2 is not lost")
	assert.ErrorContains(t, p.Lose(ctx, "us-wset-2", sim.Hang), `"us-wset-2" is no region of this world: use one of us-east-1, us-east-2, us-west-2`)
	assert.ErrorContains(t, p.Lose(ctx, "us-west-2", "explode"), "let them hang or refuse")
	assert.ErrorContains(t, p.Inject(ctx, "meteor=1"), `there is no fault "meteor=1": use one of`)
}

func TestAWorldIsKept(t *testing.T) {
	t.Parallel()
	o := Options{Dir: filepath.Join(t.TempDir(), "sim"), Listen: "127.0.0.1:0", ProdRegion: "cn-north-1", DRRegion: "cn-northwest-1", Seed: 7}
	s, err := Serve(o)
	require.NoError(t, err)
	p := connect(t, s)
	require.NoError(t, p.Sleep(t.Context(), time.Hour))
	assert.Equal(t, sim.Epoch.Add(time.Hour), now(p))
	require.NoError(t, p.Lose(t.Context(), "cn-north-1", sim.Hang))
	edited := filepath.Join(o.Dir, "Pulumi.dr.yaml")
	require.NoError(t, os.WriteFile(edited, []byte("# mine\n"), 0o600))
	url := s.URL()
	_, err = Serve(o)
	assert.ErrorContains(t, err, "is being served already, at "+url)
	require.NoError(t, s.Close())
	assert.ErrorContains(t, p.Sleep(t.Context(), time.Hour), "no simulated AWS answers at "+url+": start it with pilotlight sim serve")
	assert.Equal(t, sim.Epoch.Add(time.Hour), now(p), "the last that was known")

	other := o
	other.Seed = 8
	_, err = Serve(other)
	assert.ErrorContains(t, err, "production in cn-north-1, the pilot light in cn-northwest-1 and seed 7: ask for that, for nothing")
	s, err = Serve(Options{Dir: o.Dir, Listen: "127.0.0.1:0"})
	require.NoError(t, err)
	again, err := connect(t, s).Status(t.Context())
	require.NoError(t, err)
	assert.Equal(t, sim.Epoch.Add(time.Hour), again.Lost["cn-north-1"].At)
	assert.Equal(t, "cn-northwest-1", again.DRRegion)
	text, err := os.ReadFile(edited)
	require.NoError(t, err)
	assert.Equal(t, "# mine\n", string(text))
	require.NoError(t, s.Close())
}

// TestAKilledServerLeavesAWorld: it is kept as each command ends, not only in the end.
func TestAKilledServerLeavesAWorld(t *testing.T) {
	t.Parallel()
	s := served(t)
	p, err := Connect(t.Context(), s.URL())
	require.NoError(t, err)
	require.NoError(t, p.Inject(t.Context(), "lag=12m"))
	p.Close()
	assert.Eventually(t, func() bool {
		world, found, err := load(s.Dir())
		return err == nil && found && bytes.Contains(world.World, []byte(`"value":"12m"`))
	}, 10*time.Second, time.Millisecond)
}

func TestWhatCannotBeServed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "letter.txt"), nil, 0o600))
	_, err := Serve(Options{Dir: dir, Listen: "127.0.0.1:0"})
	assert.ErrorContains(t, err, "name a folder that is new or empty")
	_, err = Serve(Options{Dir: t.TempDir(), Listen: "127.0.0.1:0", ProdRegion: "us-east-2"})
	assert.ErrorContains(t, err, "name two")
	_, err = Serve(Options{Dir: t.TempDir(), Listen: "127.0.0.1:none"})
	assert.ErrorContains(t, err, "choose another address with --listen")
}

func TestConnectSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	_, err := Connect(t.Context(), "localhost:4700")
	assert.ErrorContains(t, err, `"localhost:4700" is no address of a simulated AWS: set PILOTLIGHT_SIM to what pilotlight sim serve printed`)
	_, err = Connect(t.Context(), "http://127.0.0.1:1")
	assert.EqualError(t, err, "no simulated AWS answers at http://127.0.0.1:1: start it with pilotlight sim serve, or unset PILOTLIGHT_SIM: "+
		"dial tcp 127.0.0.1:1: connect: connection refused")
}
