package checkpoint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
)

// unproven marks what AWS may have made, until somebody has looked at it.
const unproven = "AWS may have made it, and no update wrote it down"

// TakeOver moves pending creations, and those that AWS refused because of their names, to the resources, under the ids
// that are given by URN, with the mark unproven. It marks as left undone what pending updates and deletions were about, and
// reports whether it did: the mark stays until AWS has told what it holds, also when the takeover is itself killed.
func (d Draft) TakeOver(refused []apitype.ResourceV3, ids map[urn.URN]string) (doubted bool) {
	operations, _ := d["pending_operations"].([]any)
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
			there := d.find(text)
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
			d["resources"] = append(d.resources(), resource)
		}
	}
	d["pending_operations"] = []any{}
	return doubted
}

// Unproven are the URNs of what carries that mark.
func (d Draft) Unproven() (urns []string) {
	for _, entry := range d.resources() {
		r, _ := entry.(map[string]any)
		if marks, _ := r["initErrors"].([]any); slices.Contains(marks, any(unproven)) {
			urns = append(urns, fmt.Sprint(r["urn"]))
		}
	}
	return urns
}

// Takeable are the pending creations of AWS's resources that may be taken over: of what the state does not hold, and
// that was asked for once. The engine accepts no two of a URN, but those that it replaced and is yet to delete.
func Takeable(asked []apitype.ResourceV3, held apitype.DeploymentV3) (all []apitype.ResourceV3) {
	times := map[urn.URN]int{}
	for _, r := range Current(held) {
		times[r.URN]++
	}
	for _, c := range asked {
		times[c.URN]++
	}
	for _, c := range asked {
		if times[c.URN] == 1 && OnAWS(c) {
			all = append(all, c)
		}
	}
	return all
}
