package state

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"

	"github.com/pilotlight-dr/pilotlight/refusal"
)

// BrokenError is a state that Pulumi refuses to use, since what it holds does not fit together.
type BrokenError struct{ Reason string }

func (e *BrokenError) Error() string { return "Pulumi takes it for broken: " + e.Reason }

// engineRefuses is how the engine begins to say that a state is broken (getCheckpoint of its backends; VerifyIntegrity).
const engineRefuses = "snapshot integrity failure"

// BrokenBy is the broken state that a text of the engine's tells of; nil for any other text.
func BrokenBy(text string) *BrokenError {
	_, why, broken := strings.Cut(text, engineRefuses)
	if !broken {
		return nil
	}
	why, _, _ = strings.Cut(strings.TrimPrefix(why, "; refusing to use it: "), "\n")
	return &BrokenError{strings.TrimSpace(why)}
}

// Refusal refuses what needs a stack's state. It may be the state of another stack than is updated.
func (e *BrokenError) Refusal(stack string) *refusal.Error {
	return refusal.New(refusal.CodeState, "the state of %[1]s is broken, and Pulumi does not use it (%[2]s): pulumi state repair -s %[1]s mends it, or pilotlight state restore %[1]s brings an earlier one back",
		stack, e.Reason)
}

// unread is the error of a state that the engine does not give.
func unread(stack string, err error) error {
	if broken := BrokenBy(err.Error()); broken != nil {
		return broken.Refusal(stack)
	}
	hint := ""
	if undecrypted.MatchString(err.Error()) {
		hint = " (both stacks of a site need the same secrets provider, or the same PULUMI_CONFIG_PASSPHRASE)"
	}
	return fmt.Errorf("reading what stack %s holds in its state%s: %w", stack, hint, err)
}

// undecrypted is what the engine's errors have in common when it could not decrypt a state.
var undecrypted = regexp.MustCompile(`(?i)crypt|passphrase|secrets? (provider|manager)|\bkms\b`)

// verify refuses a checkpoint that the engine would refuse, as by its VerifyIntegrity: each resource comes after its provider, and after all that it
// names. What is marked to be deleted may be there twice.
func verify(held apitype.DeploymentV3) *BrokenError {
	known, providers, live := map[urn.URN]bool{}, map[string]bool{}, map[urn.URN]bool{}
	for _, r := range held.Resources {
		if strings.HasPrefix(string(r.Type), "pulumi:providers:") {
			providers[string(r.URN)+"::"+string(r.ID)] = true
		}
		if r.Provider != "" && !providers[r.Provider] && !r.PendingReplacement {
			return &BrokenError{fmt.Sprintf("the provider of %s is not before it, or not there", r.URN)}
		}
		for _, named := range namedBy(r) {
			if named != "" && !known[named] {
				return &BrokenError{fmt.Sprintf("%s names %s, which is not before it, or not there", r.URN, named)}
			}
		}
		if live[r.URN] && !r.Delete {
			return &BrokenError{fmt.Sprintf("%s is there twice", r.URN)}
		}
		known[r.URN] = true
		live[r.URN] = live[r.URN] || !r.Delete
	}
	return nil
}

// namedBy are the resources that one names.
func namedBy(r apitype.ResourceV3) []urn.URN {
	all := append([]urn.URN{r.Parent, r.DeletedWith}, r.Dependencies...)
	for _, of := range r.PropertyDependencies {
		all = append(all, of...)
	}
	return append(all, r.ReplaceWith...)
}
