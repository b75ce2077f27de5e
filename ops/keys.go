package ops

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	encryption "github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"

	"github.com/pilotlight-dr/pilotlight/awsclient"
	"github.com/pilotlight-dr/pilotlight/backend"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/state"
)

// providerInFile is what encrypts the secrets of a stack by its file; zero where that does not say.
func providerInFile(dir, stack string) (state.SecretsProvider, error) {
	file, err := config.ReadEncryption(filepath.Join(dir, config.FileName(stack)))
	switch file.Provider {
	case "", "default", state.Passphrase:
		if file.Salt == "" {
			return state.SecretsProvider{}, err
		}
		return state.SecretsProvider{Address: state.Passphrase, Salt: file.Salt}, err
	}
	key, _ := base64.StdEncoding.DecodeString(file.Key) // the engine complains of one that is none
	return state.SecretsProvider{Address: file.Provider, EncryptedKey: key}, err
}

// newProvider is the address of what is to encrypt the secrets of a stack that does not exist yet; empty for what its backend does by
// itself. Where none is named, the engine takes a passphrase, and takes a key that the stack's file names out of it.
func newProvider(dir, stack string) string {
	own, _ := providerInFile(dir, stack)
	c, _ := config.ReadFile(filepath.Join(dir, config.FileName(stack))) // the program refuses one that can't be meant
	if own.Address != "" || c.Peer == nil {
		return own.Address
	}
	peers, _ := providerInFile(dir, c.Peer.Stack)
	return peers.Address
}

// keys are the addresses of what encrypts the secrets of the site's stacks, by their files and by their states. An
// update needs the one, and to read what the other side holds the other.
func (s *Site) keys(sides []Side) []string {
	all := []string{}
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
		reason, remedy = keyTrouble(p.Address, s.openDataKey(ctx, p))
	}
	if reason != "" && ctx.Err() == nil {
		return &refusal.Error{Code: refusal.CodeKeys, Stack: stack, Reason: reason, Remedy: remedy}
	}
	return nil
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
			if err = s.openDataKey(ctx, p); silent(err) && ctx.Err() == nil {
				reason, remedy := keyTrouble(p.Address, err)
				found[i] = &refusal.Error{Code: refusal.CodeKeys, Stack: stack, Reason: reason, Remedy: remedy}
			}
		})
	}
	group.Wait()
	return slices.DeleteFunc(found, func(e *refusal.Error) bool { return e == nil })
}

// openDataKey has KMS decrypt with the key of a stack, in the engine's place.
func (s *Site) openDataKey(ctx context.Context, p state.SecretsProvider) error {
	return backend.OpenDataKey(ctx, p.Address, p.EncryptedKey, s.options.Env.AWS, askFor)
}

// silent reports whether an error of openDataKey means that no answer came from KMS.
func silent(err error) bool {
	if awsclient.Answered(err) || errors.Is(err, backend.ErrUnasked) {
		return false
	}
	_, unsent := errors.AsType[*smithyhttp.RequestSendError](err)
	_, network := errors.AsType[net.Error](err) // a deadline too
	return unsent || network
}

// passphrase looks for a passphrase as the engine does: a file by a relative path counts from the project's folder, where
// the engine runs (Pulumi's pkg/secrets/passphrase).
func (s *Site) passphrase() (phrase string, found bool, err error) {
	if phrase, found = s.options.lookup("PULUMI_CONFIG_PASSPHRASE"); found {
		return phrase, true, nil
	}
	if file, ok := s.options.lookup("PULUMI_CONFIG_PASSPHRASE_FILE"); ok && file != "" {
		if !filepath.IsAbs(file) {
			file = filepath.Join(s.options.Dir, file)
		}
		text, err := os.ReadFile(file)
		return strings.TrimSpace(string(text)), err == nil, err
	}
	return "", false, nil
}

// forGood is what to do about a passphrase or a key that is lost for good.
const forGood = "if it is lost for good, make the states anew, as docs/runbook.md says"

