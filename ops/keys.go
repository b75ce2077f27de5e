package ops

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/aws/smithy-go"
	encryption "github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"gopkg.in/yaml.v3"

	"github.com/pilotlight-dr/pilotlight/backend"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/fileio"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/state"
)

// providerInFile is what encrypts the secrets of a stack by its file: a passphrase, where that names no other.
func providerInFile(dir, stack string) (state.SecretsProvider, error) {
	var file struct {
		Address string `yaml:"secretsprovider"`
		Key     string `yaml:"encryptedkey"`
		Salt    string `yaml:"encryptionsalt"`
	}
	text, err := fileio.Read(filepath.Join(dir, config.FileName(stack)))
	if err == nil {
		err = yaml.Unmarshal(text, &file)
	}
	key, _ := base64.StdEncoding.DecodeString(file.Key) // the engine complains of one that is none
	return state.SecretsProvider{Address: cmp.Or(file.Address, state.Passphrase), EncryptedKey: key, Salt: file.Salt}, err
}

// keys are the addresses of what encrypts the secrets of the site's stacks, by their files and by their states. An
// update needs the one, and to read what the other side holds the other.
func (s *Site) keys(sides []Side) (all []string) {
	for _, side := range sides {
		file, _ := providerInFile(s.options.Dir, side.Config.Stack) // it was read as configuration
		for _, address := range []string{file.Address, side.State.SecretsProvider.Address} {
			if address != "" && !slices.Contains(all, address) {
				all = append(all, address)
			}
		}
	}
	return all
}

// keyless is a refusal with code refusal.CodeKeys where what encrypts the secrets of a stack does not decrypt them;
// nil where it does, and where that can't be found out.
func (s *Site) keyless(ctx context.Context, stack string, p state.SecretsProvider) *refusal.Error {
	reason, remedy := "", ""
	switch {
	case p.Salt != "":
		reason, remedy = passphraseTrouble(s.passphrase, p.Salt)
	case strings.HasPrefix(p.Address, "awskms:"):
		bounded, cancel := context.WithTimeout(ctx, askFor)
		defer cancel()
		if err := backend.OpenDataKey(bounded, p.Address, p.EncryptedKey, s.options.Env.AWS); err != nil {
			reason, remedy = keyTrouble(p.Address, err)
		}
	}
	if reason == "" || ctx.Err() != nil {
		return nil
	}
	return &refusal.Error{Code: refusal.CodeKeys, Stack: stack, Reason: reason, Remedy: remedy}
}

// silentKeys are refusals by those KMS keys of the stacks whose region does not answer. The engine would wait minutes for it.
func (s *Site) silentKeys(ctx context.Context) []*refusal.Error {
	found := make([]*refusal.Error, len(s.stacks))
	var group sync.WaitGroup
	for i, stack := range s.stacks {
		group.Go(func() {
			p, err := providerInFile(s.options.Dir, stack)
			if err != nil || !strings.HasPrefix(p.Address, "awskms:") {
				return
			}
			bounded, cancel := context.WithTimeout(ctx, askFor)
			defer cancel()
			err = backend.OpenDataKey(bounded, p.Address, p.EncryptedKey, s.options.Env.AWS)
			if _, answered := errors.AsType[smithy.APIError](err); err != nil && !answered && ctx.Err() == nil {
				reason, remedy := keyTrouble(p.Address, err)
				found[i] = &refusal.Error{Code: refusal.CodeKeys, Stack: stack, Reason: reason, Remedy: remedy}
			}
		})
	}
	group.Wait()
	return slices.DeleteFunc(found, func(e *refusal.Error) bool { return e == nil })
}

// passphrase looks for a passphrase as the engine does.
func (s *Site) passphrase() (phrase string, found bool) {
	lookup := func(name string) (string, bool) {
		if value, ok := s.options.EnvVars[name]; ok {
			return value, true
		}
		return os.LookupEnv(name)
	}
	if phrase, found = lookup("PULUMI_CONFIG_PASSPHRASE"); found {
		return phrase, true
	}
	if file, ok := lookup("PULUMI_CONFIG_PASSPHRASE_FILE"); ok && file != "" {
		text, err := os.ReadFile(file)
		return strings.TrimSpace(string(text)), err == nil
	}
	return "", false
}

// forGood is what to do about a passphrase or a key that is lost for good.
const forGood = "if it is lost for good, make the states anew, as docs/runbook.md says"

