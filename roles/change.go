package roles

import "fmt"

// Accepted are accepted risks, each by the number that the refusal named: an epoch, or a generation; 0 is none.
type Accepted struct {
	DataLoss         int `json:"acceptDataLoss,omitempty"`
	IgnoreProduction int `json:"ignoreProduction,omitempty"`
	Standby          int `json:"acceptStandby,omitempty"`
	// NoSnapshot is the generation of a former database to end without a final snapshot, since RDS takes none of it. It is no risk
	// of an activation.
	NoSnapshot int `json:"acceptNoSnapshot,omitempty"`
}

// Risk is one that the configuration accepts: its key there, which is also its name in a claim (package checks has what
// each covers), and the epoch.
type Risk struct {
	Key   string
	Epoch int
}

// Risks are those of an activation, accepted or not.
func (a Accepted) Risks() []Risk {
	return []Risk{{"acceptDataLoss", a.DataLoss}, {"ignoreProduction", a.IgnoreProduction}, {"acceptStandby", a.Standby}}
}

// Change is one update of one stack: what is asked of it, and what is said about
// it in its file. With only Stack set, the update follows the file of the stack.
type Change struct {
	Stack string `json:"stack"`
	// Role is what the stack is to be; empty leaves it.
	Role Role `json:"role,omitempty"`
	Accepted
	// Abort is the epoch of an activation to give up, this stack's or its lost peer's; 0 is none.
	Abort int `json:"abort,omitempty"`
	// Rebuild is the generation of a standby's replica to make another one in place of; 0 is none.
	Rebuild int `json:"rebuild,omitempty"`
	// Retire is the generation of a former database to end; 0 is none.
	Retire int `json:"retire,omitempty"`
	// Rotate asks for a rotation of secrets, such as database-2; empty is none.
	Rotate string `json:"rotate,omitempty"`
	// Teardown is the name of the site, to take away what keeps the stack from being destroyed.
	Teardown string `json:"teardown,omitempty"`
	// Destroy ends the stack after that.
	Destroy bool `json:"destroy,omitempty"`
}

// setting is a key of a stack's file, and its value: a text or a number, which is zero where the file says nothing of it.
type setting struct {
	key   string
	value any
}

func (s setting) unset() bool { return s.value == "" || s.value == 0 }

// settings are all that a change may say in the stack's file.
func (c Change) settings() []setting {
	all := []setting{{"role", string(c.Role)}}
	for _, r := range c.Risks() {
		all = append(all, setting{r.Key, r.Epoch})
	}
	return append(all, setting{"abort", c.Abort}, setting{"rebuild", c.Rebuild}, setting{"retire", c.Retire}, setting{"acceptNoSnapshot", c.NoSnapshot}, setting{"rotate", c.Rotate}, setting{"teardown", c.Teardown})
}

// Settings are what the change says in the stack's file. What was said for an
// earlier one is taken out, but for the role.
func (c Change) Settings() map[string]any {
	set := map[string]any{}
	for _, s := range c.settings() {
		switch {
		case !s.unset():
			set[s.key] = s.value
		case s.key != "role":
			set[s.key] = nil
		}
	}
	return set
}

// String is the command that does the same.
func (c Change) String() string {
	text := "pulumi up -s " + c.Stack
	for _, s := range c.settings() {
		if !s.unset() {
			text += fmt.Sprintf(" -c %s=%v", s.key, s.value)
		}
	}
	if c.Destroy {
		text += " && pulumi destroy -s " + c.Stack
	}
	return text
}
