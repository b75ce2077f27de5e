package sim

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// A Key is what KMS shows of one.
type Key struct {
	ID, ARN, Description string
	Policy               string // as KMS makes it, where none was given
	Enabled, Rotates     bool
	Created              time.Time
	Tags                 map[string]string
}

// An Alias is a name of a key.
type Alias struct{ Name, ARN, Target string }

// CreateKey makes a symmetric key.
func (w *World) CreateKey(region, description string, tags map[string]any) (Key, error) {
	o := &Object{Type: keyType, Region: region, Name: "api", Props: map[string]any{"description": description, "tags": tags}}
	if err := w.make(kinds[keyType], o, "CreateKey"); err != nil {
		return Key{}, err
	}
	return w.Key(region, o.ID)
}

// Key finds a key of a region by id, ARN, alias or the ARN of an alias.
func (w *World) Key(region, name string) (Key, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o, err := w.key(region, name)
	if err != nil {
		return Key{}, err
	}
	return keyOf(o), nil
}

func keyOf(o *Object) Key {
	return Key{
		ID: o.ID, ARN: o.text("arn"), Description: o.text("description"), Policy: keyPolicy(o), Enabled: o.flag("isEnabled"), Rotates: o.flag("enableKeyRotation"), Created: o.Ready,
		Tags: o.tags(),
	}
}

func (w *World) key(region, name string) (*Object, error) {
	alias := name
	if i := strings.Index(name, ":alias/"); i >= 0 {
		alias = name[i+1:]
	}
	if strings.HasPrefix(alias, "alias/") {
		a := w.findBy(aliasType, region, "name", alias)
		if a == nil || alias != name && a.text("arn") != name {
			return nil, refuse("NotFoundException", "Alias %s is not found.", arn("kms", &Object{Type: aliasType, Region: region, Account: w.state.Account}, alias))
		}
		name = a.text("targetKeyArn")
	}
	o := w.keyNamed(region, name)
	if o == nil {
		return nil, refuse("NotFoundException", "Key '%s' does not exist", name)
	}
	return o, nil
}

// Keys are all keys of a region.
func (w *World) Keys(region string) (all []Key) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, o := range w.all(keyType, region) {
		all = append(all, keyOf(o))
	}
	return all
}

// RotateKey turns yearly rotation on.
func (w *World) RotateKey(region, name string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	o, err := w.key(region, name)
	if err == nil {
		o.Props["enableKeyRotation"] = true
	}
	return err
}

// CreateAlias names a key.
func (w *World) CreateAlias(region, alias, target string) error {
	return w.make(kinds[aliasType], &Object{Type: aliasType, Region: region, Name: "api", Props: map[string]any{"name": alias, "targetKeyId": target}}, "CreateAlias")
}

// Aliases are the names of a region's keys, or of the one that is named.
func (w *World) Aliases(region, key string) (all []Alias, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if key != "" {
		o, err := w.key(region, key)
		if err != nil {
			return nil, err
		}
		key = o.ID
	}
	for _, o := range w.all(aliasType, region) {
		target := w.keyNamed(region, o.text("targetKeyArn"))
		if target != nil && (key == "" || target.ID == key) {
			all = append(all, Alias{Name: o.text("name"), ARN: o.text("arn"), Target: target.ID})
		}
	}
	return all, nil
}

// sealed is a ciphertext of KMS: it names its key.
type sealed struct {
	Key, Nonce, Text []byte
}

// Encrypt encrypts up to 4096 bytes with a key. Equal calls give equal ciphertexts.
func (w *World) Encrypt(region, key string, plaintext []byte, context map[string]string) ([]byte, Key, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o, err := w.ready(region, key)
	if err != nil {
		return nil, Key{}, err
	}
	if n := len(plaintext); n == 0 || n > 4096 {
		return nil, Key{}, refuse("ValidationException", "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length between 1 and 4096")
	}
	box := w.box(o)
	nonce := sha256.Sum256(append(canonical(context), plaintext...))
	s := sealed{Key: []byte(o.text("arn")), Nonce: nonce[:box.NonceSize()]}
	s.Text = box.Seal(nil, s.Nonce, plaintext, canonical(context))
	return canonical(s), keyOf(o), nil
}

// Decrypt opens what Encrypt made. key may be empty: the ciphertext names it.
func (w *World) Decrypt(region, key string, ciphertext []byte, context map[string]string) ([]byte, Key, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	invalid := refuse("InvalidCiphertextException", "")
	var s sealed
	if json.Unmarshal(ciphertext, &s) != nil || arnRegion(string(s.Key)) != region {
		return nil, Key{}, invalid
	}
	o, err := w.ready(region, string(s.Key))
	if err != nil {
		return nil, Key{}, err
	}
	if key != "" {
		if named, err := w.key(region, key); err != nil || named != o {
			return nil, Key{}, refuse("IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation.")
		}
	}
	box := w.box(o)
	if len(s.Nonce) != box.NonceSize() {
		return nil, Key{}, invalid
	}
	plaintext, err := box.Open(nil, s.Nonce, s.Text, canonical(context))
	if err != nil {
		return nil, Key{}, invalid
	}
	return plaintext, keyOf(o), nil
}

// ready finds a key that may be used.
func (w *World) ready(region, name string) (*Object, error) {
	o, err := w.key(region, name)
	if err == nil && !o.flag("isEnabled") {
		err = refuse("DisabledException", "%s is disabled.", o.text("arn"))
	}
	return o, err
}

// box encrypts with a key's material, which is drawn from the world's seed.
func (w *World) box(key *Object) cipher.AEAD {
	material := sha256.Sum256(fmt.Appendf(nil, "%016x", w.hash("kms", key.text("arn"))))
	block, err := aes.NewCipher(material[:])
	if err != nil {
		panic(fmt.Sprintf("32 bytes are a key of AES, yet: %v", err))
	}
	box, err := cipher.NewGCM(block)
	if err != nil {
		panic(fmt.Sprintf("AES has blocks for GCM, yet: %v", err))
	}
	return box
}

// canonical is plain data as JSON, in which maps are sorted.
func canonical(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("this is plain data, yet: %v", err))
	}
	return data
}
