// Package mute keeps libraries from asking the terminal for its colours before
// main runs. One that pulumi/sdk brings along (bubbletea) does in its
// initialisation, on every command, and waits up to five seconds for an answer; the
// answers that come late end up on the screen. The library that it asks through
// (termenv) leaves a dumb terminal alone, so until End the terminal is called one.
//
// Go initialises the first package by import path that is ready. This one imports
// nothing but os, and termenv waits for golang.org/x/sys, which comes after it. A
// test of the command holds it to that.
package mute

import "os"

var terminal, named = os.LookupEnv("TERM")

func init() { _ = os.Setenv("TERM", "dumb") } // a valid name and value

// End puts the environment back as it was.
func End() {
	if named {
		_ = os.Setenv("TERM", terminal) // it held this
	} else {
		_ = os.Unsetenv("TERM")
	}
}
