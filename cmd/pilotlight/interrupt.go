package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"golang.org/x/term"
)

// interruption turns signals, and a terminal or a pipe that closes, into the end of the
// command's context. Nothing kills the command: it lets the engine save what AWS
// answered and release its lock.
type interruption struct {
	cancel  context.CancelFunc
	abandon chan struct{}

	mu       sync.Mutex
	count    int               // of interrupts
	gone     bool              // the terminal is
	outlives bool              // the terminal: the command goes on without it
	say      func(line string) // to the user
}

func newInterruption(cancel context.CancelFunc) *interruption {
	return &interruption{cancel: cancel, abandon: make(chan struct{}), say: func(string) {}}
}

type interruptionKey struct{}

// interruptible returns a context that ends at the first interrupt, and what keeps watch
// until stop is called.
func interruptible(parent context.Context) (ctx context.Context, in *interruption, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	in = newInterruption(cancel)
	signals := make(chan os.Signal, 4)
	// SIGPIPE is received so that a write to a closed pipe fails instead of ending the process.
	// Ignoring the signal would make the engine ignore it, too.
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	go func() {
		for got := range signals {
			switch got {
			case syscall.SIGPIPE: // the writer that met it has told
			case syscall.SIGHUP:
				in.hangUp()
			default:
				in.interrupt()
			}
		}
	}()
	return context.WithValue(ctx, interruptionKey{}, in), in, func() {
		signal.Stop(signals)
		close(signals)
		cancel()
	}
}

// interruptionOf is the command's; one of its own that nothing interrupts where main
// did not make one, as in tests.
func interruptionOf(ctx context.Context) *interruption {
	if in, ok := ctx.Value(interruptionKey{}).(*interruption); ok {
		return in
	}
	return newInterruption(func() {})
}

// interrupt ends the command's context. The second one ends what the command still waits for.
func (in *interruption) interrupt() {
	in.mu.Lock()
	in.count++
	count, say := in.count, in.say
	in.mu.Unlock()
	switch count {
	case 1:
		say("interrupted: nothing new begins. Waiting for what AWS has begun keeps the state complete and releases the lock; " +
			"a second interrupt stops the wait, and the next run has to find what AWS was making")
		in.cancel()
	case 2:
		say("interrupted again: stopping the engine at once")
		close(in.abandon)
	}
}

// hangUp tells that the terminal, or the reader of the output, is gone. It may be called
// for each line that can't be written.
func (in *interruption) hangUp() {
	in.mu.Lock()
	before, outlives, say := in.gone, in.outlives, in.say
	in.gone = true
	in.mu.Unlock()
	switch {
	case before:
	case outlives:
		say("the terminal is gone; this goes on")
	default:
		in.interrupt()
	}
}

// watch has say told what an interrupt does. outlives keeps the operation going when its
// terminal closes: a failover that stops there would leave the site down.
func (in *interruption) watch(outlives bool, say func(line string)) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.outlives, in.say = outlives, say
}

// output writes to a file that may be a pipe whose reader goes away.
type output struct {
	file *os.File // not embedded: its other methods would write past Write
	in   *interruption
}

// writer is the file itself where it is a terminal: that sends SIGHUP when it closes.
func (in *interruption) writer(file *os.File) io.Writer {
	if term.IsTerminal(int(file.Fd())) {
		return file
	}
	return &output{file, in}
}

// Write takes a closed pipe for a hang-up. Nothing is written from then on, which is no error:
// what the command does is not over, and its exit status tells how that went.
func (o *output) Write(text []byte) (int, error) {
	n, err := o.file.Write(text)
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.EIO) {
		o.in.hangUp()
		return len(text), nil
	}
	return n, err
}
