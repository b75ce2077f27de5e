package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	ps "github.com/mitchellh/go-ps"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/cmdutil"
)

// Command runs the engine for the Automation API. The API's own command kills the engine
// ten seconds after the context ends. That leaves the stack locked and the provider
// running, since the provider's waits do not end on an interrupt. This one interrupts
// the engine and waits until it has saved what AWS answered and released its lock. It downloads
// no plugin.
type Command struct {
	auto.PulumiCommand // the version, and the check of it

	// Started and Ended are called with the process id of each engine that takes a lock. Ended is
	// not called for one that was killed. Either may have left its lock. Nil disables them.
	Started, Ended func(pid int)

	path    string
	abandon <-chan struct{}
}

// NewCommand is the command of the engine below root, see Find. When abandon is closed, an
// engine whose context has ended is killed with its providers, instead of waited for. A
// nil channel never does that.
func NewCommand(root string, abandon <-chan struct{}) (*Command, error) {
	checked, err := auto.NewPulumiCommand(&auto.PulumiCommandOptions{Root: root})
	if err != nil {
		return nil, fmt.Errorf("using the Pulumi engine in %s: %w", root, err)
	}
	return &Command{PulumiCommand: checked, path: command(root), abandon: abandon}, nil
}

// locks reports whether an engine with these arguments takes the lock of a stack.
func locks(args []string) bool {
	return len(args) > 0 && (slices.Contains([]string{"up", "destroy", "refresh"}, args[0]) || slices.Equal(args[:min(2, len(args))], []string{"stack", "import"}))
}

// drain is how long the output of an engine that has ended may stay open: a provider
// that outlives it holds the other end.
const drain = 5 * time.Second

// Run executes the engine with arguments, as auto.PulumiCommand has it. The code is -2
// for an engine that did not exit by itself.
func (c *Command) Run(ctx context.Context, dir string, in io.Reader, out, errOut []io.Writer, env []string, args ...string) (stdout, stderr string, code int, err error) {
	const notExited = -2
	if err := context.Cause(ctx); err != nil {
		return "", "", notExited, err
	}
	cmd := exec.Command(c.path, append([]string{"--non-interactive"}, args...)...)
	cmd.Dir, cmd.Stdin, cmd.WaitDelay = dir, in, drain
	// The plugins that lie beside the engine are the ones that fit it. No other is downloaded: a state names providers, and where
	// each comes from, so who can write it could have this machine run any program.
	cmd.Env = append(environment(append(os.Environ(), env...)), "PULUMI_AUTOMATION_API=true", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true",
		"PATH="+filepath.Dir(c.path)+string(os.PathListSeparator)+os.Getenv("PATH"))
	var printed, complained bytes.Buffer
	cmd.Stdout, cmd.Stderr = io.MultiWriter(append(out, &printed)...), io.MultiWriter(append(errOut, &complained)...)
	// In a group of its own, so that a terminal's Ctrl-C and hang-up do not reach it:
	// a second interrupt would end it at once.
	cmdutil.RegisterProcessGroup(cmd)
	if err := cmd.Start(); err != nil {
		return "", "", notExited, err
	}
	if c.Started != nil && locks(args) {
		c.Started(cmd.Process.Pid)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	err = c.await(ctx, cmd.Process.Pid, ended)
	code = cmd.ProcessState.ExitCode()
	switch {
	case code < 0: // a signal ended it
		code = notExited
	case c.Ended != nil && locks(args):
		c.Ended(cmd.Process.Pid)
	}
	if _, exited := errors.AsType[*exec.ExitError](err); !exited && errors.Is(err, exec.ErrWaitDelay) {
		err = nil // it exited well
	}
	return printed.String(), complained.String(), code, err
}

// await waits until the engine has ended. When ctx ends it interrupts the engine, once.
func (c *Command) await(ctx context.Context, pid int, ended <-chan error) error {
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	cmdutil.InterruptChildren(pid)
	select {
	case err := <-ended:
		return err
	case <-c.abandon:
	}
	return errors.Join(killTree(pid), <-ended)
}

// killTree kills a process and all that it has started: the engine puts each provider
// into a process group of its own.
func killTree(pid int) error {
	all, err := ps.Processes()
	if err != nil {
		err = fmt.Errorf("looking for the engine's providers, which may live on: %w", err)
	}
	tree := []int{pid}
	for at := 0; at < len(tree); at++ {
		for _, p := range all {
			if p.PPid() == tree[at] {
				tree = append(tree, p.Pid())
			}
		}
	}
	for _, each := range tree {
		if process, err := os.FindProcess(each); err == nil {
			_ = process.Kill() // it may have ended meanwhile
		}
	}
	return err
}
