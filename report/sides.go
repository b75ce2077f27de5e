package report

import (
	"fmt"
	"strings"
)

// Side is one of the two sides of a site, before a run and as far as the run got.
type Side struct {
	Stack  string   `json:"stack,omitempty"` // empty for a production that this program did not make
	Region string   `json:"region"`
	Before Standing `json:"before"`
	After  Standing `json:"after"`
}

// Standing is what a side is at one moment.
type Standing struct {
	// Role is active, frozen or standby; overtaken, once the other side leads at a
	// later epoch; empty when nothing is deployed.
	Role      string `json:"role,omitempty"`
	HoldsName bool   `json:"holdsName,omitempty"` // DNS points to it
}

// String is the standing in words.
func (s Standing) String() string {
	text := s.Role
	if text == "" {
		text = "not deployed"
	}
	if s.HoldsName {
		text += ", DNS points here"
	}
	return text
}

// String is the side in words.
func (s Side) String() string {
	text := fmt.Sprintf("%s in %s: %s", s.name(), s.Region, s.Before)
	if s.After != s.Before {
		text += fmt.Sprintf(" -> %s", s.After)
	}
	return text
}

func (s Side) name() string {
	if s.Stack == "" {
		return "production"
	}
	return s.Stack
}

func sidesText(sides []Side) string {
	text := make([]string, len(sides))
	for i, side := range sides {
		text[i] = side.String()
	}
	return strings.Join(text, "; ")
}
