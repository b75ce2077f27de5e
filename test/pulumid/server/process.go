package main

import (
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"sync"
)

// process is what a process has one of and each command brings its own of: environment,
// working folder, and the place for complaints. Commands have it one at a time, but for
// the time in which the engine runs.
var process owner

type owner struct {
	mu         sync.Mutex
	before     map[string]*string // what the present command's environment hides
	complaints *os.File           // written by the sink of pulumi's own diagnostics, which is made once
	told       int64              // how many bytes of them are in the hands of their command
}

// adopt keeps what is printed past the streams of a command, before anything is: the
// diagnostics for the command that has the process, the rest is dropped.
func (o *owner) adopt() error {
	log.SetOutput(io.Discard)
	file, err := os.CreateTemp("", "pulumid-")
	if err != nil {
		return fmt.Errorf("keeping diagnostics: %w", err)
	}
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("keeping diagnostics: %w", err)
	}
	os.Stdout, os.Stderr, o.complaints = null, file, file
	return os.Remove(file.Name())
}

// as runs do with a command's environment, in its folder.
func (o *owner) as(c *command, do func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.take(c)
	defer o.tell(c)
	do()
}

// without lets other commands have the process while do runs.
func (o *owner) without(c *command, do func()) {
	o.tell(c)
	o.mu.Unlock()
	defer func() {
		o.mu.Lock()
		o.take(c)
	}()
	do()
}

func (o *owner) take(c *command) {
	for name, value := range o.before {
		if value == nil {
			_ = os.Unsetenv(name)
		} else {
			_ = os.Setenv(name, *value)
		}
	}
	o.before = map[string]*string{}
	for _, setting := range c.Env {
		name, value, _ := strings.Cut(setting, "=")
		if _, again := o.before[name]; !again {
			o.before[name] = nil
			if was, ok := os.LookupEnv(name); ok {
				o.before[name] = &was
			}
		}
		_ = os.Setenv(name, value)
	}
	_ = os.Chdir(c.Dir) // a command that is in the wrong folder says so
}

// tell hands the command the diagnostics that came while it had the process.
func (o *owner) tell(c *command) {
	text, err := io.ReadAll(io.NewSectionReader(o.complaints, o.told, 1<<40))
	if err != nil || len(text) == 0 {
		return
	}
	o.told += int64(len(text))
	_, _ = c.err.Write(text)
}
