package ops

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"

	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/ops/engine"
	"github.com/pilotlight-dr/pilotlight/refusal"
)

// Options say where a project is, what runs it, and in what world.
type Options struct {
	// Dir holds Pulumi.yaml and Pulumi.<stack>.yaml.
	Dir string
	// Env is the world outside; its zero value is the real one. Its Report is given the
	// report of a change of role at every step; nil keeps it below Dir, see report.KeepReports.
	Env failover.Env
	// EngineRoot is the folder whose bin/pulumi is the engine; empty finds or builds one, see engine.Find.
	EngineRoot string
	// Command runs the engine; nil is the pulumi command in EngineRoot, which is what to give for an engine of one's own.
	// That waits for what an interrupted engine has begun, and leaves out of its environment what EnvVars says. The command
	// of the Automation API does neither: it kills the engine ten seconds after the context ends, which leaves the stack's
	// lock and a state that lacks what AWS was making.
	Command auto.PulumiCommand
	// EnvVars are added to the engine's environment, such as PULUMI_BACKEND_URL. Left out, here and of the process's own, is
	// what would change what an operation does, such as PULUMI_OPTION_TARGET. Those of AWS (AWS_PROFILE …) go with Env.AWS, since
	// this process calls AWS too: without it they are refused, unless they are as in the process's own environment.
	EnvVars map[string]string
	// Abandon, when closed, ends an operation whose context has ended at once, in place of waiting
	// for AWS: see Stack. Nil always waits.
	Abandon <-chan struct{}
	// Progress, if set, is called when an engine has to be built.
	Progress io.Writer

	located *located // shared by a site and its stacks
}

// located is where the state lies, as the engine has said: it takes a process of half a second to ask. It is asked again once
// another file says another place: a process may live on after the state was moved.
type located struct {
	mu  sync.Mutex
	url map[[sha256.Size]byte]string // by what the files say
}

// backendFiles is a hash of the files by which the engine finds its backend: the project's, and that of the logins, which holds
// tokens (Pulumi's pkg/workspace/creds.go).
func (o Options) backendFiles() [sha256.Size]byte {
	logins, _ := o.lookup("PULUMI_CREDENTIALS_PATH")
	said := []byte(o.Dir)
	for _, path := range []string{filepath.Join(o.Dir, "Pulumi.yaml"), filepath.Join(cmp.Or(logins, pulumiHome(o.EnvVars)), "credentials.json")} {
		text, _ := os.ReadFile(path) // the engine says what is wrong with one
		said = append(append(said, 0), text...)
	}
	return sha256.Sum256(said)
}

// lookup is a variable of the engine's environment.
func (o Options) lookup(name string) (value string, found bool) {
	if value, found = o.EnvVars[name]; found {
		return value, true
	}
	return os.LookupEnv(name)
}

func (o Options) progress() io.Writer {
	if o.Progress == nil {
		return io.Discard
	}
	return o.Progress
}

// command is what runs the engine.
func (o Options) command() (auto.PulumiCommand, error) {
	if o.Command != nil {
		return o.Command, nil
	}
	return engine.NewCommand(o.EngineRoot, o.Abandon)
}

// requireSameAWS refuses an environment by which the engine would call AWS as somebody else than this process does, or
// elsewhere: the checks, the promotion and the switch are this process's calls.
func (o Options) requireSameAWS() error {
	if o.Env.AWS != nil {
		return nil
	}
	var apart []string
	for name, value := range o.EnvVars {
		if strings.HasPrefix(name, "AWS_") && os.Getenv(name) != value {
			apart = append(apart, name)
		}
	}
	if len(apart) == 0 {
		return nil
	}
	slices.Sort(apart)
	return refusal.New(refusal.CodeMismatch, "EnvVars of the options give %s to the engine alone: set the same in the process's own environment, or have Env.AWS of the options make the clients of this process", strings.Join(apart, ", "))
}

func newLocated() *located { return &located{url: map[[sha256.Size]byte]string{}} }

// backendURL is where the state of a project's stacks lies. It needs no stack.
func backendURL(ctx context.Context, o Options) (string, error) {
	if set, _ := o.lookup("PULUMI_BACKEND_URL"); set != "" { // which the engine takes first (Pulumi's pkg/workspace/creds.go)
		return set, nil
	}
	o.located.mu.Lock()
	defer o.located.mu.Unlock()
	said := o.backendFiles()
	if url := o.located.url[said]; url != "" {
		return url, nil
	}
	command, err := o.command()
	if err != nil {
		return "", err
	}
	workspace, err := auto.NewLocalWorkspace(ctx, auto.WorkDir(o.Dir), auto.EnvVars(o.EnvVars), auto.Pulumi(command))
	if err != nil {
		return "", fmt.Errorf("finding where the state lies: %w", cause(ctx, err))
	}
	bounded, cancel := context.WithTimeoutCause(ctx, openFor, fmt.Errorf("the backend that the engine is logged in to does not answer within %s", openFor))
	defer cancel()
	who, err := workspace.WhoAmIDetails(bounded)
	if err != nil {
		return "", fmt.Errorf("finding where the state lies: %w", cause(bounded, err))
	}
	o.located.url[said] = who.URL
	return who.URL, nil
}

// openFor bounds how long the engine may take to open its backend, to tell where that is: it tries a silent bucket for minutes.
const openFor = 30 * time.Second
