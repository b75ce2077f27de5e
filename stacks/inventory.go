package stacks

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/components"
)

// The inventory lists the ids of the stack's resources, in a parameter of the stack's region.
// With it and the record, a state that was lost or is too old is made anew from AWS.

// inventoryKey is the last part of the parameter's name.
const inventoryKey = "inventory"

// InventoryName is the name of the parameter that holds a stack's inventory.
func (c Config) InventoryName() string { return parameterPath(c.Site, c.Stack) + "/" + inventoryKey }

// Inventory are the ids of a stack's AWS resources, by type and logical name.
type Inventory map[string]map[string]string

// String is the inventory as the parameter holds it: JSON, compressed, since a plain
// parameter holds no more than 4096 characters.
func (v Inventory) String() string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings always can be
	}
	var packed bytes.Buffer
	writer := zlib.NewWriter(&packed)
	_, _ = writer.Write(text) // memory takes all
	_ = writer.Close()
	return base64.StdEncoding.EncodeToString(packed.Bytes())
}

// ReadInventory reads a stack's inventory from its parameter. It adds the parameter itself,
// which is written when all else is listed.
func (c Config) ReadInventory(text string) (Inventory, error) {
	v, err := ParseInventory(text)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", c.InventoryName(), err)
	}
	const kind = "aws:ssm/parameter:Parameter"
	if v[kind] == nil {
		v[kind] = map[string]string{}
	}
	v[kind][c.Name()+"-"+inventoryKey] = c.InventoryName()
	return v, nil
}

// ParseInventory reads what String wrote.
func ParseInventory(text string) (Inventory, error) {
	fail := func(err error) (Inventory, error) {
		return nil, fmt.Errorf("it is not of the form that this program writes: %w", err)
	}
	packed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return fail(err)
	}
	reader, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return fail(err)
	}
	plain, err := io.ReadAll(reader)
	if err != nil {
		return fail(err)
	}
	var v Inventory
	if err := json.Unmarshal(plain, &v); err != nil {
		return fail(err)
	}
	return v, nil
}

// owned is a resource of AWS as the program registers it.
type owned struct {
	kind, name string
	resource   pulumi.CustomResource
}

// takeInventory writes down the ids of all resources of AWS so far, once all are there.
func (s *site) takeInventory() error {
	listed := s.owned
	ids := make([]any, len(listed))
	for i, o := range listed {
		ids[i] = o.resource.ID()
	}
	text := pulumi.All(ids...).ApplyT(func(ids []any) string {
		v := Inventory{}
		for i, o := range listed {
			if v[o.kind] == nil {
				v[o.kind] = map[string]string{}
			}
			v[o.kind][o.name] = string(ids[i].(pulumi.ID))
		}
		return v.String()
	}).(pulumi.StringOutput)
	_, err := components.NewParameter(s.Context, s.cfg.Name(), components.ParameterArgs{
		Path: s.parameters(s.cfg.Stack), Key: inventoryKey, Value: text, Large: true,
	}, pulumi.Provider(s.provider))
	return err
}