// passphraseTrouble is why a passphrase does not decrypt what a salt belongs to, and what to do; empty when it does.
// The salt brings a proof: the word pulumi, encrypted (Pulumi's pkg/secrets/passphrase).
func passphraseTrouble(passphrase func() (string, bool, error), salt string) (reason, remedy string) {
	phrase, found, err := passphrase()
	if err != nil {
		return fmt.Sprintf("a passphrase encrypts the secrets of its state, and the file that PULUMI_CONFIG_PASSPHRASE_FILE names can't be read: %v", err),
			"correct PULUMI_CONFIG_PASSPHRASE_FILE, or set PULUMI_CONFIG_PASSPHRASE; " + forGood
	}
	if !found {
		return "a passphrase encrypts the secrets of its state, and none is set here", "set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE; " + forGood
	}
	grains, proof, ok := readSalt(salt)
	if !ok || opens(phrase, grains, proof) { // of another form the engine's own error says more
		return "", ""
	}
	return "the passphrase that is set here is not the one that encrypts the secrets of its state", "set that one in PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE; " + forGood
}

// readSalt takes a salt apart. It is not ok where it is of another form than this engine writes.
func readSalt(salt string) (grains []byte, proof string, ok bool) {
	parts := strings.SplitN(salt, ":", 3)
	if len(parts) != 3 {
		return nil, "", false
	}
	grains, err := base64.StdEncoding.DecodeString(parts[1])
	return grains, parts[2], err == nil
}

// opened holds what opens has found: to make the key takes a tenth of a second of computing, by design.
var opened sync.Map

// opens is whether a passphrase decrypts a salt's proof.
func opens(phrase string, grains []byte, proof string) bool {
	asked := sha256.Sum256(fmt.Appendf(nil, "%q %q %q", phrase, grains, proof))
	found, known := opened.Load(asked)
	if !known {
		word, err := encryption.NewSymmetricCrypterFromPassphrase(phrase, grains).DecryptValue(context.Background(), proof)
		found, _ = opened.LoadOrStore(asked, err == nil && word == "pulumi")
	}
	return found.(bool)
}

// keyTrouble is why KMS did not decrypt with the key of a secrets provider, and what to do; empty where the error says
// nothing of the key, such as that KMS is busy.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html
func keyTrouble(address string, err error) (reason, remedy string) {
	of := address + " encrypts the secrets of its state, and "
	if silent(err) {
		where := cmp.Or(regionOf(address), "the region of AWS_REGION")
		return of + fmt.Sprintf("KMS in %s does not answer: %s", where, silence(err, askFor)),
			"wait until it does, then move state and key to another region (pilotlight bootstrap --move --region REGION); if it is lost too, docs/runbook.md has the way without it (The state's region is lost too)"
	}
	refused, answered := errors.AsType[smithy.APIError](err)
	if !answered || errors.Is(err, backend.ErrUnasked) {
		return "", ""
	}
	key := keyArgs(address)
	said := refused.ErrorCode() + ": " + refused.ErrorMessage()
	switch refused.ErrorCode() {
	case "DisabledException":
		return of + "the key is disabled: " + said, "aws kms enable-key " + key
	case "KMSInvalidStateException":
		return of + "the key can't be used: " + said, fmt.Sprintf("if it waits to be deleted: aws kms cancel-key-deletion %s && aws kms enable-key %[1]s", key)
	case "NotFoundException", "InvalidCiphertextException":
		return of + "KMS has no key that decrypts them: " + said, "see that the address names the key's own region; " + forGood
	case "AccessDeniedException":
		return of + "KMS does not decrypt them: " + said, "use credentials that may kms:Decrypt with that key"
	}
	return "", ""
}

// keyArgs name the key of a secrets provider to the AWS CLI. Calls that change a key take no alias
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKey.html), and DescribeKey says whose it is.
func keyArgs(address string) string {
	id, _, _ := strings.Cut(strings.TrimLeft(strings.TrimPrefix(address, "awskms:"), "/"), "?")
	region := ""
	if named := regionOf(address); named != "" {
		region = " --region " + named
	}
	if strings.HasPrefix(id, "alias/") || strings.Contains(id, ":alias/") {
		id = fmt.Sprintf("$(aws kms describe-key%s --key-id %s --query KeyMetadata.Arn --output text)", region, id)
	}
	return fmt.Sprintf(`--key-id %s%s`, id, region)
}

// lostKeys are the refusals with code refusal.CodeKeys in an error of reading the sides.
func lostKeys(err error) []*refusal.Error {
	return slices.DeleteFunc(errorsOf[*refusal.Error](err), func(e *refusal.Error) bool { return e.Code != refusal.CodeKeys })
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
		all = append(all, Requirement{Subject: "keys", Code: e.Code, Reason: fmt.Sprintf("stack %s: %s", e.Stack, e.Reason), Remedy: e.Remedy})
	}
	return all
}
