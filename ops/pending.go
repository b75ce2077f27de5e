package ops

import (
	"context"
	"fmt"
	"regexp"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"

	"github.com/pilotlight-dr/pilotlight/ops/checkpoint"
)

// unsettled says what a pending operation means. The engine itself forgets all but
// creations at its next checkpoint, and does again what the program still wants. Where the
// program wants the opposite, what AWS did would stay: see takeOver.
var unsettled = map[apitype.OperationType]string{
	apitype.OperationTypeCreating: "was creating %s: AWS may have one that the state does not know",
	apitype.OperationTypeUpdating: "was updating %s: AWS may have the old settings or the new ones",
	apitype.OperationTypeDeleting: "was deleting %s: AWS may have deleted it, or still be at it",
	apitype.OperationTypeReading:  "was reading %s: nothing was changed by that",
	"importing":                   "was importing %s: nothing was changed on AWS by that, and the state may not have it",
}

// warnsOfPending begins what the engine warns of after a kill, with advice for
// a person who has nothing but the engine.
const warnsOfPending = "Attempting to deploy or update resources with "

// interruptedWhile is an operation in the list of that warning
// (pkg/resource/deploy, printPendingOperationsWarning).
var interruptedWhile = regexp.MustCompile(`(?m)^\s*\* (urn:pulumi:.+), interrupted while (\w+)\s*$`)

// pendingText puts the engine's warning of pending operations in other words, a line for
// each resource of AWS. It has none for what the engine keeps in its state alone.
func pendingText(warning string) (lines []string) {
	for _, found := range interruptedWhile.FindAllStringSubmatch(warning, -1) {
		id := urn.URN(found[1])
		lines = append(lines, interruptedText([]apitype.OperationV2{{Type: apitype.OperationType(found[2]), Resource: apitype.ResourceV3{URN: id, Type: id.Type()}}})...)
	}
	return lines
}

// interruptedText says what pending operations mean, a line for each resource of AWS.
func interruptedText(operations []apitype.OperationV2) (lines []string) {
	for _, o := range operations {
		meaning, known := unsettled[o.Type]
		if !known {
			meaning = "was " + string(o.Type) + " %s: look at it on AWS"
		}
		if checkpoint.OnAWS(o.Resource) {
			lines = append(lines, "a killed update "+fmt.Sprintf(meaning, checkpoint.Described(o.Resource)))
		}
	}
	return lines
}

// orphanNotes says what to look for on AWS, now that an update has ended which found
// creations pending. The engine would list them again and again: it forgets a pending
// creation only by a refresh or an import. One that ended well imports, so that this is said once.
func (s *Stack) orphanNotes(ctx context.Context, left remains, well bool) (notes []string) {
	if len(left.pending) == 0 || !left.imported && !well {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askAgainFor) // also when ctx was what ended the update
	defer cancel()
	text, held, err := s.decoded(ctx)
	if err == nil && well && len(checkpoint.PendingCreations(held)) > 0 {
		err = s.put(ctx, text)
	}
	if err != nil && !left.imported { // another time: the next update finds them again
		return nil
	}
	return toLookFor(left.pending, held)
}

// toLookFor says of each pending creation what the stack has in its place.
func toLookFor(pending []apitype.ResourceV3, held apitype.DeploymentV3) (notes []string) {
	ids := map[urn.URN]string{}
	for _, r := range checkpoint.Current(held) {
		ids[r.URN] = string(r.ID)
	}
	for _, c := range pending {
		switch id, there := ids[c.URN]; {
		case !checkpoint.OnAWS(c):
		case there:
			notes = append(notes, fmt.Sprintf("a killed update had begun to make %s, too; the stack uses %s: if there is another, delete that", checkpoint.Described(c), id))
		default:
			notes = append(notes, fmt.Sprintf("a killed update had begun to make %s: look for it on AWS, and delete it if the stack does not use it", checkpoint.Described(c)))
		}
	}
	return notes
}
