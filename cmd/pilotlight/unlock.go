package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pilotlight-dr/pilotlight/drill"
)

func newUnlockCmd(c connect) *cobra.Command {
	p := project{connect: c}
	cmd := &cobra.Command{
		Use: "unlock STACK", Short: "Take away the lock that a killed update left; make sure that none is running", Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			site, err := p.open(cmd.Context())
			if err != nil {
				return err
			}
			if err := known(site, strings.TrimSuffix(args[0], drill.StackName(""))); err != nil { // or that of a drill of it
				return err
			}
			if err := site.Unlock(cmd.Context(), args[0]); err != nil {
				return err
			}
			return p.show(map[string]string{"unlocked": args[0]}, fmt.Sprintf("a lock of stack %s is gone, if there was one: run the command again that was killed\n", args[0]))
		},
	}
	p.flags(cmd)
	return cmd
}
