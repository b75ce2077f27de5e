package wordpress

import (
	"crypto/rand"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Part is a part of the secrets that is rotated by itself.
type Part string

// The parts, and all of them.
const (
	PartDatabase Part = "database" // whom WordPress logs in as, and the master user's password
	PartSalts    Part = "salts"
	PartCache    Part = "cache"
	PartAll      Part = "all"
)

// Has reports whether the part is other, or holds it.
func (p Part) Has(other Part) bool { return p == other || p == PartAll }

// Secrets that are there while they are rotated, and until everybody has the new ones. An
// instance logs in by the new ones if it can, else by the previous ones. So it does not matter
// which of them a database or a cache knows already, nor whether a replica does.
const (
	rotation = "rotation" // counts the rotations
	rotating = "rotating" // the part of a rotation that has not ended
	previous = "previous_"

	// RetiredUser is who was DatabaseUser before, and may log in no more. The next rotation
	// makes it DatabaseUser again.
	RetiredUser = "retired_user"
)

// Rotation is the number of the last rotation of secrets, 0 for none, and its part; empty once it has ended.
func Rotation(secrets map[string]string) (number int, part Part) {
	number, _ = strconv.Atoi(secrets[rotation]) // none is 0
	return number, Part(secrets[rotating])
}

// Rotate begins a rotation: secrets with new values of a part, and the previous ones beside
// them. WordPress becomes another user of the database: each user has one password, and both must be
// let in for a while. Without a master user it could not be made: RotatesDatabase tells.
func Rotate(secrets map[string]string, part Part) map[string]string {
	rotated := Settle(secrets)
	replace := func(key, value string) {
		rotated[previous+key], rotated[key] = secrets[key], value
	}
	if part.Has(PartDatabase) {
		user := rotated[RetiredUser]
		if user == "" {
			user = secrets[DatabaseUser] + "_2"
		}
		delete(rotated, RetiredUser)
		replace(DatabaseUser, user)
		replace(DatabasePassword, rand.Text())
		replace(MasterUser, secrets[MasterUser])
		replace(MasterPassword, rand.Text())
	}
	if part.Has(PartCache) {
		replace(CacheToken, newToken())
	}
	if part.Has(PartSalts) { // pages use the new ones at once: who is logged in logs in again
		for _, key := range saltKeys {
			rotated[key] = newToken()
		}
		rotated[previous+tokenSalt] = secrets[tokenSalt] // a side that has not heard of it asks the deep page all the same
	}
	number, _ := Rotation(secrets)
	rotated[rotation], rotated[rotating] = strconv.Itoa(number+1), string(part)
	return rotated
}

// RotatesDatabase reports whether the database's user is this program's to change: it has the
// master user's password.
func RotatesDatabase(secrets map[string]string) bool { return secrets[MasterUser] != "" }

// Settle ends a rotation: secrets without the previous ones.
func Settle(secrets map[string]string) map[string]string {
	settled := maps.Clone(secrets)
	if user := secrets[previous+DatabaseUser]; user != "" {
		settled[RetiredUser] = user
	}
	maps.DeleteFunc(settled, func(key, _ string) bool { return key == rotating || strings.HasPrefix(key, previous) })
	return settled
}

// Previous are the secrets as they were before a rotation that has not ended.
func Previous(secrets map[string]string) map[string]string {
	before := maps.Clone(secrets)
	for key, value := range secrets {
		if was, cut := strings.CutPrefix(key, previous); cut {
			before[was] = value
		}
	}
	return before
}

// ParseRotation reads what asks for a rotation, such as database-2: its part and its number.
func ParseRotation(text string) (part Part, number int, ok bool) {
	name, counted, _ := strings.Cut(text, "-")
	number, err := strconv.Atoi(counted)
	part = Part(name)
	return part, number, err == nil && number > 0 && slices.Contains(Parts(), part)
}

// Parts are all that can be rotated.
func Parts() []Part { return []Part{PartDatabase, PartSalts, PartCache, PartAll} }

// newToken is a long random text.
func newToken() string { return rand.Text() + rand.Text() }
