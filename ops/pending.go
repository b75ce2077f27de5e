package ops

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// The operations that the engine lists as pending when it was killed meanwhile
// (github.com/pulumi/pulumi, sdk/go/common/apitype, OperationType).
const (
	creating  = "creating"
	updating  = "updating"
	deleting  = "deleting"
	reading   = "reading"
	importing = "importing"
)

// unsettled says what a pending operation means. The engine itself forgets all but
// creations at its next checkpoint, and does again what the program still wants. Where the
// program wants the opposite, what AWS did would stay: see adopt.
var unsettled = map[string]string{
	creating:  "was creating %s: AWS may have one that the state does not know",
	updating:  "was updating %s: AWS may have the old settings or the new ones",
	deleting:  "was deleting %s: AWS may have deleted it, or still be at it",
	reading:   "was reading %s: nothing was changed by that",
	importing: "was importing %s: nothing was changed on AWS by that, and the state may not have it",
}

// warnsOfPending begins what the engine warns of after a kill, with advice for
// a person who has nothing but the engine.
const warnsOfPending = "Attempting to deploy or update resources with "

// interruptedWhile is an operation in the list of that warning
// (pkg/resource/deploy, printPendingOperationsWarning).
var interruptedWhile = regexp.MustCompile(`(?m)^\s*\* (urn:.+), interrupted while (\w+)\s*$`)

// pendingText puts the engine's warning of pending operations in other words, a line for
// each resource of AWS. It has none for what the engine keeps in its state alone.
func pendingText(warning string) (lines []string) {
	for _, found := range interruptedWhile.FindAllStringSubmatch(warning, -1) {
		lines = append(lines, interruptedText([]operation{{Type: found[2], Resource: creation{URN: found[1], Type: typeOf(found[1])}}})...)
	}
	return lines
}

// interruptedText says what pending operations mean, a line for each resource of AWS.
func interruptedText(operations []operation) (lines []string) {
	for _, o := range operations {
		meaning, known := unsettled[o.Type]
		if !known {
			meaning = "was " + o.Type + " %s: look at it on AWS"
		}
		if strings.HasPrefix(o.Resource.Type, "aws:") {
			lines = append(lines, "a killed update "+fmt.Sprintf(meaning, o.Resource))
		}
	}
	return lines
}

// typeOf is the type of the resource that a URN names: the last of its chain of types.
func typeOf(urn string) string {
	parts := strings.Split(urn, "::")
	if len(parts) < 4 {
		return ""
	}
	chain := parts[2]
	return chain[strings.LastIndex(chain, "$")+1:]
}

// creation is a resource that a killed update had asked for.
type creation struct {
	URN    string         `json:"urn"`
	Type   string         `json:"type"`
	Inputs map[string]any `json:"inputs"`
}

// name is the logical name.
func (c creation) name() string { return c.URN[strings.LastIndex(c.URN, "::")+2:] }

// id is what some inputs, named with colons between them, make up; empty where one is not known.
func (c creation) id(inputs string) string {
	var all []string
	for input := range strings.SplitSeq(inputs, ":") {
		text, _ := c.Inputs[input].(string)
		if text == "" {
			return ""
		}
		all = append(all, text)
	}
	return strings.Join(all, ":")
}

// texts is an input that is a list of strings.
func (c creation) texts(key string) (all []string) {
	given, _ := c.Inputs[key].([]any)
	for _, item := range given {
		if text, ok := item.(string); ok {
			all = append(all, text)
		}
	}
	return all
}

// String is its kind and its name.
func (c creation) String() string { return c.Type[strings.LastIndex(c.Type, ":")+1:] + " " + c.name() }

// operation is one that was pending when its update was killed.
type operation struct {
	Type     string   `json:"type"`
	Resource creation `json:"resource"`
}

// pendingOperations are those that a checkpoint lists.
func pendingOperations(state []byte) ([]operation, error) {
	var checkpoint struct {
		Pending []operation `json:"pending_operations"`
	}
	if len(state) == 0 {
		return nil, nil
	}
	if err := json.Unmarshal(state, &checkpoint); err != nil {
		return nil, fmt.Errorf("reading what a killed update left: %w", err)
	}
	return checkpoint.Pending, nil
}

func pendingCreations(state []byte) ([]creation, error) {
	pending, err := pendingOperations(state)
	return creations(pending), err
}

func creations(operations []operation) (asked []creation) {
	for _, o := range operations {
		if o.Type == creating {
			asked = append(asked, o.Resource)
		}
	}
	return asked
}

// leftovers says what to look for on AWS, now that an update has ended which found
// creations pending. The engine would list them again and again: it forgets a pending
// creation only by a refresh or an import. One that ended well imports, so that this is said once.
func (s *Stack) leftovers(ctx context.Context, pending []creation, imported, well bool) (notes []string) {
	if len(pending) == 0 || !imported && !well {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askAgainFor) // also when ctx was what ended the update
	defer cancel()
	state, err := s.Export(ctx)
	if err == nil && well {
		err = s.forgetPending(ctx, state)
	}
	if err != nil && !imported { // another time: the next update finds them again
		return nil
	}
	return toLookFor(pending, state)
}

// forgetPending drops the creations that are pending in a state.
func (s *Stack) forgetPending(ctx context.Context, state []byte) error {
	still, err := pendingCreations(state)
	if err != nil || len(still) == 0 {
		return err
	}
	return s.put(ctx, state)
}

// toLookFor says of each pending creation what the stack has in its place.
func toLookFor(pending []creation, state []byte) (notes []string) {
	ids := map[string]string{}
	for _, r := range savedResources(state) {
		ids[r.URN] = r.ID
	}
	for _, c := range pending {
		switch id, there := ids[c.URN]; {
		case !strings.HasPrefix(c.Type, "aws:"):
		case there:
			notes = append(notes, fmt.Sprintf("a killed update had begun to make %s, too; the stack uses %s: if there is another, delete that", c, id))
		default:
			notes = append(notes, fmt.Sprintf("a killed update had begun to make %s: look for it on AWS, and delete it if the stack does not use it", c))
		}
	}
	return notes
}
