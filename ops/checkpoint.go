package ops

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/state"
)

// checkpoint is a deployment that is being edited: JSON as the engine exports it, so that
// what this program does not know stays as it is.
type checkpoint map[string]any

// decodeCheckpoint reads a deployment; that of a stack that was made just now is empty.
func decodeCheckpoint(text []byte) (checkpoint, error) {
	c := checkpoint{}
	if len(text) == 0 || string(text) == "null" {
		return c, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&c); err != nil {
		return nil, err
	}
	return c, nil
}

func (c checkpoint) resources() []any {
	all, _ := c["resources"].([]any)
	return all
}

// find is the resource with a URN; nil when there is none.
func (c checkpoint) find(urn string) map[string]any {
	for _, entry := range c.resources() {
		if r, ok := entry.(map[string]any); ok && r["urn"] == urn && r["delete"] != true {
			return r
		}
	}
	return nil
}

// stashURN is the URN of what the program keeps in the state under a name.
func stashURN(stack, name string) string {
	return fmt.Sprintf("urn:pulumi:%s::%s::pulumi:index:Stash::%s", stack, config.Project, name)
}

// holds reports whether a stash is in the state.
func (c checkpoint) holds(name string) bool {
	return slices.ContainsFunc(c.resources(), func(entry any) bool {
		r, ok := entry.(map[string]any)
		urn, _ := r["urn"].(string)
		return ok && strings.HasSuffix(urn, "::pulumi:index:Stash::"+name)
	})
}

// stash puts into the state what the program keeps there, as AWS has it. The state is
// marked as under adoption, until settle: until then it must not be updated.
func (c checkpoint) stash(stack string, held fromAWS, peer state.PeerInfo) {
	stash := func(name string, value any, secret bool) {
		text, err := json.Marshal(value)
		if err != nil {
			panic(err) // these types have no value that JSON refuses
		}
		var input any = string(text)
		if secret {
			quoted, _ := json.Marshal(string(text)) // a string always can be
			input = map[string]any{sig.Key: sig.Secret, "plaintext": string(quoted)}
		}
		urn := stashURN(stack, name)
		there := c.find(urn)
		if there == nil {
			provider := c.ownProvider(stack)
			there = map[string]any{"urn": urn, "custom": true, "id": name + "-adopted", "type": "pulumi:index:Stash", "provider": provider}
			c["resources"] = append(c.resources(), there)
		}
		there["inputs"], there["outputs"] = map[string]any{"input": input}, map[string]any{"input": input, "output": input}
	}
	stash(state.DestroyGuard, state.UnderAdoption, false)
	stash(state.ClaimStash, held.claim, false)
	if held.secrets != nil {
		stash(state.SecretsStash, held.secrets, true)
	}
	if !c.holds(state.PeerStash) {
		stash(state.PeerStash, peer, false)
	}
}

// settle ends the adoption. The next update finds out what the claim still asks for.
func (c checkpoint) settle(stack string) {
	const unfinished = "0"
	guard := c.find(stashURN(stack, state.DestroyGuard))
	guard["inputs"], guard["outputs"] = map[string]any{"input": unfinished}, map[string]any{"input": unfinished, "output": unfinished}
}

// ownProvider is a reference to the engine's own provider, which is added if the state lacks it.
func (c checkpoint) ownProvider(stack string) string {
	const kind, id = "pulumi:providers:pulumi", "adopted"
	urn := fmt.Sprintf("urn:pulumi:%s::%s::%s::default", stack, config.Project, kind)
	if there := c.find(urn); there != nil {
		return fmt.Sprintf("%s::%v", urn, there["id"])
	}
	c["resources"] = append([]any{map[string]any{"urn": urn, "type": kind, "custom": true, "id": id}}, c.resources()...)
	return urn + "::" + id
}

// add puts wanted resources into the state whose ids the inventory has, and the components and
// the provider that they belong to. It names those of AWS.
//
// tried holds how much was known of a resource when it was added before, plus one: a refresh
// drops what the provider does not find by what is known so far.
func (c checkpoint) add(wanted []apitype.StepEventStateMetadata, inventory state.Inventory, tried map[string]int) (added []string) {
	byURN := map[string]apitype.StepEventStateMetadata{}
	for _, w := range wanted {
		byURN[w.URN] = w
	}
	for _, w := range wanted {
		name := urn.URN(w.URN).Name()
		id := inventory[w.Type][name]
		if id == "" || c.find(w.URN) != nil {
			continue
		}
		c.addParents(w, byURN)
		inputs := known(w.Inputs)
		if tried[w.URN] > len(inputs) {
			continue // AWS has not what the inventory names
		}
		tried[w.URN] = len(inputs) + 1
		provider := c.provider(w.Provider, byURN)
		c["resources"] = append(c.resources(), map[string]any{
			"urn": w.URN, "type": w.Type, "custom": true, "id": id, "parent": w.Parent, "provider": provider,
			// Without outputs the provider would take the refresh for an import, and make an input
			// of everything that AWS tells.
			"inputs": inputs, "outputs": maps.Clone(inputs), "protect": w.Protect, "retainOnDelete": w.RetainOnDelete,
		})
		added = append(added, Planned{Op: "adopt", Type: w.Type, Name: name}.String())
	}
	c.dropPending()
	return added
}

