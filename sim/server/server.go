package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pilotlight-dr/pilotlight/sim/scenario"
)

// Options say what world to serve, and where.
type Options struct {
	// Dir is the project's folder, which keeps the world too. One that holds a
	// world already runs on with it.
	Dir string
	// The regions and the seed of a new world. Empty and 0 take those of the
	// world that is there, or us-west-2, us-east-2 and 1.
	ProdRegion, DRRegion string
	Seed                 uint64
	// Listen is a local address, such as 127.0.0.1:4700; port 0 takes a free one.
	Listen string
	// Remote allows an address that other machines reach. Everybody who reaches the world commands it.
	Remote bool
	// Speed is how much faster simulated time passes while no command runs; 0 lets none pass.
	Speed float64
	// Tell, if set, is called with what becomes of the world, a line each.
	Tell func(line string)
}

// A Server keeps a world up.
type Server struct {
	options Options
	stage   *scenario.Stage
	kept    kept
	http    *http.Server
	end     context.CancelFunc

	running  sync.WaitGroup
	sessions atomic.Int64 // commands that are under way

	mu     sync.Mutex // for what follows
	saved  bool       // nothing but time has passed since the world was kept
	failed error      // why it was not
}

// Serve opens a world and serves it until Close. The error is an *AskedWrongError when
// the options make no sense.
func Serve(o Options) (*Server, error) {
	if err := checkListen(o); err != nil {
		return nil, err
	}
	if o.Tell == nil {
		o.Tell = func(string) {}
	}
	var err error
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return nil, fmt.Errorf("finding the folder of the simulated world: %w", err)
	}
	world, found, err := load(o.Dir)
	if err != nil {
		return nil, err
	}
	if found {
		if err := errors.Join(world.fits(o), unserved(world.URL, o.Dir)); err != nil {
			return nil, err
		}
	} else {
		world = newWorld(o)
	}
	s := &Server{options: o, kept: world}
	if err := s.open(); err != nil {
		return nil, err
	}
	return s, nil
}

func newWorld(o Options) kept {
	k := kept{ProdRegion: o.ProdRegion, DRRegion: o.DRRegion, Seed: o.Seed}
	if k.ProdRegion == "" {
		k.ProdRegion = "us-west-2"
	}
	if k.DRRegion == "" {
		k.DRRegion = "us-east-2"
	}
	if k.Seed == 0 {
		k.Seed = 1
	}
	return k
}

// unserved reports whether no other server has a folder: one server of two would
// undo what the other keeps.
func unserved(url, dir string) error {
	if url == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	other, err := Connect(ctx, url)
	if err == nil {
		defer other.Close()
	}
	if err != nil || other.dir != dir { // it was killed, and another program may have its address now
		return nil
	}
	return fmt.Errorf("%s is being served already, at %s: use that, or stop it first", dir, url)
}

func (s *Server) open() (err error) {
	listener, err := net.Listen("tcp", s.options.Listen)
	if err != nil {
		return fmt.Errorf("serving the simulated AWS: %w; choose another address with --listen", err)
	}
	if err := os.MkdirAll(s.options.Dir, 0o755); err != nil {
		return errors.Join(fmt.Errorf("making the folder of the simulated world: %w", err), listener.Close())
	}
	s.stage, err = scenario.Open(scenario.Options{
		ProdRegion: s.kept.ProdRegion, DRRegion: s.kept.DRRegion, Seed: s.kept.Seed, Dir: s.options.Dir,
	})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	if s.kept.World != nil {
		err = s.stage.World.Restore(s.kept.World)
	}
	s.kept.URL = "http://" + listener.Addr().String()
	if err = errors.Join(err, s.kept.save(s.stage)); err != nil {
		s.stage.Close()
		return errors.Join(err, listener.Close())
	}
	ctx, end := context.WithCancel(context.Background())
	s.end = end
	s.http = &http.Server{
		Handler: s.handler(), ReadHeaderTimeout: time.Minute,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	s.running.Go(func() { _ = s.http.Serve(listener) }) // ends with Close
	s.running.Go(func() { s.keepTime(ctx) })
	return nil
}

// URL is where the world is served.
func (s *Server) URL() string { return s.kept.URL }

// Dir is the project's folder.
func (s *Server) Dir() string { return s.options.Dir }

// Close breaks off what is under way, and keeps the world for the next time. Call it once.
func (s *Server) Close() error {
	s.end()
	_ = s.http.Close() // nothing is left to lose
	s.running.Wait()
	s.stage.Close()
	s.kept.URL = ""
	s.save()
	return s.failed
}

// save keeps the world as it is. Why it can't is told once, and when the server ends.
func (s *Server) save() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep()
}

func (s *Server) keep() {
	err := s.kept.save(s.stage)
	if err != nil && s.failed == nil {
		s.options.Tell(err.Error())
	}
	s.failed = err
}

// tick is how often time passes between commands.
const tick = time.Second

func (s *Server) keepTime(ctx context.Context) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			s.pass(time.Duration(s.options.Speed * float64(tick)))
		}
	}
}

// pass lets simulated time go by, unless a command is under way: then only what it
// waits for does.
func (s *Server) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	idle := s.sessions.Load() == 0 && s.stage.World.Clock().Pass(d)
	if !idle || !s.saved {
		s.keep()
	}
	s.saved = idle
}
