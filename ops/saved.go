package ops

import "encoding/json"

// A savedResource is a resource in a checkpoint.
type savedResource struct {
	URN          string         `json:"urn"`
	ID           string         `json:"id"`
	Type         string         `json:"type"`
	Custom       bool           `json:"custom"`
	Delete       bool           `json:"delete"` // it was replaced, and is yet to be deleted
	InitErrors   []string       `json:"initErrors"`
	Dependencies []string       `json:"dependencies"`
	Outputs      map[string]any `json:"outputs"`
}

// savedResources are the resources in a checkpoint that are not yet to be deleted, in the order in which they depend on each other;
// none of a checkpoint that can't be read: who opens the stack says what is wrong with it.
func savedResources(checkpoint []byte) (all []savedResource) {
	var saved struct {
		Resources []savedResource `json:"resources"`
	}
	if json.Unmarshal(checkpoint, &saved) != nil {
		return nil
	}
	for _, r := range saved.Resources {
		if !r.Delete {
			all = append(all, r)
		}
	}
	return all
}