// addParents adds the components above a resource.
func (c checkpoint) addParents(of apitype.StepEventStateMetadata, byURN map[string]apitype.StepEventStateMetadata) {
	parent, ok := byURN[of.Parent]
	if !ok || c.find(of.Parent) != nil {
		return
	}
	c.addParents(parent, byURN)
	entry := map[string]any{"urn": parent.URN, "type": parent.Type, "custom": false, "inputs": known(parent.Inputs), "outputs": map[string]any{}}
	if parent.Parent != "" {
		entry["parent"] = parent.Parent
	}
	c["resources"] = append(c.resources(), entry)
}

// provider is a reference to the provider of a resource, which is added if the state lacks it.
func (c checkpoint) provider(reference string, byURN map[string]apitype.StepEventStateMetadata) string {
	urn := reference[:strings.LastIndex(reference, "::")]
	if there := c.find(urn); there != nil {
		return fmt.Sprintf("%s::%v", urn, there["id"])
	}
	const id = "adopted"
	w := byURN[urn]
	inputs := known(w.Inputs)
	c["resources"] = append([]any{map[string]any{
		"urn": urn, "type": w.Type, "custom": true, "id": id, "inputs": inputs, "outputs": maps.Clone(inputs),
	}}, c.resources()...)
	return urn + "::" + id
}

// known are the inputs that a preview knows. One that holds anything unknown or masked is
// left out: the refresh and the next update fill it in.
func known(inputs map[string]any) map[string]any {
	all := map[string]any{}
	for key, value := range inputs {
		if knows(value) {
			all[key] = value
		}
	}
	return all
}

func knows(value any) bool {
	switch value := value.(type) {
	case string:
		return value != plugin.UnknownStringValue
	case []any:
		return !slices.ContainsFunc(value, func(item any) bool { return !knows(item) })
	case map[string]any:
		if value[sig.Key] == sig.Secret {
			return false
		}
		for _, field := range value {
			if !knows(field) {
				return false
			}
		}
	}
	return true
}

// dropPending forgets operations on resources that the state holds now.
func (c checkpoint) dropPending() {
	operations, _ := c["pending_operations"].([]any)
	c["pending_operations"] = slices.DeleteFunc(operations, func(entry any) bool {
		operation, _ := entry.(map[string]any)
		resource, _ := operation["resource"].(map[string]any)
		urn, _ := resource["urn"].(string)
		return operation["type"] == "creating" && c.find(urn) != nil
	})
}

// unproven marks what AWS may have made, until somebody has looked at it.
const unproven = "AWS may have made it, and no update wrote it down"

// takeOver moves pending creations, and those that AWS refused because of their names, to the resources, under the ids
// that are given by URN, with the mark unproven. It marks as left undone what pending updates and deletions were about, and
// reports whether it did: the mark stays until AWS has told what it holds, also when the takeover is itself killed.
func (c checkpoint) takeOver(refused []apitype.ResourceV3, ids map[urn.URN]string) (doubted bool) {
	operations, _ := c["pending_operations"].([]any)
	for _, r := range refused {
		operations = append(operations, map[string]any{"type": string(apitype.OperationTypeCreating), "resource": map[string]any{
			"urn": string(r.URN), "type": string(r.Type), "custom": true, "parent": string(r.Parent), "provider": r.Provider,
			"inputs": r.Inputs, "protect": r.Protect, "retainOnDelete": r.RetainOnDelete,
		}})
	}
	for _, entry := range operations {
		operation, _ := entry.(map[string]any)
		resource, _ := operation["resource"].(map[string]any)
		text, _ := resource["urn"].(string)
		switch operation["type"] {
		case string(apitype.OperationTypeUpdating), string(apitype.OperationTypeDeleting):
			there := c.find(text)
			if kind, _ := there["type"].(string); strings.HasPrefix(kind, "aws:") {
				there["initErrors"], doubted = []any{"an update was killed that changed it"}, true
			}
		case string(apitype.OperationTypeCreating):
			id := ids[urn.URN(text)]
			if id == "" {
				continue
			}
			// Without outputs the provider would take it for an import, and make an input of
			// everything that AWS tells, the name of a copied database included: the program,
			// which leaves that out for a replica, would then replace it.
			resource["id"], resource["outputs"], resource["initErrors"] = id, resource["inputs"], []any{unproven}
			c["resources"] = append(c.resources(), resource)
		}
	}
	c["pending_operations"] = []any{}
	return doubted
}

// unproven are the URNs of what carries that mark.
func (c checkpoint) unproven() (urns []string) {
	for _, entry := range c.resources() {
		r, _ := entry.(map[string]any)
		if marks, _ := r["initErrors"].([]any); slices.Contains(marks, any(unproven)) {
			urns = append(urns, fmt.Sprint(r["urn"]))
		}
	}
	return urns
}

// drop takes a resource out.
func (c checkpoint) drop(urn string) {
	c["resources"] = slices.DeleteFunc(c.resources(), func(entry any) bool {
		r, _ := entry.(map[string]any)
		return r["urn"] == urn && r["delete"] != true
	})
}