// passphraseTrouble is why a passphrase does not decrypt what a salt belongs to, and what to do; empty when it does.
// The salt brings a proof: the word pulumi, encrypted (Pulumi's pkg/secrets/passphrase).
func passphraseTrouble(passphrase func() (string, bool), salt string) (reason, remedy string) {
	phrase, found := passphrase()
	if !found {
		return "a passphrase encrypts the secrets of its state, and none is set here", "set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE; " + forGood
	}
	parts := strings.SplitN(salt, ":", 3)
	if len(parts) != 3 {
		return "", "" // of another form: the engine's own error says more
	}
	grains, err := base64.StdEncoding.DecodeString(parts[1])
	if err != nil {
		return "", ""
	}
	proof, err := encryption.NewSymmetricCrypterFromPassphrase(phrase, grains).DecryptValue(context.Background(), parts[2])
	if err == nil && proof == "pulumi" {
		return "", ""
	}
	return "the passphrase that is set here is not the one that encrypts the secrets of its state", "set that one in PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE; " + forGood
}

// keyTrouble is why KMS did not decrypt with the key of a secrets provider, and what to do.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html
func keyTrouble(address string, err error) (reason, remedy string) {
	of := address + " encrypts the secrets of its state, and "
	refused, answered := errors.AsType[smithy.APIError](err)
	if !answered {
		where := cmp.Or(regionOf(address), "the region of AWS_REGION")
		return of + fmt.Sprintf("KMS in %s does not answer: %s", where, silence(err, askFor)),
			"no command can read the state before it does; then move state and key to another region (pilotlight bootstrap --move)"
	}
	said := refused.ErrorCode() + ": " + refused.ErrorMessage()
	switch refused.ErrorCode() {
	case "DisabledException":
		return of + "the key is disabled: " + said, "aws kms enable-key --key-id KEY --region " + regionOf(address)
	case "KMSInvalidStateException":
		return of + "the key can't be used: " + said, fmt.Sprintf("if it waits to be deleted: aws kms cancel-key-deletion --key-id KEY --region %s, then aws kms enable-key", regionOf(address))
	case "NotFoundException", "InvalidCiphertextException":
		return of + "KMS has no key that decrypts them: " + said, "see that the address names the key's own region; " + forGood
	}
	return of + "KMS does not decrypt them: " + said, "use credentials that may kms:Decrypt with that key"
}

// lostKeys are the refusals with code refusal.CodeKeys in an error of reading the sides.
func lostKeys(err error) (all []*refusal.Error) {
	errs := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok { // that of errors.Join
		errs = joined.Unwrap()
	}
	for _, one := range errs {
		if refused, ok := errors.AsType[*refusal.Error](one); ok && refused.Code == refusal.CodeKeys {
			all = append(all, refused)
		}
	}
	return all
}

// sidesWithoutKeys are the site's sides by the files of the backend, which need no key. Their secrets stay encrypted. Where
// a file can't be read it is not ok: such a stack must not look as if it was never deployed.
func (s *Site) sidesWithoutKeys(ctx context.Context) (sides []Side, ok bool) {
	store, err := s.store(ctx)
	if err != nil {
		return nil, false
	}
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	sides = make([]Side, len(s.stacks))
	unread := make([]bool, len(s.stacks))
	var group sync.WaitGroup
	for i, stack := range s.stacks {
		group.Go(func() {
			config, wrong := s.configOf(stack)
			current, found, err := currentIn(ctx, store, stack)
			sides[i] = Side{Config: config, State: current.state} // zero where it was never deployed
			unread[i] = wrong != nil || err != nil || found && current.Unreadable != ""
		})
	}
	group.Wait()
	return sides, !slices.Contains(unread, true)
}

// readable are the site's sides as far as they can be read, and the refusals by what keeps their secrets from being read.
// Where all else can be read, that is no error.
func (s *Site) readable(ctx context.Context) (sides []Side, keyless []*refusal.Error, err error) {
	if keyless = s.silentKeys(ctx); len(keyless) == 0 {
		sides, err = s.Sides(ctx)
		keyless = lostKeys(err)
	}
	if len(keyless) == 0 {
		return sides, nil, err
	}
	sides, ok := s.sidesWithoutKeys(ctx)
	if !ok {
		return nil, keyless, keyless[0]
	}
	return sides, keyless, nil
}

// keylessRequirements are what such refusals mean for a check.
func keylessRequirements(keyless []*refusal.Error) (all []Requirement) {
	for _, e := range keyless {
		all = append(all, Requirement{What: "keys", Code: e.Code, Seen: fmt.Sprintf("stack %s: %s", e.Stack, e.Reason), Remedy: e.Remedy})
	}
	return all
}
