package deploy

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// databases are what an update of a site takes over from a killed one: RDS went on
// making them, nothing lived to write them down, and their names are fixed, so that
// none could be made in their place. The input that is the id is given by type.
var databases = map[string]string{"aws:rds/instance:Instance": "identifier"}

// adopt brings into the state what a killed update had asked for, of the types that
// the stack adopts. Of other resources another is made beside what may be left, of
// which the engine warns; once that was made, the warning is forgotten, and leftovers
// says what to look for. What the last update failed to change is read again: the
// provider takes it for changed, and would do nothing (pulumi/pulumi#21458).
func (s *Stack) adopt(ctx context.Context, run Run) (leftovers []string, err error) {
	state, err := s.State(ctx)
	if err != nil {
		return nil, err
	}
	edited, found, leftovers, err := adopted(state, s.adopts)
	doubtful := leftUndone(state)
	if err != nil || len(found)+len(leftovers)+len(doubtful) == 0 {
		return nil, err
	}
	stream, complaints := s.follow(ctx, run)
	if len(found)+len(leftovers) > 0 {
		err = s.stack.Import(ctx, apitype.UntypedDeployment{Version: checkpointVersion, Deployment: edited})
	}
	switch {
	case err != nil && len(found) == 0:
		return nil, nil // another time: the update says what is wrong
	case err != nil:
		return nil, s.failed(ctx, "taking over "+found[0]+", which a killed update had asked for, of", err, nil)
	case len(found)+len(doubtful) == 0:
		return leftovers, nil
	}
	doing := "reading again what the last update did not finish, of"
	if len(found) > 0 {
		doing = "taking over " + found[0] + ", which a killed update had asked for, of"
	}
	opts := []optrefresh.Option{optrefresh.Target(append(found, doubtful...)), optrefresh.EventStreams(stream)}
	if run.Output != nil {
		opts = append(opts, optrefresh.ProgressStreams(run.Output), optrefresh.ErrorProgressStreams(run.Output))
	}
	// It fills in what AWS made of it, or takes it out again when AWS knows nothing of it.
	_, err = s.stack.Refresh(ctx, opts...)
	complained := complaints()
	if err != nil {
		return nil, s.failed(ctx, doing, err, complained)
	}
	return leftovers, nil
}

// leftUndone are the URNs of the resources in a checkpoint whose creation or change
// failed after AWS was asked.
func leftUndone(state []byte) (urns []string) {
	var checkpoint struct {
		Resources []struct {
			URN        string   `json:"urn"`
			Custom     bool     `json:"custom"`
			Delete     bool     `json:"delete"`
			InitErrors []string `json:"initErrors"`
		} `json:"resources"`
	}
	if json.Unmarshal(state, &checkpoint) != nil {
		return nil // adopted says what is wrong with it
	}
	for _, r := range checkpoint.Resources {
		if r.Custom && !r.Delete && len(r.InitErrors) > 0 {
			urns = append(urns, r.URN)
		}
	}
	return urns
}

// checkpointVersion is the version of the form in which a deployment is exported.
const checkpointVersion = 3

// adopted moves pending creations in a checkpoint to its resources, under the ids
// that follow from the inputs that they were asked for with: ids are the names of
// those inputs, by type. It returns the URNs of those that have to be refreshed, which
// an adoption that was itself killed may have left too. A creation that is pending of
// what was made since is taken out; what that may have left is said.
func adopted(state []byte, ids map[string]string) (edited json.RawMessage, found, leftovers []string, err error) {
	var checkpoint map[string]any
	decoder := json.NewDecoder(bytes.NewReader(state))
	decoder.UseNumber()
	if len(state) == 0 {
		return nil, nil, nil, nil
	}
	if err := decoder.Decode(&checkpoint); err != nil {
		return nil, nil, nil, fmt.Errorf("reading what a killed update left: %w", err)
	}
	resources, _ := checkpoint["resources"].([]any)
	made := map[any]map[string]any{}
	for _, resource := range resources {
		if state, ok := resource.(map[string]any); ok && state["delete"] != true {
			made[state["urn"]] = state
		}
		if held, _, ok := adoptable(resource, ids); ok && !filledIn(held) {
			found = append(found, fmt.Sprint(held["urn"]))
		}
	}
	operations, _ := checkpoint["pending_operations"].([]any)
	var rest []any
	for _, entry := range operations {
		operation, _ := entry.(map[string]any)
		state, _ := operation["resource"].(map[string]any)
		held, input, ok := adoptable(state, ids)
		// What has other inputs was there before: it was to be replaced by what is pending.
		there := made[state["urn"]]
		switch again := there != nil && reflect.DeepEqual(unnamed(there["inputs"]), unnamed(state["inputs"])); {
		case operation["type"] != "creating" || !ok && !again:
			rest = append(rest, entry)
			continue
		case !ok:
			leftovers = append(leftovers, leftover(there))
			continue
		}
		inputs, _ := held["inputs"].(map[string]any)
		// Without outputs the provider would take it for an import, and make an input of
		// everything that AWS tells, the name of a copied database included: the program,
		// which leaves that out for a replica, would then replace it.
		held["id"], held["outputs"] = inputs[input], inputs
		resources = append(resources, held)
		found = append(found, fmt.Sprint(held["urn"]))
	}
	checkpoint["resources"], checkpoint["pending_operations"] = resources, rest
	edited, err = json.Marshal(checkpoint)
	return edited, found, leftovers, err
}

// autoName is what the provider puts behind a name that it makes up, anew each time.
var autoName = regexp.MustCompile(`-[0-9a-f]{7}$`)

// unnamed are inputs without the random part of names.
func unnamed(inputs any) map[string]any {
	bare := map[string]any{}
	given, _ := inputs.(map[string]any)
	for key, value := range given {
		if text, ok := value.(string); ok {
			value = autoName.ReplaceAllString(text, "")
		}
		bare[key] = value
	}
	return bare
}

// leftover says what to look for when a killed update had begun to make what another
// made since.
func leftover(made map[string]any) string {
	kind, urn := fmt.Sprint(made["type"]), fmt.Sprint(made["urn"])
	return fmt.Sprintf("a killed update had begun to make %s %s, too; the stack uses %v: if there is another, delete that",
		kind[strings.LastIndex(kind, ":")+1:], urn[strings.LastIndex(urn, "::")+2:], made["id"])
}

// filledIn says whether AWS has told what it made of a resource.
func filledIn(held map[string]any) bool {
	outputs, _ := held["outputs"].(map[string]any)
	return outputs["arn"] != nil
}

// adoptable finds the input that is the id of a resource.
func adoptable(resource any, ids map[string]string) (held map[string]any, input string, ok bool) {
	held, _ = resource.(map[string]any)
	kind, _ := held["type"].(string)
	input, ok = ids[kind]
	return held, input, ok
}
