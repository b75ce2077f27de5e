package roles

import "fmt"

// Standing is where a site stands by the claims of its stacks alone, and what to do
// about it. Steady is one that has a standby, and no change of role under way.
func Standing(sides []Side) (verdict, next string, steady bool) {
	leads, other, err := Leader(sides)
	switch {
	case err != nil:
		standby, _ := FailoverTarget(sides)
		return "not deployed", "pilotlight deploy", standby != nil
	case other != nil && other.Claim.Aborted && other.Claim.Epoch > leads.Claim.Epoch:
		return fmt.Sprintf("%s aborted an activation, and %s has not reclaimed the site", other.Name(), leads.Name()), "pilotlight abort to resume", false
	case leads.Claim.Role == Frozen:
		to := "<stack>"
		if other != nil {
			to = other.Stack
		}
		return fmt.Sprintf("%s is frozen: a switchover is under way", leads.Name()), fmt.Sprintf("pilotlight switchover %s to resume it, pilotlight thaw to undo it", to), false
	case !leads.Switched() && leads.Claim.Reason == ReasonSwitchover:
		return unfinished(leads), fmt.Sprintf("pilotlight switchover %s to resume it, pilotlight abort to give it up", leads.Stack), false
	case !leads.Switched() && leads.Claim.Epoch <= 1:
		return unfinished(leads), "pilotlight deploy", false
	case !leads.Switched() && leads.Claim.Reason == ReasonReclaim:
		return unfinished(leads), "pilotlight abort to resume", false
	case !leads.Switched():
		return unfinished(leads), "pilotlight failover to resume it, pilotlight abort to give it up", false
	case other == nil:
		return fmt.Sprintf("unprotected: %s has no other side", leads.Name()), "pilotlight init for a second stack", false
	case other.Claim.Role == "":
		return fmt.Sprintf("unprotected: %s was never deployed", other.Name()), "pilotlight deploy", false
	case other.Claim.Aborted:
		return fmt.Sprintf("%s aborted an activation, and does not follow %s yet", other.Name(), leads.Name()), "pilotlight abort to resume", false
	case other.Claim.Leads():
		return fmt.Sprintf("unprotected until %s is a standby again", other.Name()), "pilotlight reprotect, once its region is back", false
	case other.Unfinished && leads.Claim.Epoch <= 1: // nothing was ever to be reprotected
		return fmt.Sprintf("unprotected: the first deployment of %s is not finished", other.Name()), "pilotlight deploy to resume", false
	case other.Unfinished:
		return fmt.Sprintf("unprotected: %s has not finished becoming a standby: its last update stopped, and what it left running costs", other.Name()), "pilotlight reprotect to resume", false
	case leads.Unfinished:
		return fmt.Sprintf("%s serves, and the last update of it stopped before all was done", leads.Name()), "pilotlight deploy to resume", false
	}
	return "", "", true
}

func unfinished(leads Side) string {
	return fmt.Sprintf("the activation of %s (epoch %d) is not finished, and no update of it is seen to run", leads.Name(), leads.Claim.Epoch)
}
