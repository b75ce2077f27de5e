package main

import (
	"github.com/spf13/cobra"

	"github.com/pilotlight-dr/pilotlight/cmd/pilotlight/mute"
)

// By now every package is initialised that would have asked the terminal, and who
// runs from here on sees the environment as it is.
func init() {
	mute.End()
	cobra.EnableCommandSorting = false // what comes first on the night stands first
}
