package stacks

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/state"
	"github.com/pilotlight-dr/pilotlight/wordpress"
)

// A rotation of secrets begins on the active side, which keeps the previous ones beside the new
// ones. Then the standby takes both. Then the active side lets no login in by the previous ones any
// more, once each of its instances uses the new ones. A standby that takes over meanwhile takes
// what the active side held, so its instances can log in whatever its replica has.

// chooseSecrets chooses the application's secrets. The first stack makes them; a standby follows
// the active side, and never overwrites what it holds with nothing. asked is the rotation that the
// configuration asks for; empty for none.
func chooseSecrets(plan roles.Plan, own, other state.State, asked string) (map[string]string, error) {
	held, peers := own.Secrets, other.Secrets
	number, rotating := wordpress.Rotation(held)
	theirs, _ := wordpress.Rotation(peers)
	steady := plan.Plain(own.Claim)
	switch {
	case plan.Claim.Role == roles.Standby && len(peers) > 0:
		held = peers
	case len(held) == 0 && plan.Claim.Generation.Origin == roles.OriginEmpty:
		return wordpress.GenerateSecrets(), nil
	case len(held) == 0:
		return nil, refusal.New(refusal.CodeUnfinished, "the peer holds no secrets yet: finish the peer's deployment first")
	case plan.Do == roles.Activate && plan.Claim.Reason != roles.ReasonReclaim && theirs > number:
		return peers, nil // it began a rotation that this side has not heard of
	case steady && asked != "":
		return rotate(held, asked)
	case steady && rotating != "" && (other.Claim.Role != roles.Standby || theirs == number):
		return wordpress.Settle(held), nil
	}
	if _, wanted, _ := wordpress.ParseRotation(asked); wanted > number && (plan.Do == roles.Freeze || plan.Claim.Role != roles.Active) {
		return nil, refusal.New(refusal.CodeClaims, "rotate is %s, and an active side alone rotates secrets, while no move is under way: remove it, and run pilotlight rotate PART once status says that the site is protected", asked)
	}
	return held, nil
}

// rotate begins the rotation that is asked for, or goes on with it. One that has been is none.
func rotate(held map[string]string, asked string) (map[string]string, error) {
	part, wanted, _ := wordpress.ParseRotation(asked)
	switch number, rotating := wordpress.Rotation(held); {
	case wanted < number || wanted == number && rotating == "" || wanted == number && rotating == part:
		return held, nil
	case rotating != "":
		return nil, refusal.New(refusal.CodeUnfinished, "rotation %d, of %s, has not ended: finish it first (pilotlight rotate %[2]s)", number, rotating)
	case wanted != number+1:
		return nil, refusal.New(refusal.CodeMismatch, "rotate is %s, and the next rotation is number %d: pilotlight rotate %s counts by itself", asked, number+1, part)
	case part.Has(wordpress.PartDatabase) && !wordpress.RotatesDatabase(held):
		return nil, refusal.New(refusal.CodeMismatch, "the user of the database came with production, and there is no master user here to make another: change its password "+
			"in the database and in production.secrets; pilotlight rotate salts and pilotlight rotate cache change the rest")
	}
	return wordpress.Rotate(held, part), nil
}

// rotates is what a stack tells its peer, and its operator, of its last rotation.
func (s *situation) rotates(into *state.PeerInfo) {
	number, part := wordpress.Rotation(s.secrets)
	into.Rotation, into.Rotating = number, string(part)
}

// rotatesPart reports whether a part of the secrets is being rotated.
func (s *situation) rotatesPart(part wordpress.Part) bool {
	_, rotating := wordpress.Rotation(s.secrets)
	return rotating.Has(part)
}

// ends is the number of the rotation that this update ends; 0 for none.
func (s *situation) ends(held map[string]string) int {
	number, before := wordpress.Rotation(held)
	if _, after := wordpress.Rotation(s.secrets); before == "" || after != "" || !s.plan.Claim.Leads() {
		return 0
	}
	return number
}

// ownPassword is the master user's password of a database that was born a replica: until it is
// set, the source's.
func (s *site) ownPassword(born roles.Generation) pulumi.StringInput {
	if !born.PasswordSet {
		return nil
	}
	return s.secret(wordpress.MasterPassword)
}
