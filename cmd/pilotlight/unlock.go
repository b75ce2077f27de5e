package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pilotlight-dr/pilotlight/backend"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/stacks/drill"
	"github.com/pilotlight-dr/pilotlight/when"
)

type unlockOptions struct {
	project
	yes bool
}

func newUnlockCmd(c connect) *cobra.Command {
	o := unlockOptions{project: project{connect: c}}
	cmd := &cobra.Command{
		Use: "unlock STACK", Short: "Release the lock that a dead update left on a stack", Args: exactly(1),
		Long: "Unlock shows who holds the lock, and releases that lock and no other. It refuses while the process lives on this\n" +
			"machine. Of a process on another machine only you can know whether it is dead.",
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0]) },
	}
	cmd.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	o.flags(cmd)
	return cmd
}

// unlocked is what was done.
type unlocked struct {
	Stack string           `json:"stack"`
	Locks []ops.LockStatus `json:"locks,omitzero"` // that were released; nil where Blind
	// Blind reports that the backend does not tell whether there was a lock, nor whose.
	Blind bool `json:"blind,omitempty"`
}

func (o *unlockOptions) run(ctx context.Context, stack string) error {
	site, err := o.open(ctx)
	if err != nil {
		return err
	}
	if err := known(site, strings.TrimSuffix(stack, drill.StackName(""))); err != nil { // or that of a drill of it
		return err
	}
	done := unlocked{Stack: stack}
	done.Locks, err = site.Locks(ctx, stack)
	switch done.Blind = errors.Is(err, backend.ErrOpaque); {
	case err != nil && !done.Blind:
		return err
	case !done.Blind && len(done.Locks) == 0:
		return o.show(done, fmt.Sprintf("nothing to do: stack %s is not locked\n", stack))
	}
	for _, l := range done.Locks {
		o.say("locked by %s, since %s: %s", l.By, when.Date(l.Since), holds(l))
		if l.Holder == backend.HolderLives {
			return site.Unlock(ctx, done.Locks) // which refuses
		}
	}
	if done.Blind {
		o.say("this backend does not tell whether stack %s is locked, nor by whom: make sure that no update of it runs anywhere", stack)
	}
	if !o.yes {
		if err := o.ask(ctx, "unlock", stack); err != nil {
			return err
		}
	}
	if done.Blind {
		err = site.Cancel(ctx, stack)
	} else {
		err = site.Unlock(ctx, done.Locks)
	}
	if err != nil {
		return err
	}
	return o.show(done, fmt.Sprintf("unlocked   stack %s\nnext       run the command again that was killed\n", stack))
}

// holds says what is known of the process that holds a lock.
func holds(l ops.LockStatus) string {
	switch {
	case l.Holder == backend.HolderLives:
		return "it runs on this machine"
	case l.Holder == backend.HolderDied:
		return "this machine has no such process"
	case l.Younger:
		return fmt.Sprintf("process %d is younger than the lock, or this machine's clock was put forward: see that it is no update", l.PID())
	default:
		return "whether it still runs can't be seen from here"
	}
}
