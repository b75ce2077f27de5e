package stacks

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/components"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/state"
)

// ReadInventory reads a stack's inventory from its parameter. It adds the parameter itself,
// which is written when all else is listed.
func ReadInventory(c config.Config, text string) (state.Inventory, error) {
	v, err := state.ParseInventory(text)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", c.InventoryName(), err)
	}
	const kind = "aws:ssm/parameter:Parameter"
	if v[kind] == nil {
		v[kind] = map[string]string{}
	}
	v[kind][c.Name()+"-"+config.InventoryKey] = c.InventoryName()
	return v, nil
}

// awsResource is a resource of AWS as the program registers it.
type awsResource struct {
	kind, name string
	resource   pulumi.CustomResource
}

// writeInventory writes down the ids of all resources of AWS so far, once all are there.
func (s *site) writeInventory() error {
	listed := s.awsResources
	ids := make([]any, len(listed))
	for i, o := range listed {
		ids[i] = o.resource.ID()
	}
	text := pulumi.All(ids...).ApplyT(func(ids []any) string {
		v := state.Inventory{}
		for i, o := range listed {
			if v[o.kind] == nil {
				v[o.kind] = map[string]string{}
			}
			v[o.kind][o.name] = string(ids[i].(pulumi.ID))
		}
		return v.String()
	}).(pulumi.StringOutput)
	_, err := components.NewParameter(s.Context, s.cfg.Name(), components.ParameterArgs{
		Path: s.parameters(s.cfg.Stack), Key: config.InventoryKey, Value: text, Large: true,
	}, pulumi.Provider(s.provider))
	return err
}
