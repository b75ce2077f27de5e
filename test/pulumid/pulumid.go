// Package pulumid runs the pulumi commands of a test's stacks in one process that
// stays, in place of one process for each. It is the engine's own code, with the same
// words and exit codes; what it costs is the command itself.
package pulumid

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3"

	"github.com/pilotlight-dr/pilotlight/test/pulumid/wire"
)

// A Server is the process that runs commands.
type Server struct {
	process *exec.Cmd
	stdin   io.Closer
	dir     string

	client    sync.Once // EngineRoot builds it
	clientErr error
}

// Start builds the server, unless it was built before, and starts it. Its engine saves a
// state at each step of an operation, or when the operation ends. Close it.
func Start(ctx context.Context, eachStep bool) (*Server, error) {
	binary, err := Build(ctx)
	if err != nil {
		return nil, err
	}
	return Run(binary, eachStep)
}

// Run starts the server that Build has built. Close it.
func Run(binary string, eachStep bool) (*Server, error) {
	dir, err := os.MkdirTemp("", "pulumid-")
	if err != nil {
		return nil, err
	}
	s := &Server{process: exec.Command(binary, filepath.Join(dir, wire.Socket)), dir: dir}
	s.process.Stderr = os.Stderr
	s.process.Env = append(os.Environ(), "PULUMI_HOME="+dir, "PULUMI_AUTOMATION_API=true", "PULUMI_SKIP_UPDATE_CHECK=true")
	if !eachStep {
		s.process.Env = append(s.process.Env, "PULUMI_SKIP_CHECKPOINTS=true")
	}
	s.process.Env = append(s.process.Env, "GOGC=800", "GOMEMLIMIT=1536MiB") // states are read and written all the time
	if s.stdin, err = s.process.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := s.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.process.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", binary, err)
	}
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		s.Close()
		return nil, fmt.Errorf("%s did not start: %w", binary, err)
	}
	return s, nil
}

// EngineRoot is a folder whose bin/pulumi has the server run its command, for a process
// that takes the engine from its environment. A signal interrupts the command; it has no
// process of its own to kill.
func (s *Server) EngineRoot(ctx context.Context) (string, error) {
	s.client.Do(func() { s.clientErr = buildClient(ctx, filepath.Join(s.dir, "bin", "pulumi")) })
	return s.dir, s.clientErr
}

// PID is the process's.
func (s *Server) PID() int { return s.process.Process.Pid }

// Close ends the process, with all that runs in it.
func (s *Server) Close() {
	_ = s.stdin.Close()
	_ = s.process.Wait()
	_ = os.RemoveAll(s.dir) // best effort: it is the system's temporary folder
}

// A Command is an auto.PulumiCommand whose commands a server runs.
type Command struct {
	Server *Server
	// Write is called before and after each write of a stack's state, which waits for it.
	// Nil disables it.
	Write func(after bool)
}

// Version is the engine's.
func (c *Command) Version() semver.Version { return sdk.Version }

// notExited is the code of a command that did not come to its end.
const notExited = -2

// Run runs one command. It interrupts the command when ctx ends, and waits for it.
func (c *Command) Run(
	ctx context.Context, dir string, _ io.Reader, out, errOut []io.Writer, env []string, args ...string,
) (stdout, stderr string, code int, err error) {
	if err := ctx.Err(); err != nil {
		return "", "", notExited, err
	}
	var printed, complained strings.Builder
	stdoutTo, stderrTo := io.MultiWriter(append(slices.Clip(out), &printed)...), io.MultiWriter(append(slices.Clip(errOut), &complained)...)
	r := wire.Request{Dir: dir, Env: env, Args: append([]string{"--non-interactive"}, args...)}
	code, err = wire.Run(ctx, filepath.Join(c.Server.dir, wire.Socket), r, stdoutTo, stderrTo, c.Write)
	switch {
	case err != nil:
		code = notExited
	case code != 0:
		err = fmt.Errorf("exit status %d", code)
	}
	return printed.String(), complained.String(), code, err
}
