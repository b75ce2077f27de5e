// Package checkpoint reads a stack's deployment and edits it, beside the engine: for what AWS made and no update wrote down.
package checkpoint

import (
	"bytes"
	"encoding/json"
	"slices"
)

// Draft is a deployment that is being edited: JSON as the engine exports it, so that what this program does not know
// stays as it is.
type Draft map[string]any

// Edit reads a deployment; that of a stack that was made just now is empty.
func Edit(text []byte) (Draft, error) {
	d := Draft{}
	if len(text) == 0 || string(text) == "null" {
		return d, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&d); err != nil {
		return nil, err
	}
	return d, nil
}

func (d Draft) resources() []any {
	all, _ := d["resources"].([]any)
	return all
}

// find is the resource with a URN; nil when there is none.
func (d Draft) find(urn string) map[string]any {
	for _, entry := range d.resources() {
		if r, ok := entry.(map[string]any); ok && r["urn"] == urn && r["delete"] != true {
			return r
		}
	}
	return nil
}

// Drop takes a resource out.
func (d Draft) Drop(urn string) {
	d["resources"] = slices.DeleteFunc(d.resources(), func(entry any) bool {
		r, _ := entry.(map[string]any)
		return r["urn"] == urn && r["delete"] != true
	})
}

// GiveUp marks a resource to be deleted, as the engine does with what it has replaced: an update makes another of its URN.
func (d Draft) GiveUp(urn string) {
	if r := d.find(urn); r != nil {
		r["delete"] = true
		delete(r, "initErrors")
	}
}

// ForgetUndone takes the mark of being left undone off some resources, and returns the URNs of those that had it.
func (d Draft) ForgetUndone(urns []string) (marked []string) {
	for _, urn := range urns {
		if r := d.find(urn); r != nil && r["initErrors"] != nil {
			marked = append(marked, urn)
			delete(r, "initErrors")
		}
	}
	return marked
}

// MarkUndone marks some resources as left undone.
func (d Draft) MarkUndone(urns []string, why string) {
	for _, urn := range urns {
		if r := d.find(urn); r != nil {
			r["initErrors"] = []any{why}
		}
	}
}
