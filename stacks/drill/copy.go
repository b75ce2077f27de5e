package drill

import (
	"encoding/json"
	"fmt"
	"strings"
)

// ParseCopy reads what a drill's stack holds in a checkpoint, as pulumi stack export
// writes it below "deployment": of what it is a copy, and the name of the balancer
// once the copy was seen healthy. A run that was killed at once may have left neither.
func ParseCopy(checkpoint []byte) (c Copy, balancer string, err error) {
	var state struct {
		Resources []struct {
			URN    string         `json:"urn"`
			Inputs map[string]any `json:"inputs"`
		} `json:"resources"`
	}
	if len(checkpoint) == 0 {
		return Copy{}, "", nil
	}
	if err := json.Unmarshal(checkpoint, &state); err != nil {
		return Copy{}, "", fmt.Errorf("reading the state of a drill: %w", err)
	}
	for _, r := range state.Resources {
		held, _ := r.Inputs["input"].(string)
		switch {
		case strings.HasSuffix(r.URN, "pulumi:index:Stash::"+copyName):
			if err := json.Unmarshal([]byte(held), &c); err != nil {
				return Copy{}, "", fmt.Errorf("reading the state of a drill: %w", err)
			}
		case strings.HasSuffix(r.URN, "pulumi:index:Stash::"+servedName):
			balancer = held
		}
	}
	return c, balancer, nil
}
