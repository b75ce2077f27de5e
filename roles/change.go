package roles

import "fmt"

// Change is one update of one stack: what is asked of it, and what is said about
// it in its file. With only Stack set, the update follows the file of the stack.
type Change struct {
	Stack string `json:"stack"`
	// Role is what the stack is to be; empty leaves it.
	Role Role `json:"role,omitempty"`
	// AcceptDataLoss, IgnoreProduction and AcceptStandby accept a risk of the activation at this epoch; 0 is none.
	AcceptDataLoss   int `json:"acceptDataLoss,omitempty"`
	IgnoreProduction int `json:"ignoreProduction,omitempty"`
	AcceptStandby    int `json:"acceptStandby,omitempty"`
	// Abort is the epoch of an activation to give up, this stack's or its lost peer's; 0 is none.
	Abort int `json:"abort,omitempty"`
	// Retire is the generation of a former database to end; 0 is none.
	Retire int `json:"retire,omitempty"`
	// Rotate asks for a rotation of secrets, such as database-2; empty is none.
	Rotate string `json:"rotate,omitempty"`
	// Teardown is the name of the site, to take away what keeps the stack from being destroyed.
	Teardown string `json:"teardown,omitempty"`
	// Destroy ends the stack after that.
	Destroy bool `json:"destroy,omitempty"`
}

// Settings are what the change says in the stack's file. What was said for an
// earlier one is taken out.
func (c Change) Settings() map[string]any {
	set := map[string]any{"acceptDataLoss": nil, "ignoreProduction": nil, "acceptStandby": nil, "abort": nil, "retire": nil, "rotate": nil, "teardown": nil}
	if c.Role != "" {
		set["role"] = string(c.Role)
	}
	for key, number := range map[string]int{
		"acceptDataLoss": c.AcceptDataLoss, "ignoreProduction": c.IgnoreProduction, "acceptStandby": c.AcceptStandby, "abort": c.Abort, "retire": c.Retire,
	} {
		if number != 0 {
			set[key] = number
		}
	}
	for key, text := range map[string]string{"rotate": c.Rotate, "teardown": c.Teardown} {
		if text != "" {
			set[key] = text
		}
	}
	return set
}

// String is the command that does the same.
func (c Change) String() string {
	text := "pulumi up -s " + c.Stack
	for _, setting := range []struct {
		key   string
		value any
		unset bool
	}{
		{"role", c.Role, c.Role == ""},
		{"acceptDataLoss", c.AcceptDataLoss, c.AcceptDataLoss == 0},
		{"ignoreProduction", c.IgnoreProduction, c.IgnoreProduction == 0},
		{"acceptStandby", c.AcceptStandby, c.AcceptStandby == 0},
		{"abort", c.Abort, c.Abort == 0},
		{"retire", c.Retire, c.Retire == 0},
		{"rotate", c.Rotate, c.Rotate == ""},
		{"teardown", c.Teardown, c.Teardown == ""},
	} {
		if !setting.unset {
			text += fmt.Sprintf(" -c %s=%v", setting.key, setting.value)
		}
	}
	if c.Destroy {
		text += " && pulumi destroy -s " + c.Stack
	}
	return text
}
