// Package wordpress makes the application's secrets, which both sides of a site share.
package wordpress

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
)

// The keys of the application's secrets that others than the application need.
const (
	// DatabaseUser is whom WordPress logs in as. It has rights on its schema alone.
	DatabaseUser     = "database_user"
	DatabasePassword = "database_password"
	DatabaseName     = "database_name"
	CacheToken       = "cache_token"

	// MasterUser is RDS's, of a database that this program made. Instances make DatabaseUser
	// by it. A site that brings a user of its own has no such key.
	MasterUser     = "master_user"
	MasterPassword = "master_password"
)

// saltKeys are WordPress's own: with other values in another region, visitors who
// are logged in would be no longer.
var saltKeys = []string{
	"auth_key", "secure_auth_key", "logged_in_key", "nonce_key",
	"auth_salt", "secure_auth_salt", "logged_in_salt", "nonce_salt",
}

// SecretKeys lists the keys that every site's secrets have, in a fixed order.
func SecretKeys() []string {
	return append([]string{DatabaseUser, DatabasePassword, DatabaseName, CacheToken}, saltKeys...)
}

// GenerateSecrets makes up the application's secrets for a new site. They are of
// capital letters and digits, which RDS, ElastiCache and every file they are
// written to take as they are, and carry 130 bits or more.
func GenerateSecrets() map[string]string {
	secrets := map[string]string{
		DatabaseUser:     "wordpress",
		DatabasePassword: rand.Text(),
		DatabaseName:     "wordpress",
		MasterUser:       "admin",
		MasterPassword:   rand.Text(), // RDS takes up to 41 characters
		CacheToken:       newToken(),  // ElastiCache takes from 16 to 128
	}
	for _, key := range saltKeys {
		secrets[key] = newToken()
	}
	return secrets
}

// tokenSalt is the one of the salts that DeepToken follows from.
const tokenSalt = "auth_salt"

// DeepToken is what a request for the deep page has to bring along. It follows
// from secrets that both sides of a site know, and tells nothing about them: the
// password of a production that this program did not make may be easy to guess,
// and the salt is not.
func DeepToken(secrets map[string]string) string {
	mac := hmac.New(sha256.New, []byte(secrets[DatabasePassword]+secrets[tokenSalt]))
	mac.Write([]byte("pilotlight deep page"))
	return hex.EncodeToString(mac.Sum(nil))
}
