package roles

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Role is what a stack is: the one switch between the two sides of a site.
type Role string

const (
	// Active serves the site: its database is writable and the site's DNS points to it.
	Active Role = "active"
	// Frozen is active, but read-only: the site shows a maintenance page, so that no write
	// is made that the other side could miss.
	Frozen Role = "frozen"
	// Standby is the pilot light: a replica of the active side's database and what costs nothing.
	Standby Role = "standby"
)

// Origin is how a database came to be. A database's arguments follow its origin for life: a
// promoted replica keeps those of a replica, since the arguments of a primary would replace it.
type Origin string

const (
	OriginEmpty   Origin = "empty"   // created without data
	OriginReplica Origin = "replica" // copied from the peer's database
)

// Generation is one of the databases that a stack has had.
type Generation struct {
	Number int    `json:"number"` // from 1, never used twice
	Origin Origin `json:"origin"`
	// DeleteRequested reports that retire was allowed: the database is no longer protected,
	// and the next update deletes it with a final snapshot.
	DeleteRequested bool `json:"deleteRequested,omitempty"`
	// EverPromoted reports that it was promoted at an earlier epoch than its claim's: it may
	// have served.
	EverPromoted bool `json:"everPromoted,omitempty"`
	// Source is the ARN of the database that a replica was copied from.
	Source string `json:"source,omitempty"`
	// SkipFinalSnapshot is set when it never led, as its activation was aborted before promotion or another replica took its
	// place: RDS takes no final snapshot of a replica, and no visitor wrote to it.
	SkipFinalSnapshot bool `json:"skipFinalSnapshot,omitempty"`
	// PasswordSet reports that a rotation has set its master user's password, and that it no
	// longer has that of its source. A database that was born empty always has its own.
	PasswordSet bool `json:"passwordSet,omitempty"`
	// Engine is the version of MySQL that a former database keeps; empty in the current one,
	// which has what its stack's configuration says.
	Engine string `json:"engine,omitempty"`
}

// Reason is why a stack was activated.
type Reason string

const (
	ReasonCreate     Reason = "create"     // the first deployment of the site
	ReasonFailover   Reason = "failover"   // without asking the peer
	ReasonSwitchover Reason = "switchover" // from a frozen peer: the promotion waits for all its writes
	ReasonReclaim    Reason = "reclaim"    // DNS pointed here already, so visitors may arrive before the switch is recorded
)

// Progress is how far an activation has come, as the state shows it.
type Progress int

const (
	Claimed  Progress = iota // the claim is saved
	Promoted                 // the database was seen to be promoted
	Switched                 // DNS was pointed here
)

var progressNames = []string{"claimed", "promoted", "switched"}

// String is the progress in a word.
func (p Progress) String() string { return progressNames[p] }

// MarshalText is the progress in a word.
func (p Progress) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (p *Progress) UnmarshalText(text []byte) error {
	for i, name := range progressNames {
		if string(text) == name {
			*p = Progress(i)
			return nil
		}
	}
	return fmt.Errorf("unknown progress %q", text)
}

// Claim is what a stack keeps in its state about itself. The zero Claim is that of a stack
// which was never deployed.
type Claim struct {
	Role Role `json:"role"`
	// Epoch counts the activations of the site, over all its stacks. It is the one at which
	// an active stack was activated, and for a standby the one of the active stack that it follows.
	Epoch int `json:"epoch"`
	// Reason is why the stack was activated; empty in a standby.
	Reason Reason `json:"reason,omitempty"`
	// Generation is the current database.
	Generation Generation `json:"generation"`
	// Former are databases that were current once. They are kept until they are retired.
	Former []Generation `json:"former,omitempty"`
	// Serial counts the changes of the claim. It tells a state from an older one.
	Serial int `json:"serial"`
	// ClaimedAt is when the activation was claimed. An activation that was killed is resumed,
	// and its time to recover counts from here.
	ClaimedAt time.Time `json:"claimedAt,omitzero"`
	// Accepted are the risks that were accepted for this activation. An update that resumes it
	// need not name them again.
	Accepted []string `json:"accepted,omitempty"`
	// Aborted reports that this standby was activated and gave its claim up before DNS pointed
	// here, at an epoch of its own: the peer may claim again.
	Aborted bool `json:"aborted,omitempty"`
	// Progress is how far the activation has come. It follows from other resources of the
	// state and is not part of the saved claim.
	Progress Progress `json:"-"`
}

// Leads reports whether the stack holds the site's only writable database, or the one that
// was until it was frozen.
func (c Claim) Leads() bool { return c.Role == Active || c.Role == Frozen }

// Switched reports whether DNS was pointed here at this epoch, as the state shows it.
func (c Claim) Switched() bool { return c.Progress == Switched }

// HoldsName reports whether DNS points to the stack that leads at this epoch, as far as its
// state can tell.
func (c Claim) HoldsName() bool { return c.Switched() || c.Reason == ReasonReclaim }

// Summary is the claim in a few words.
func (c Claim) Summary() string {
	if c.Role == "" {
		return "nothing"
	}
	return fmt.Sprintf("%s at epoch %d with database generation %d, change %d", c.Role, c.Epoch, c.Generation.Number, c.Serial)
}

// Equal reports whether two claims are saved alike.
func (c Claim) Equal(other Claim) bool { return c.text() == other.text() }

func (c Claim) text() string {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // it has no value that JSON refuses
	}
	return string(text)
}

// ParseClaim reads a claim as a state or AWS holds it. What this version did not write is an error.
func ParseClaim(text string) (c Claim, err error) {
	if err := ParseSaved(text, &c); err != nil {
		return Claim{}, err
	}
	return c, nil
}

// ParseSaved reads JSON that a stack saved. What this version did not write is an error.
func ParseSaved(text string, into any) error {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	if _, rest := decoder.Token(); err == nil && !errors.Is(rest, io.EOF) {
		err = errors.New("it holds more than one value")
	}
	if err != nil {
		return fmt.Errorf("this version of pilotlight did not write it: use the version that deployed the site (%w)", err)
	}
	return nil
}
