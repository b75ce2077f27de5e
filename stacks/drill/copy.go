package drill

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// CopyIn reads what a drill's stack holds in its state: of what it is a copy, and the name of the balancer
// once the copy was seen healthy. A run that was killed at once may have left neither.
func CopyIn(state apitype.DeploymentV3) (c Copy, balancer string, err error) {
	for _, r := range state.Resources {
		if r.Type != "pulumi:index:Stash" {
			continue
		}
		held, _ := r.Inputs["input"].(string)
		switch r.URN.Name() {
		case copyName:
			if err := json.Unmarshal([]byte(held), &c); err != nil {
				return Copy{}, "", fmt.Errorf("reading the state of a drill: %w", err)
			}
		case servedName:
			balancer = held
		}
	}
	return c, balancer, nil
}
