package sim

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// An Object is one resource as AWS sees it.
type Object struct {
	Type   string `json:"type"`   // Pulumi's token
	Region string `json:"region"` // where it was made; global ones are found from everywhere
	ID     string `json:"id"`
	Name   string `json:"name"` // the logical name it was made under
	// Account is whose it is.
	Account string `json:"account"`

	// Props are inputs and outputs, as JSON has them.
	Props map[string]any `json:"props"`
	Ready time.Time      `json:"ready"` // when its creation is over
	// Times are moments that a status is worked out from.
	Times map[string]time.Time `json:"times,omitempty"`
	// Phases are states on the way, each until its time.
	Phases []Phase `json:"phases,omitempty"`
	// Rows are a database's own: see held for what a replica holds besides.
	Rows []Row `json:"rows,omitempty"`
	// Machines are the instances of a group, and Activities how they were launched.
	Machines   []Machine         `json:"machines,omitempty"`
	Activities []ScalingActivity `json:"activities,omitempty"`
	// Refreshes replace all instances of a group, oldest first; Successors are those that one has launched so far
	// beside others.
	Refreshes  []Refresh   `json:"refreshes,omitempty"`
	Successors []Successor `json:"successors,omitempty"`
	// Former are the values that a parameter had, or read_only in a parameter
	// group, oldest first.
	Former []Former `json:"former,omitempty"`
}

// A Phase is a status that lasts until a time.
type Phase struct {
	Status string    `json:"status"`
	Until  time.Time `json:"until"`
}

// A Former is a value that was, until a time. An empty one is none.
type Former struct {
	Value string    `json:"value"`
	Until time.Time `json:"until"`
}

// status is worked out when asked: no goroutine moves it.
func (o *Object) status(now time.Time) string {
	for _, p := range o.Phases {
		if now.Before(p.Until) {
			return p.Status
		}
	}
	return "available"
}

// past reports whether a named moment has come.
func (o *Object) past(moment string, now time.Time) bool {
	t, ok := o.Times[moment]
	return ok && !now.Before(t)
}

func (o *Object) setTime(moment string, t time.Time) {
	if o.Times == nil {
		o.Times = map[string]time.Time{}
	}
	o.Times[moment] = t
}

// stamp notes when an object was made. What is made is called again when it changes.
func (o *Object) stamp(now time.Time) {
	if _, there := o.Times["created"]; !there {
		o.setTime("created", now)
	}
}

func (o *Object) text(prop string) string {
	s, _ := o.Props[prop].(string)
	return s
}

func (o *Object) number(prop string) int {
	f, _ := o.Props[prop].(float64)
	return int(f)
}

func (o *Object) flag(prop string) bool {
	b, _ := o.Props[prop].(bool)
	return b
}

func (o *Object) texts(prop string) []string { return textsAt(o.Props, prop) }

// tags are the object's tags, those that the provider adds by default among them.
func (o *Object) tags() map[string]string {
	tags := map[string]string{}
	given, _ := o.Props["tags"].(map[string]any)
	for key, value := range given {
		if text, ok := value.(string); ok {
			tags[key] = text
		}
	}
	return tags
}

// fill sets what was not set.
func (o *Object) fill(props map[string]any) {
	for k, v := range props {
		if _, ok := o.Props[k]; !ok {
			o.Props[k] = v
		}
	}
}

func (o *Object) clone() *Object {
	c := *o
	c.Props = plain(o.Props)
	c.Times = maps.Clone(o.Times)
	c.Phases = slices.Clone(o.Phases)
	c.Rows = slices.Clone(o.Rows)
	c.Former = slices.Clone(o.Former)
	c.Machines, c.Activities = slices.Clone(o.Machines), slices.Clone(o.Activities)
	c.Refreshes, c.Successors = slices.Clone(o.Refreshes), slices.Clone(o.Successors)
	return &c
}

// plain is a deep copy, with everything as JSON would give it back.
func plain(props map[string]any) map[string]any {
	data, err := json.Marshal(props)
	if err != nil {
		panic(fmt.Sprintf("properties are plain data, yet: %v", err))
	}
	out := map[string]any{}
	if err := json.Unmarshal(data, &out); err != nil {
		panic(fmt.Sprintf("properties are plain data, yet: %v", err))
	}
	return out
}

// textsAt reads strings at a path: "subnetIds", or "rules.destination.bucket"
// through lists and objects alike. Empty ones are left out.
func textsAt(v any, path string) []string {
	if path == "" {
		switch v := v.(type) {
		case string:
			if v != "" {
				return []string{v}
			}
		case []any:
			var all []string
			for _, item := range v {
				all = append(all, textsAt(item, "")...)
			}
			return all
		}
		return nil
	}
	switch v := v.(type) {
	case map[string]any:
		head, rest, _ := strings.Cut(path, ".")
		return textsAt(v[head], rest)
	case []any:
		var all []string
		for _, item := range v {
			all = append(all, textsAt(item, path)...)
		}
		return all
	}
	return nil
}

// textAt is the first string at a path.
func textAt(v any, path string) string {
	if all := textsAt(v, path); len(all) > 0 {
		return all[0]
	}
	return ""
}
