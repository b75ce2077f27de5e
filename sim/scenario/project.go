package scenario

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	encryption "github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/setup"
)

// readProject reads the site of a project's folder. It decrypts nothing and asks for nothing.
func readProject(dir string) (site, error) {
	opened, err := ops.OpenSite(ops.Options{Dir: dir})
	if err != nil {
		return site{}, err
	}
	if err := onlyStackFiles(filepath.Join(dir, setup.ProjectFile)); err != nil {
		return site{}, err
	}
	var configs []config.Config
	for _, stack := range opened.Stacks() {
		path := filepath.Join(dir, config.FileName(stack))
		c, err := config.ReadFile(path)
		if err != nil {
			return site{}, err
		}
		configs = append(configs, c)
	}
	return assume(configs)
}

// onlyStackFiles refuses a project's file that sets values for all stacks: they would be missing here.
func onlyStackFiles(path string) error {
	project, err := workspace.LoadProject(path)
	if err != nil {
		return nil //nolint:nilerr // ops has judged it, and a folder without one is rehearsed by its stacks' files
	}
	for key, of := range project.Config {
		if of.Value != nil || of.Default != nil {
			return refusal.New(refusal.CodeConfig, "%s sets %s for all stacks, and a rehearsal reads the stacks' files alone: set it in those", setup.ProjectFile, key)
		}
	}
	return nil
}

// writeProject writes the files of the rehearsed site: those that pilotlight init writes for the
// sample, and else the configurations, with secrets of the rehearsal's own.
func (s *Stage) writeProject() error {
	if s.options.Project == "" && s.site.live == nil {
		_, err := sample(s.options).Write(s.dir, false)
		return err
	}
	if err := setup.WriteProject(s.dir); err != nil {
		return err
	}
	sealer, err := newSealer()
	if err != nil {
		return err
	}
	head := []byte("encryptionsalt: " + sealer.salt + "\n")
	for _, c := range s.site.configs() {
		text, err := c.Render(sealer.encrypt)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(s.dir, config.FileName(c.Stack)), append(head, text...), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// passphrase encrypts the secrets of a rehearsed site, which are made up.
const passphrase = "rehearsal"

// sealer encrypts secrets for files and states, as Pulumi does with a passphrase
// (pkg/secrets/passphrase/manager.go).
type sealer struct {
	salt    string // as it stands in both
	encrypt func(string) (string, error)
}

// newSealer is one for all sites of a process: a key from a passphrase is slow to make.
var newSealer = sync.OnceValues(func() (sealer, error) {
	salt := make([]byte, 8)
	if _, err := rand.Read(salt); err != nil {
		return sealer{}, err
	}
	crypter := encryption.NewSymmetricCrypterFromPassphrase(passphrase, salt)
	encrypt := func(secret string) (string, error) { return crypter.EncryptValue(context.Background(), secret) }
	proof, err := encrypt("pulumi")
	return sealer{fmt.Sprintf("v1:%s:%s", base64.StdEncoding.EncodeToString(salt), proof), encrypt}, err
})
