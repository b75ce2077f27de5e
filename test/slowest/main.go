// Command slowest reads what go test -json prints. It shows the packages as go test does,
// all output of the tests that fail or are skipped, and in the end the ten slowest tests.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// shown is how many tests are shown in the end.
const shown = 10

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "slowest:", err)
		os.Exit(1)
	}
}

// event is a line of go test -json: see go doc test2json.
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
	Elapsed float64 // seconds
}

// test is one that has ended.
type test struct {
	name    string
	seconds float64
}

func run(in io.Reader, out io.Writer) error {
	outputs, parents, tests := map[string][]string{}, map[string]bool{}, []test{}
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		var e event
		if json.Unmarshal(line, &e) != nil { // go itself complains
			fmt.Fprint(out, string(line))
			continue
		}
		name := e.Package + " " + e.Test
		switch {
		case e.Action == "output" && e.Test != "":
			outputs[name] = append(outputs[name], e.Output)
		case e.Action == "output" && e.Output != "PASS\n" || e.Action == "build-output":
			fmt.Fprint(out, e.Output)
		case e.Test == "":
		case e.Action == "fail", e.Action == "skip":
			fmt.Fprint(out, strings.Join(slices.DeleteFunc(outputs[name], marks), ""))
			fallthrough
		case e.Action == "pass":
			delete(outputs, name)
			tests = append(tests, test{name, e.Elapsed})
			if at := strings.LastIndex(name, "/"); at > strings.Index(name, " ") {
				parents[name[:at]] = true
			}
		}
	}
	for _, unfinished := range outputs { // of tests that a panic or a timeout has ended
		fmt.Fprint(out, strings.Join(slices.DeleteFunc(unfinished, marks), ""))
	}
	tests = slices.DeleteFunc(tests, func(t test) bool { return parents[t.name] })
	slices.SortStableFunc(tests, func(a, b test) int { return cmp.Compare(b.seconds, a.seconds) })
	fmt.Fprintln(out, "\nthe slowest tests, in seconds:")
	for _, t := range tests[:min(shown, len(tests))] {
		fmt.Fprintf(out, "%7.1f  %s\n", t.seconds, t.name)
	}
	return nil
}

// marks reports whether a line of output marks where a test starts or waits.
func marks(line string) bool {
	return strings.HasPrefix(line, "=== RUN ") || strings.HasPrefix(line, "=== PAUSE ") || strings.HasPrefix(line, "=== CONT ") || strings.HasPrefix(line, "=== NAME ")
}
