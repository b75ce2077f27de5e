package ops

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/ops/engine"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/state"
)

// Site is a site's two stacks, and what an operator does with them. Where a
// production exists that this program did not make, it is one stack.
//
// It has many methods, one for each verb and each question of the command: who embeds it has
// one value and one import. Their decisions are functions without it, here and in package roles.
type Site struct {
	// Name and Domain are as in the files when the site was opened.
	Name, Domain string

	options Options
	stacks  []string // their names: what their files say is read when it is asked for, see configOf

	finding turn   // of one search for the engine at a time: it may be built, which takes minutes
	root    string // of the engine that was found

	mu   sync.Mutex
	open map[string]*Stack
}

// OpenSite reads the files of a site's stacks, in the folder Dir of the options. It asks neither the
// engine nor AWS yet. Of more than two stacks it takes the two that name each
// other as peers.
func OpenSite(o Options) (*Site, error) {
	if err := o.requireSameAWS(); err != nil {
		return nil, err
	}
	files, err := fs.Glob(os.DirFS(filepath.Clean(o.Dir)), config.FileName("*"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, refusal.New(refusal.CodeNoProject, "there is no %s in %s: go to the project's folder, or make one with pilotlight init", config.FileName("<stack>"), o.Dir)
	}
	if err := config.CheckProject(filepath.Join(o.Dir, "Pulumi.yaml")); err != nil {
		return nil, refuseConfig(err)
	}
	var all []config.Config
	var problems []error
	for _, file := range files {
		config, err := config.ReadFile(filepath.Join(o.Dir, file))
		if err != nil {
			problems = append(problems, err)
			continue
		}
		all = append(all, config)
	}
	configs, err := pair(all)
	if err != nil && len(problems) > 0 { // what is wrong with a file explains that it has no pair
		err = refuseConfig(errors.Join(problems...))
	}
	if err != nil {
		return nil, err
	}
	o.located = newLocated()
	s := &Site{Name: configs[0].Site, Domain: configs[0].Domain, options: o, finding: make(turn, 1), open: map[string]*Stack{}}
	for _, c := range configs {
		s.stacks = append(s.stacks, c.Stack)
	}
	return s, nil
}

// pair chooses the stacks of the site: the two that name each other, or the one
// that protects a production which no stack made.
func pair(all []config.Config) ([]config.Config, error) {
	var pairs [][]config.Config
	for i, a := range all {
		if a.Production != nil {
			pairs = append(pairs, []config.Config{a})
		}
		for _, b := range all[i+1:] {
			if a.Peer != nil && b.Peer != nil && a.Peer.Stack == b.Stack && b.Peer.Stack == a.Stack {
				pairs = append(pairs, []config.Config{a, b})
			}
		}
	}
	switch {
	case len(pairs) == 1:
		return pairs[0], nil
	case len(pairs) > 1:
		return nil, refusal.New(refusal.CodeConfig, "the files here are of several sites: keep each site in a folder of its own")
	}
	return nil, refusal.New(refusal.CodeConfig, "no two stacks here name each other as peer: correct peer.stack in their files")
}

// Stacks are the names of the site's stacks.
func (s *Site) Stacks() []string { return slices.Clone(s.stacks) }

// Stack opens one of the site's stacks, once. create makes one that the backend does not know.
func (s *Site) Stack(ctx context.Context, name string, create bool) (*Stack, error) {
	if !slices.Contains(s.Stacks(), name) {
		return nil, noStack(name, s.Stacks())
	}
	o, err := s.found(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	stack := s.open[name]
	s.mu.Unlock()
	if stack != nil {
		return stack, nil
	}
	by := Open
	if create {
		by = Create
	}
	if stack, err = by(ctx, name, o); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if first := s.open[name]; first != nil { // opened meanwhile: the operations of both goroutines take turns on one stack
		return first, nil
	}
	s.open[name] = stack
	return stack, nil
}

// found are the options with an engine, which is found once for all that is done. Who waits for another's search waits no longer
// than his context lasts.
func (s *Site) found(ctx context.Context) (Options, error) {
	o := s.options
	if o.EngineRoot != "" || o.Command != nil {
		return o, nil
	}
	select {
	case s.finding <- struct{}{}:
		defer func() { <-s.finding }()
	case <-ctx.Done():
		return o, fmt.Errorf("waiting for the engine, which another operation of this process looks for or builds: %w", context.Cause(ctx))
	}
	var err error
	if s.root == "" {
		s.root, err = engine.Find(ctx, o.progress())
	}
	o.EngineRoot = s.root
	return o, err
}

// Sides reads what both stacks hold in their states, and what their files say now. A stack
// that was never deployed holds nothing. No region is asked, only the backend.
func (s *Site) Sides(ctx context.Context) (_ []Side, err error) {
	defer noteRead(ctx, &err)
	sides := make([]Side, len(s.stacks))
	return sides, s.eachStack(func(i int, config config.Config) (err error) {
		sides[i].Config = config
		sides[i].State, err = s.state(ctx, config.Stack)
		return err
	})
}

// eachStack does something with the file of each stack, at once, and joins the errors.
func (s *Site) eachStack(do func(i int, config config.Config) error) error {
	problems := make([]error, len(s.stacks))
	var group sync.WaitGroup
	for i, stack := range s.stacks {
		group.Go(func() {
			config, err := s.configOf(stack)
			if err == nil {
				err = do(i, config)
			}
			problems[i] = err
		})
	}
	group.Wait()
	return errors.Join(problems...)
}

// state is what a stack holds: nothing for one that does not exist. That something decrypts its secrets is seen before
// anything is built on it.
func (s *Site) state(ctx context.Context, name string) (state.State, error) {
	stack, err := s.Stack(ctx, name, false)
	if errors.Is(err, ErrNoStack) {
		return state.State{}, nil
	}
	var held state.State
	if err == nil {
		held, err = s.proven(ctx, stack)
	}
	if err != nil && ctx.Err() == nil {
		err = s.damaged(ctx, name, err)
	}
	return held, err
}

// proven is what a stack holds, by the backend's files where its secrets open: a passphrase is tried here, and a key of KMS asked.
// Else the engine exports it, in a process of half a second, and says what is wrong.
func (s *Site) proven(ctx context.Context, stack *Stack) (state.State, error) {
	if text, err := stack.fromFiles(ctx); err == nil && text != nil && ctx.Err() == nil {
		if held, err := state.Parse(text); err == nil && s.opens(ctx, held.SecretsProvider) {
			return held, nil
		}
	}
	text, err := stack.text(ctx)
	if err != nil {
		return state.State{}, err
	}
	return state.Parse(text)
}

// opens reports whether the secrets of a state are seen to open here.
func (s *Site) opens(ctx context.Context, p state.SecretsProvider) bool {
	switch {
	case p.Salt != "":
		_, _, ok := readSalt(p.Salt)
		reason, _ := passphraseTrouble(s.passphrase, p.Salt)
		return ok && reason == ""
	case strings.HasPrefix(p.Address, "awskms:"):
		return s.openDataKey(ctx, p) == nil
	}
	return false
}

// Outcome is what a procedure did.
type Outcome struct {
	// NothingToDo says why there was nothing to do; empty when something was done.
	NothingToDo string `json:"nothingToDo,omitempty"`
	// Done are the updates that ended well, in their order.
	Done []Change `json:"done"`
	// Remaining are those that did not, the first of them the one that stopped.
	Remaining []Change `json:"remaining,omitempty"`
	// Reports are those of the changes of role among them.
	Reports []report.Report `json:"reports,omitempty"`
	// Next is what to do now that all is done.
	Next []string `json:"next,omitempty"`
}
