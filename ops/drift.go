package ops

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/images"
)

// Drift is a difference between what a stack made and what AWS has now.
type Drift = checks.Drift

// driftLimit bounds the look at all resources of a stack: some hundred calls.
const driftLimit = 10 * time.Minute

// Drift finds what was changed outside of the program: it reads each resource in a stack's state from
// AWS, in the stack's region alone, and changes nothing. What touches a failover is first.
func (s *Site) Drift(ctx context.Context, stack string, run Run) (_ []Drift, err error) {
	defer noteRead(ctx, &err)
	opened, err := s.Stack(ctx, stack, false)
	if err != nil {
		return nil, err
	}
	found := []Drift{}
	collect := Run{Event: func(e events.EngineEvent) {
		if out := e.ResOutputsEvent; out != nil {
			found = append(found, drifts(out.Metadata)...)
		}
	}}
	if err := opened.previewRefresh(ctx, run.With(collect)); err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b Drift) int {
		if a.Touches != b.Touches {
			return map[bool]int{true: -1, false: 1}[a.Touches]
		}
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Property, b.Property))
	})
	return found, nil
}

// previewRefresh tells run what a refresh would find.
func (s *Stack) previewRefresh(ctx context.Context, run Run) error {
	end, err := s.takeTurn(ctx)
	if err != nil {
		return err
	}
	defer end()
	bounded, cancel := context.WithTimeoutCause(ctx, driftLimit, fmt.Errorf("AWS did not answer within %v", driftLimit))
	defer cancel()
	return s.operate(bounded, run, "looking for drift of", func(stream chan<- events.EngineEvent) error {
		_, err := s.stack.PreviewRefresh(bounded, optrefresh.Parallel(parallel), optrefresh.EventStreams(stream))
		return err
	})
}

// drifts are what the engine says of a resource that it has read.
func drifts(read apitype.StepEventMetadata) (all []Drift) {
	if !strings.HasPrefix(read.Type, "aws:") || read.Op == apitype.OpSame {
		return nil
	}
	d := Drift{Type: read.Type, Name: urn.URN(read.URN).Name()}
	if read.Op == apitype.OpDelete {
		d.Touches = checks.TouchesFailover(d.Type, "")
		return []Drift{d}
	}
	for _, property := range read.Diffs {
		if follows(read.Old, property) {
			continue
		}
		d.Property, d.Touches = property, checks.TouchesFailover(d.Type, property)
		d.Made, d.Found = inputAt(read.Old, property), inputAt(read.New, property)
		if d.Made == d.Found && d.Made != secretInput {
			continue // they differ in what the provider notes beside the inputs
		}
		d.Made, d.Found = shortened(d.Made), shortened(d.Found)
		all = append(all, d)
	}
	return all
}

// follows reports whether a property is the image to launch, where that is the newest one: it is moved between
// two updates.
func follows(state *apitype.StepEventStateMetadata, property string) bool {
	return state != nil && state.Inputs["description"] == images.PointerNote && (property == "value" || property == "insecureValue")
}

// longestValue is how much of a value is shown, in characters.
const longestValue = 100

func shortened(text string) string {
	if shown := []rune(text); len(shown) > longestValue {
		return string(shown[:longestValue]) + "…"
	}
	return text
}

// secretInput stands for a secret.
const secretInput = `"[secret]"`

// ownNotes is the key below which the provider notes which inputs it has filled in itself.
const ownNotes = "__defaults"

// withoutNotes is a value as the program gave it.
func withoutNotes(value any) any {
	switch v := value.(type) {
	case map[string]any:
		delete(v, ownNotes)
		for key := range v {
			v[key] = withoutNotes(v[key])
		}
	case []any:
		for i := range v {
			v[i] = withoutNotes(v[i])
		}
	}
	return value
}

// inputAt is an input of a resource, as JSON; empty where there is none. Events hold no
// secret, but a mark with a signature in its place.
func inputAt(state *apitype.StepEventStateMetadata, property string) string {
	path, err := resource.ParsePropertyPath(property)
	if state == nil || err != nil {
		return ""
	}
	value, there := path.Get(resource.NewPropertyValue(state.Inputs))
	if !there || value.IsNull() {
		return ""
	}
	text, err := json.Marshal(withoutNotes(value.Mappable()))
	if strings.Contains(string(text), resource.SigKey) {
		return secretInput
	}
	if err != nil {
		return ""
	}
	return string(text)
}

// CheckDrift adds to a readiness what was changed outside of the program on the stack that it is
// about. What a failover uses makes it not ready; the rest is told.
func (s *Site) CheckDrift(ctx context.Context, ready *Readiness, run Run) {
	const what = "drift"
	if ready.Stack == "" {
		return // no stack could take over: the other requirements say why
	}
	var err error
	if ready.Drift, err = s.Drift(ctx, ready.Stack, run); err != nil {
		ready.add(Requirement{
			Subject: what, Code: FailureOf(err).Code, Reason: "it could not be looked for: " + err.Error(),
			Remedy: "do what it says, with credentials that may read all resources of " + ready.Stack + " (docs/policies/deploy.json), and check again",
		})
		return
	}
	undo := fmt.Sprintf("take it back; or change the files to what is there, and run pulumi up --refresh -s %s, which makes all of it as the files say", ready.Stack)
	for _, d := range ready.Drift {
		q := Requirement{Subject: what, OK: true, Reason: d.String() + "; a failover does not use it", Remedy: undo}
		if d.Touches {
			q.OK, q.Code, q.Reason = false, checks.Drifted, d.String()
		}
		ready.add(q)
	}
	if len(ready.Drift) == 0 {
		ready.add(met(what, "nothing of "+ready.Stack+" was changed outside of the program"))
	}
}
