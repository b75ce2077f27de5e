package config

import (
	"gopkg.in/yaml.v3"

	"github.com/pilotlight-dr/pilotlight/fileio"
)

// Encryption is what Pulumi puts into a stack's file to encrypt its secrets with. All is empty where the service of the backend
// encrypts them (Pulumi's pkg/cmd/pulumi/stack/secrets.go).
type Encryption struct {
	Provider string `yaml:"secretsprovider,omitempty"` // its address; empty for a passphrase
	Key      string `yaml:"encryptedkey,omitempty"`    // that the provider decrypts, in base64
	Salt     string `yaml:"encryptionsalt,omitempty"`  // of a passphrase
}

// ReadEncryption reads it from a stack's file.
func ReadEncryption(path string) (e Encryption, err error) {
	text, err := fileio.Read(path)
	if err == nil {
		err = yaml.Unmarshal(text, &e)
	}
	return e, err
}
