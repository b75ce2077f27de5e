// Package server keeps a simulated AWS up between commands, so that every verb and the runbook
// can be tried without an account. Serve holds the world; Connect is a command's side, in
// another process.
package server

import (
	"time"

	"github.com/pilotlight-dr/pilotlight/sim"
)

// Variable names the environment variable that holds the URL of a served world.
const Variable = "PILOTLIGHT_SIM"

// The paths of what steers a world. Everything else at its address is the
// simulated internet: signed requests are AWS's, others go through it as through a proxy.
const (
	sessionPath = "/sim/session"
	nowPath     = "/sim/now"
	sleepPath   = "/sim/sleep"
	lookupPath  = "/sim/lookup"
	serversPath = "/sim/nameservers"
	statusPath  = "/sim/status"
	losePath    = "/sim/lose"
	returnPath  = "/sim/return"
	faultPath   = "/sim/fault"
	healPath    = "/sim/heal"
)

const (
	// limitHeader is for how long the sender of a request waits for its answer.
	limitHeader = "Pilotlight-Sim-Limit"
	// silenceHeader says why a request had no answer.
	silenceHeader = "Pilotlight-Sim-Silence"
)

// greeting is what a session begins with. It names no variable of the engine's
// environment: a command makes that itself.
type greeting struct {
	Dir      string `json:"dir"`      // the project's folder
	Provider int    `json:"provider"` // the local port of the AWS provider
}

// Status is how a world is.
type Status struct {
	Now        time.Time           `json:"now"`
	Dir        string              `json:"dir"` // the project's folder
	ProdRegion string              `json:"prodRegion"`
	DRRegion   string              `json:"drRegion"`
	Lost       map[string]sim.Loss `json:"lost"` // by region
	Faults     []sim.Fault         `json:"faults"`
	Visitors   string              `json:"visitors"` // what they see
	Speed      float64             `json:"speed"`
}
