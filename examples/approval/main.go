// Command approval is a small service that embeds the failover: it shows the plan
// of one, and does it once somebody has approved that very plan.
//
//	GET  /plan                what a failover would do now, and an approval code for it
//	POST /failover?code=…     do it; answers when it is done
//	GET  /status              where the site stands
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/pilotlight-dr/pilotlight/ops"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	// All who reach this address can fail over: put it behind your own login.
	err := serve(ctx, "127.0.0.1:8080", ops.Options{Dir: ".", Progress: os.Stderr})
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

func serve(ctx context.Context, address string, o ops.Options) error {
	site, err := ops.OpenSite(o)
	if err != nil {
		return err
	}
	server := newServer(ctx, address, site)
	closed := make(chan error, 1)
	go func() {
		<-ctx.Done()
		// A failover under way ends with ctx, in order; this waits for it.
		closed <- server.Shutdown(context.WithoutCancel(ctx))
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-closed
}

func newServer(ctx context.Context, address string, site *ops.Site) *http.Server {
	return &http.Server{Addr: address, Handler: guard(address, newService(ctx, site)), ReadHeaderTimeout: 10 * time.Second}
}

// guard lets through what is asked of this address, and by no web page of another: a page may send requests to any address that its
// visitor reaches, and have a name of its own lead here (DNS rebinding), which its browser then takes for the page's own server.
// Behind a proxy, address is what that gives as the host, and what browsers see of it.
func guard(address string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin, site := r.Header.Get("Origin"), r.Header.Get("Sec-Fetch-Site")
		switch {
		case r.Host != address:
			http.Error(w, fmt.Sprintf("this is not %q: ask for http://%s", r.Host, address), http.StatusMisdirectedRequest)
		case origin != "" && origin != "http://"+address, site != "" && site != "none" && site != "same-origin":
			http.Error(w, "a web page of another origin sent this", http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// service has one site, and fails it over once at a time. What is asked meanwhile waits.
type service struct {
	*http.ServeMux
	site *ops.Site
	ctx  context.Context //nolint:containedctx // of the process: a failover outlives the request for it

	mu sync.Mutex
}

func newService(ctx context.Context, site *ops.Site) *service {
	s := &service{ServeMux: http.NewServeMux(), site: site, ctx: ctx}
	s.HandleFunc("GET /status", s.status)
	s.HandleFunc("GET /plan", s.plan)
	s.HandleFunc("POST /failover", s.failover)
	return s
}

func (s *service) status(w http.ResponseWriter, r *http.Request) {
	status, err := s.site.Status(r.Context())
	answer(w, status, err)
}

// proposal is a plan and what approves it.
type proposal struct {
	Code string   `json:"code"`
	Plan ops.Plan `json:"plan"`
}

// propose makes the plan of the next failover. Its code stands for what would be
// done to which resources, so that no one approves something else.
func (s *service) propose(ctx context.Context) (proposal, error) {
	plan, err := s.site.PlanFailover(ctx, ops.Accepted{}, ops.Run{})
	if err != nil {
		return proposal{}, err
	}
	text, err := json.Marshal([]any{plan.Change, plan.Resources})
	if err != nil {
		return proposal{}, err
	}
	sum := sha256.Sum256(text)
	return proposal{Code: hex.EncodeToString(sum[:6]), Plan: plan}, nil
}

func (s *service) plan(w http.ResponseWriter, r *http.Request) {
	proposed, err := s.propose(r.Context())
	answer(w, proposed, err)
}

func (s *service) failover(w http.ResponseWriter, r *http.Request) {
	if !s.mu.TryLock() {
		http.Error(w, "a failover is under way", http.StatusConflict)
		return
	}
	defer s.mu.Unlock()
	now, err := s.propose(r.Context())
	if err != nil {
		answer(w, nil, err)
		return
	}
	if r.URL.Query().Get("code") != now.Code {
		http.Error(w, "that is not the code of what would be done now: ask for the plan again", http.StatusConflict)
		return
	}
	outcome, err := s.site.Failover(s.ctx, ops.Accepted{}, ops.Run{
		Step: func(step ops.Step) {
			if step.End.IsZero() {
				log.Printf("%s …", step.Name)
			}
		},
		Say: func(line string) { log.Print(line) },
	})
	answer(w, outcome, err)
}

// answer writes a result, or says by the status what became of the request.
func answer(w http.ResponseWriter, value any, err error) {
	switch {
	case err != nil && !ops.FailureOf(err).Changed:
		http.Error(w, err.Error(), http.StatusConflict)
	case err != nil: // what is left has another plan
		http.Error(w, fmt.Sprintf("%v\nask for the plan of what is left, and approve that", err), http.StatusInternalServerError)
	default:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(value) // a client that has gone needs no answer
	}
}
