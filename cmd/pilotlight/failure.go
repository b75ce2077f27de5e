package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/report"
)

// usageError is a command line that makes no sense. Nothing was done.
type usageError struct{ error }

// Unwrap is what is wrong with it.
func (e *usageError) Unwrap() error { return e.error }

// notReadyError is a site that could not do now what it is there for. The checks are shown.
type notReadyError struct{ missing error }

// Error sends people to the checks.
func (e *notReadyError) Error() string { return "not ready: fix the checks marked NO" }

// Unwrap is a refusal that lists what is missing.
func (e *notReadyError) Unwrap() error { return e.missing }

var (
	// errUnconfirmed is an operation that was not confirmed.
	errUnconfirmed = errors.New("nothing was changed")
	// errNotServing is a rehearsal that was held, and in which the site did not come back.
	errNotServing = errors.New("the site does not serve from the DR region: see the report for why and what to do next")
	// errNotWhole is a rehearsal in which the site came back, and the failover stopped before its end.
	errNotWhole = errors.New("the site serves from the DR region, and the failover does not end: see the report for what could not be made, and pilotlight check for the remedy")
)

// Codes of failures that only the command has.
const (
	codeUsage       = "usage"       // the command line
	codeUnconfirmed = "unconfirmed" // what would be done was not confirmed
	codeNotServing  = "not-serving" // the rehearsed site did not come back
	codeNotWhole    = "not-whole"   // the rehearsed site came back, and not all of it could be made
)

// exitRefused is the exit status of a refusal.
const exitRefused = 4

// exits are the exit statuses of other failures, by their codes.
var exits = map[string]int{
	refusal.CodeFailed: 1, codeUsage: 2, refusal.CodeNoProject: 2, refusal.CodeNotReady: 3, codeNotServing: 3, codeNotWhole: 3,
	refusal.CodeStopped: 5, refusal.CodeInterrupted: 130, // as a shell says it of Ctrl-C
}

const exitCodes = `Exit status:
  0    done, or there was nothing to do
  1    failed; what was changed, if anything, is said
  2    wrong usage; nothing was done. Where --json printed nothing, it crashed:
       pilotlight status says where the site stands
  3    not ready (check), or the rehearsed site did not come back whole
  4    refused, or locked by another update; nothing was changed
  5    stopped part-way: run the same command again, it resumes
  130  interrupted; run the same command again, it resumes
With --json a failure is printed as JSON, too: {"error": {"code", "reason", "remedy", "changed", …}}`

// exitCode is the contract with scripts.
func exitCode(err error) int {
	if err == nil {
		return 0
	}
	code, special := exits[failureOf(err).Code]
	if !special {
		return exitRefused
	}
	return code
}

// failureOf puts an error into the form for machines.
func failureOf(err error) ops.Failure {
	usage, wrong := errors.AsType[*usageError](err)
	f := ops.FailureOf(err)
	switch {
	case wrong:
		return ops.Failure{Code: codeUsage, Reason: usage.Error(), Remedy: "see --help of the command"}
	case f.Code == refusal.CodeInterrupted:
		f.Changed = f.Changed && !errors.Is(err, errUnconfirmed)
	case errors.Is(err, errNotServing):
		return ops.Failure{Code: codeNotServing, Reason: err.Error(), Remedy: "do what the report says is next"}
	case errors.Is(err, errNotWhole):
		return ops.Failure{Code: codeNotWhole, Reason: err.Error(), Remedy: "do what the report says is next, and check again"}
	case errors.Is(err, errUnconfirmed):
		return ops.Failure{Code: codeUnconfirmed, Reason: err.Error(), Remedy: "confirm it on a terminal, or give --yes"}
	}
	return f
}

// shownError is an error that was printed as JSON beside the result.
type shownError struct{ error }

// Unwrap is the error.
func (e *shownError) Unwrap() error { return e.error }

// writeFailure prints an error as JSON, beside what was done all the same: the fields of
// result, or result itself where that is a list. Nil is nothing.
func writeFailure(out io.Writer, result any, f ops.Failure) error {
	failed, err := json.Marshal(f)
	if err != nil {
		return err
	}
	done, err := json.Marshal(result)
	if err != nil {
		return err
	}
	fields := ""
	switch {
	case bytes.HasPrefix(done, []byte("{")):
		fields = strings.Trim(string(done[1:len(done)-1]), " ")
	case result != nil:
		fields = `"result":` + string(done)
	}
	if fields != "" {
		fields += ","
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, fmt.Appendf(nil, `{%s"error":%s}`, fields, failed), "", "  "); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, indented.String())
	return err
}

// asJSON reports whether a command line asks for JSON, be it wrong otherwise.
func asJSON(args []string) bool {
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	return slices.ContainsFunc(args, func(arg string) bool {
		name, value, given := strings.Cut(arg, "=")
		asks, err := strconv.ParseBool(value)
		return name == "--json" && (!given || asks && err == nil)
	})
}

// readsOnly reports whether a command can change nothing.
func readsOnly(cmd *cobra.Command) bool {
	return cmd != nil && (cmd.GroupID == groupSee || cmd.Annotations[reads] != "")
}

// reads annotates commands that change nothing.
const reads = "reads"

// run runs a command line, and says how it ended: as a sentence, and as JSON where that was
// asked for.
func run(ctx context.Context, root *cobra.Command, args []string) (code int) {
	out, complaints := report.EscapingWriter{To: root.OutOrStdout()}, root.ErrOrStderr()
	root.SetArgs(args)
	cmd, err := execute(ctx, root, args)
	if err == nil {
		return 0
	}
	_, shown := errors.AsType[*shownError](err)
	if !shown && asJSON(args) {
		f := failureOf(err)
		f.Changed = f.Changed && !readsOnly(cmd)
		if err := writeFailure(out, nil, f); err != nil {
			fmt.Fprintln(complaints, complaint(cmd, err))
		}
	}
	fmt.Fprintln(complaints, complaint(cmd, err))
	return exitCode(err)
}

// execute runs a command. A panic is an error, and its stack is a complaint: the process would end with the status of a
// wrong usage, which does nothing. One of another goroutine does that.
func execute(ctx context.Context, root *cobra.Command, args []string) (cmd *cobra.Command, err error) {
	defer func() {
		if crash := recover(); crash != nil {
			fmt.Fprintf(root.ErrOrStderr(), "%s", debug.Stack())
			cmd, _, _ = root.Find(args) // it was found before
			err = fmt.Errorf("it crashed, which is a fault of pilotlight: %v", crash)
		}
	}()
	return root.ExecuteContextC(ctx)
}

// complaint is an error for people.
func complaint(cmd *cobra.Command, err error) string {
	_, stopped := errors.AsType[*ops.StoppedError](err)
	if errors.Is(err, context.Canceled) && !stopped && !errors.Is(err, errUnconfirmed) {
		return "pilotlight: interrupted: the same command resumes; pilotlight status says what else can be done"
	}
	if exitCode(err) == exitRefused && !readsOnly(cmd) {
		err = refusal.Announce(err)
	}
	return "pilotlight: " + report.Escape(err.Error())
}
