package state

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
)

// The inventory lists the ids of the stack's resources, in a parameter of the stack's region.
// With it and the record, a state that was lost or is too old is made anew from AWS.

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
