package wordpress

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestRotate rotates each part: it alone has new values, and what somebody may still have to log in by stays beside them.
func TestRotate(t *testing.T) {
	t.Parallel()
	secrets := GenerateSecrets()
	for part, want := range map[Part]struct{ changed, previous []string }{
		PartDatabase: {[]string{DatabaseUser, DatabasePassword, MasterPassword}, []string{DatabaseUser, DatabasePassword, MasterUser, MasterPassword}},
		PartCache:    {[]string{CacheToken}, []string{CacheToken}},
		PartSalts:    {saltKeys, []string{tokenSalt}},
		PartAll:      {append([]string{DatabaseUser, DatabasePassword, MasterPassword, CacheToken}, saltKeys...), []string{DatabaseUser, DatabasePassword, MasterUser, MasterPassword, CacheToken, tokenSalt}},
	} {
		rotated := Rotate(secrets, part)
		var changed, previously []string
		for key, value := range secrets {
			if rotated[key] != value {
				changed = append(changed, key)
			}
			if kept, there := rotated[previous+key]; there {
				previously = append(previously, key)
				assert.Equal(t, value, kept, key)
			}
		}
		assert.ElementsMatch(t, want.changed, changed, part)
		assert.ElementsMatch(t, want.previous, previously, part)
		number, of := Rotation(rotated)
		assert.Equal(t, 1, number)
		assert.Equal(t, part, of)

		settled := Settle(rotated)
		number, of = Rotation(settled)
		assert.Equal(t, 1, number)
		assert.Empty(t, of)
		for key := range settled {
			assert.NotContains(t, key, previous)
		}
		assert.Equal(t, settled, Settle(settled))
	}
}

// TestRotateTakesTurns rotates again and again: there are two users of the database, and no more.
func TestRotateTakesTurns(t *testing.T) {
	t.Parallel()
	secrets, users := GenerateSecrets(), []string{}
	for range 4 {
		secrets = Settle(Rotate(secrets, PartDatabase))
		users = append(users, secrets[DatabaseUser]+" for "+secrets[RetiredUser])
	}
	assert.Equal(t, []string{"wordpress_2 for wordpress", "wordpress for wordpress_2", "wordpress_2 for wordpress", "wordpress for wordpress_2"}, users)
	secrets = Settle(Rotate(secrets, PartSalts))
	assert.Equal(t, "wordpress_2", secrets[RetiredUser], "who is retired stays so")
	number, _ := Rotation(secrets)
	assert.Equal(t, 5, number)
}

func TestParseRotation(t *testing.T) {
	t.Parallel()
	part, number, ok := ParseRotation("salts-12")
	assert.True(t, ok)
	assert.Equal(t, PartSalts, part)
	assert.Equal(t, 12, number)
	for _, wrong := range []string{"", "salts", "salts-0", "salts--1", "users-1", "-1", "salts-1-2"} {
		_, _, ok := ParseRotation(wrong)
		assert.False(t, ok, wrong)
	}
}
