package ops

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// named are what an update of a site takes over from a killed one: AWS made them, nothing
// lived to write them down, and their names are fixed, so that none could be made in their
// place. The input that is the id is given by type.
var named = map[string]string{"aws:rds/instance:Instance": "identifier", "aws:ssm/parameter:Parameter": "name"}

// adopt brings into the state what a killed update had asked for, of the types that the
// stack adopts. It returns the other creations that are pending: what AWS may have made
// that the state does not know. Another is made beside it, see leftovers. imported reports
// that the state was written anew, in which the engine keeps no pending operation. What the
// last update failed to change is read again: the provider takes it for changed, and would
// do nothing (pulumi/pulumi#21458).
func (s *Stack) adopt(ctx context.Context, run Run) (pending []creation, imported bool, err error) {
	state, err := s.Export(ctx)
	if err != nil {
		return nil, false, err
	}
	if pending, err = pendingCreations(state); err != nil {
		return nil, false, err
	}
	pending = slices.DeleteFunc(pending, func(c creation) bool { return s.adopts[c.Type] != "" })
	edited, found, err := adopted(state, s.adopts)
	doubtful := leftUndone(state)
	if err != nil || len(found)+len(doubtful) == 0 {
		return pending, false, err
	}
	stream, complaints := s.follow(ctx, run)
	doing := "reading again what the last update did not finish, of"
	if imported = len(found) > 0; imported {
		doing = "taking over " + found[0] + ", which a killed update had asked for, of"
		if err := s.put(ctx, edited); err != nil {
			return nil, false, s.failed(ctx, doing, err, nil)
		}
	}
	opts := []optrefresh.Option{optrefresh.Target(append(found, doubtful...)), optrefresh.EventStreams(stream)}
	if run.Output != nil {
		opts = append(opts, optrefresh.ProgressStreams(run.Output), optrefresh.ErrorProgressStreams(run.Output))
	}
	// It fills in what AWS made of it, or takes it out again when AWS knows nothing of it.
	_, err = s.stack.Refresh(ctx, opts...)
	complained := complaints()
	if err != nil {
		return pending, imported, s.failed(ctx, doing, err, complained)
	}
	return pending, imported, nil
}

// put writes a state. The engine drops all pending operations from it.
func (s *Stack) put(ctx context.Context, state json.RawMessage) error {
	return s.stack.Import(ctx, apitype.UntypedDeployment{Version: checkpointVersion, Deployment: state})
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
// an adoption that was itself killed may have left too.
func adopted(state []byte, ids map[string]string) (edited json.RawMessage, found []string, err error) {
	var checkpoint map[string]any
	decoder := json.NewDecoder(bytes.NewReader(state))
	decoder.UseNumber()
	if len(state) == 0 {
		return nil, nil, nil
	}
	if err := decoder.Decode(&checkpoint); err != nil {
		return nil, nil, fmt.Errorf("reading what a killed update left: %w", err)
	}
	resources, _ := checkpoint["resources"].([]any)
	for _, resource := range resources {
		if held, _, ok := adoptable(resource, ids); ok && !filledIn(held) {
			found = append(found, fmt.Sprint(held["urn"]))
		}
	}
	operations, _ := checkpoint["pending_operations"].([]any)
	for _, entry := range operations {
		operation, _ := entry.(map[string]any)
		held, input, ok := adoptable(operation["resource"], ids)
		if operation["type"] != creating || !ok {
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
	checkpoint["resources"], checkpoint["pending_operations"] = resources, []any{}
	edited, err = json.Marshal(checkpoint)
	return edited, found, err
}

// filledIn reports whether AWS has told what it made of a resource.
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
