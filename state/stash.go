package state

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/roles"
)

// Unstash reads a value that Stash kept. What this version did not write is an error.
func Unstash(value, into any) error {
	text, ok := value.(string)
	if !ok {
		return errors.New("it is not of the form that this program writes: was the state edited?")
	}
	return roles.ParseSaved(text, into)
}

// Stash keeps a value in the state, as JSON text, so that it reads back as it was.
func Stash(ctx *pulumi.Context, name string, value pulumi.StringInput, opts ...pulumi.ResourceOption) (*pulumi.Stash, error) {
	kept, err := pulumi.NewStash(ctx, name, &pulumi.StashArgs{Input: value}, opts...)
	if err != nil {
		return nil, fmt.Errorf("keeping %s in the state: %w", name, err)
	}
	return kept, nil
}

// JSON is value as JSON text. The types stashed have no value that JSON refuses.
func JSON(value any) pulumi.String {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return pulumi.String(text)
}
