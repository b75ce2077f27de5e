package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pilotlight-dr/pilotlight/sim"
)

// handler serves the control of the world, and the internet in it.
func (s *Server) handler() http.Handler {
	control := http.NewServeMux()
	control.HandleFunc("GET "+sessionPath, s.session)
	control.HandleFunc("GET "+nowPath, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, s.stage.World.Clock().Now().Format(time.RFC3339Nano)) // a client that has gone needs no answer
	})
	control.HandleFunc("POST "+sleepPath, s.sleep)
	control.HandleFunc("GET "+lookupPath, func(w http.ResponseWriter, req *http.Request) {
		addresses, err := s.stage.World.Lookup(req.Context(), req.FormValue("host"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		answer(w, addresses)
	})
	control.HandleFunc("GET "+serversPath, func(w http.ResponseWriter, req *http.Request) {
		servers, err := s.stage.World.LookupNS(req.Context(), req.FormValue("zone"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		answer(w, servers)
	})
	control.HandleFunc("GET "+statusPath, func(w http.ResponseWriter, _ *http.Request) { answer(w, s.status()) })
	control.HandleFunc("POST "+losePath, s.lose)
	control.HandleFunc("POST "+returnPath, s.giveBack)
	control.HandleFunc("POST "+faultPath, s.fault)
	control.HandleFunc("POST "+healPath, func(http.ResponseWriter, *http.Request) {
		s.stage.World.Heal()
		s.tell("all faults are taken back")
	})
	return newGuard(s.options, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch {
		case signed(req):
			s.callAWS(w, req)
		case req.Method == http.MethodConnect:
			s.tunnel(w, req)
		case req.URL.IsAbs():
			s.stage.Face().ServeHTTP(w, req)
		default:
			control.ServeHTTP(w, req)
		}
	}))
}

func answer(w http.ResponseWriter, what any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(what) // a client that has gone needs no answer
}

// tell says what became of the world, and when.
func (s *Server) tell(format string, args ...any) {
	s.options.Tell(s.stage.World.Clock().Now().Format("15:04:05") + "  " + fmt.Sprintf(format, args...))
}

// session lasts as long as its client: a command that is under way.
func (s *Server) session(w http.ResponseWriter, req *http.Request) {
	s.running.Add(1)
	defer s.running.Done()
	s.sessions.Add(1)
	defer func() {
		s.sessions.Add(-1)
		s.save()
	}()
	answer(w, greeting{Dir: s.options.Dir, Provider: s.stage.ProviderPort()})
	if http.NewResponseController(w).Flush() == nil {
		<-req.Context().Done()
	}
}

// sleep parks the client on the clock. One that goes away leaves it.
func (s *Server) sleep(w http.ResponseWriter, req *http.Request) {
	d, err := time.ParseDuration(req.FormValue("for"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := s.stage.World.Clock().Sleep(req.Context(), d); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	}
}

func (s *Server) status() Status {
	w := s.stage.World
	return Status{
		Now: w.Clock().Now(), Dir: s.options.Dir, ProdRegion: s.kept.ProdRegion, DRRegion: s.kept.DRRegion,
		Lost: w.Outages(), Faults: w.Injected(), Visitors: s.stage.Visit(), Speed: s.options.Speed,
	}
}

func (s *Server) lose(w http.ResponseWriter, req *http.Request) {
	region, how := req.FormValue("region"), sim.How(req.FormValue("how"))
	if known := s.stage.World.Regions(); !slices.Contains(known, region) {
		http.Error(w, fmt.Sprintf("%q is no region of this world: use one of %s", region, strings.Join(known, ", ")), http.StatusBadRequest)
		return
	}
	if how != sim.Hang && how != sim.Refuse {
		http.Error(w, fmt.Sprintf("the APIs of a lost region do not %q: let them %s or %s", how, sim.Hang, sim.Refuse), http.StatusBadRequest)
		return
	}
	s.stage.World.LoseRegion(region, how)
	s.tell("%s is lost (its APIs %s)", region, how)
}

func (s *Server) giveBack(w http.ResponseWriter, req *http.Request) {
	region := req.FormValue("region")
	if _, gone := s.stage.World.Outages()[region]; !gone {
		http.Error(w, fmt.Sprintf("%s is not lost", region), http.StatusBadRequest)
		return
	}
	s.stage.World.ReturnRegion(region)
	s.tell("%s is back", region)
}

func (s *Server) fault(w http.ResponseWriter, req *http.Request) {
	fault, err := sim.ParseFault(req.FormValue("fault"))
	if err == nil {
		err = s.stage.World.Inject(fault)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.tell("fault: %s=%s", fault.Name, fault.Value)
}

// callAWS answers a signed request. The client's deadline comes along, since the
// time in which a lost region hangs is simulated.
func (s *Server) callAWS(w http.ResponseWriter, req *http.Request) {
	if limit, err := time.ParseDuration(req.Header.Get(limitHeader)); err == nil {
		ctx, cancel := context.WithTimeout(req.Context(), limit)
		defer cancel()
		req = req.WithContext(ctx)
	}
	req.URL.Scheme, req.URL.Host = "https", req.Host // where a bucket may be named
	res, err := s.stage.Face().Do(req)
	if err != nil {
		status := http.StatusBadGateway
		if errors.Is(err, context.DeadlineExceeded) {
			status = http.StatusGatewayTimeout
		}
		w.Header().Set(silenceHeader, err.Error())
		http.Error(w, err.Error(), status)
		return
	}
	defer res.Body.Close() //nolint:errcheck // read from memory
	for name, values := range res.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(res.StatusCode)
	_, _ = io.Copy(w, res.Body) // a client that has gone needs no answer
}

// tunnel connects a client to a host of the simulated internet.
func (s *Server) tunnel(w http.ResponseWriter, req *http.Request) {
	far, err := s.stage.Face().DialContext(req.Context(), "tcp", req.Host)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	near, early, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = far.Close() // nothing went through it
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	go func() {
		_, _ = io.Copy(far, early) // until the client hangs up
		_ = far.Close()
	}()
	if _, err := io.WriteString(near, "HTTP/1.1 200 Connection established\r\n\r\n"); err == nil {
		_, _ = io.Copy(near, far) // until the far side hangs up
	}
	_ = near.Close()
	_ = far.Close()
}
