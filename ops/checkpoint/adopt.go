package checkpoint

import (
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
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/state"
)

// stashURN is the URN of what the program keeps in the state under a name.
func stashURN(stack, name string) string {
	return fmt.Sprintf("urn:pulumi:%s::%s::pulumi:index:Stash::%s", stack, config.Project, name)
}

// Holds reports whether a stash is in the state.
func (d Draft) Holds(name string) bool {
	return slices.ContainsFunc(d.resources(), func(entry any) bool {
		r, ok := entry.(map[string]any)
		urn, _ := r["urn"].(string)
		return ok && strings.HasSuffix(urn, "::pulumi:index:Stash::"+name)
	})
}

// Stash puts into the state what the program keeps there, as AWS has it: the claim; the secrets, where they are given; and the
// peer, which the state may know better. The state is marked as under adoption, until Settle: until then it must not be updated.
func (d Draft) Stash(stack string, claim roles.Claim, secrets map[string]string, peer state.PeerInfo) {
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
		there := d.find(urn)
		if there == nil {
			provider := d.ownProvider(stack)
			there = map[string]any{"urn": urn, "custom": true, "id": name + "-adopted", "type": "pulumi:index:Stash", "provider": provider}
			d["resources"] = append(d.resources(), there)
		}
		there["inputs"], there["outputs"] = map[string]any{"input": input}, map[string]any{"input": input, "output": input}
	}
	stash(state.DestroyGuard, state.UnderAdoption, false)
	stash(state.ClaimStash, claim, false)
	if secrets != nil {
		stash(state.SecretsStash, secrets, true)
	}
	if !d.Holds(state.PeerStash) {
		stash(state.PeerStash, peer, false)
	}
}

// Settle ends the adoption. The next update finds out what the claim still asks for.
func (d Draft) Settle(stack string) {
	const unfinished = "0"
	guard := d.find(stashURN(stack, state.DestroyGuard))
	guard["inputs"], guard["outputs"] = map[string]any{"input": unfinished}, map[string]any{"input": unfinished, "output": unfinished}
}

// ownProvider is a reference to the engine's own provider, which is added if the state lacks it.
func (d Draft) ownProvider(stack string) string {
	const kind, id = "pulumi:providers:pulumi", "adopted"
	urn := fmt.Sprintf("urn:pulumi:%s::%s::%s::default", stack, config.Project, kind)
	if there := d.find(urn); there != nil {
		return fmt.Sprintf("%s::%v", urn, there["id"])
	}
	d["resources"] = append([]any{map[string]any{"urn": urn, "type": kind, "custom": true, "id": id}}, d.resources()...)
	return urn + "::" + id
}

// Add puts those wanted resources into the state whose ids are in the inventory, with their components and their
// provider. It returns the URNs of the resources.
//
// A refresh drops a resource that the provider can't find by the inputs that are known so far, and Add is called again.
// tried holds, by URN, the number of inputs that were known at the last try, plus one. A resource is tried again only
// when more of them are known.
func (d Draft) Add(wanted []apitype.StepEventStateMetadata, inventory state.Inventory, tried map[string]int) (added []urn.URN) {
	byURN := map[string]apitype.StepEventStateMetadata{}
	for _, w := range wanted {
		byURN[w.URN] = w
	}
	for _, w := range wanted {
		name := urn.URN(w.URN).Name()
		id := inventory[w.Type][name]
		if id == "" || d.find(w.URN) != nil {
			continue
		}
		d.addParents(w, byURN)
		inputs := Known(w.Inputs)
		if tried[w.URN] > len(inputs) {
			continue // AWS has not what the inventory names
		}
		tried[w.URN] = len(inputs) + 1
		provider := d.provider(w.Provider, byURN)
		d["resources"] = append(d.resources(), map[string]any{
			"urn": w.URN, "type": w.Type, "custom": true, "id": id, "parent": w.Parent, "provider": provider,
			// Without outputs the provider would take the refresh for an import, and make an input
			// of everything that AWS tells.
			"inputs": inputs, "outputs": maps.Clone(inputs), "protect": w.Protect, "retainOnDelete": w.RetainOnDelete,
		})
		added = append(added, urn.URN(w.URN))
	}
	d.dropPending()
	return added
}

// addParents adds the components above a resource.
func (d Draft) addParents(of apitype.StepEventStateMetadata, byURN map[string]apitype.StepEventStateMetadata) {
	parent, ok := byURN[of.Parent]
	if !ok || d.find(of.Parent) != nil {
		return
	}
	d.addParents(parent, byURN)
	entry := map[string]any{"urn": parent.URN, "type": parent.Type, "custom": false, "inputs": Known(parent.Inputs), "outputs": map[string]any{}}
	if parent.Parent != "" {
		entry["parent"] = parent.Parent
	}
	d["resources"] = append(d.resources(), entry)
}

// provider is a reference to the provider of a resource, which is added if the state lacks it.
func (d Draft) provider(reference string, byURN map[string]apitype.StepEventStateMetadata) string {
	urn := reference[:strings.LastIndex(reference, "::")]
	if there := d.find(urn); there != nil {
		return fmt.Sprintf("%s::%v", urn, there["id"])
	}
	const id = "adopted"
	w := byURN[urn]
	inputs := Known(w.Inputs)
	d["resources"] = append([]any{map[string]any{
		"urn": urn, "type": w.Type, "custom": true, "id": id, "inputs": inputs, "outputs": maps.Clone(inputs),
	}}, d.resources()...)
	return urn + "::" + id
}

// Known are the inputs that a preview knows. One that holds anything unknown or masked is
// left out: the refresh and the next update fill it in.
func Known(inputs map[string]any) map[string]any {
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
func (d Draft) dropPending() {
	operations, _ := d["pending_operations"].([]any)
	d["pending_operations"] = slices.DeleteFunc(operations, func(entry any) bool {
		operation, _ := entry.(map[string]any)
		resource, _ := operation["resource"].(map[string]any)
		urn, _ := resource["urn"].(string)
		return operation["type"] == "creating" && d.find(urn) != nil
	})
}
