package config

import (
	"encoding/json"
	"fmt"
	"strings"
)

// The only secrets of a configuration are those of a production that this program did not make. Pulumi does not bind an
// encrypted value to its key: who may propose a file can copy one, as it stands there, to a key whose value is
// printed. So an encrypted value is refused anywhere else.

// encrypted is what an encrypted value reads as, by the blinding decrypter of Pulumi.
const encrypted = "[secret]"

// plainSecrets finds secrets that are not encrypted. It says nothing of what they are.
func (c Config) plainSecrets() (wrong []Problem) {
	if c.Production == nil {
		return nil
	}
	for key, value := range c.Production.Secrets {
		if value != encrypted && value != "" {
			path := "production.secrets." + key
			wrong = append(wrong, Problem{
				Key: path, Wrong: path + " is in plain text",
				Remedy: fmt.Sprintf("encrypt it: pulumi config set -s %s --secret --path '%s'; and change it where it is used, if others could read the file", c.Stack, path),
			})
		}
	}
	return wrong
}

// misplacedSecrets finds encrypted values in the file of a stack that are no secrets of its production. Those of other
// namespaces than the engine's, the provider's and the program's are never read here.
func misplacedSecrets(held map[string]string) (wrong []Problem) {
	for key, text := range held {
		namespace, _, _ := strings.Cut(key, ":")
		if namespace != Project && namespace != "aws" && namespace != "pulumi" {
			continue
		}
		var value any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			value = text
		}
		wrong = append(wrong, misplacedIn(strings.TrimPrefix(key, Project+":"), value)...)
	}
	return wrong
}

func misplacedIn(path string, value any) (wrong []Problem) {
	switch value := value.(type) {
	case string:
		if value == encrypted && !strings.HasPrefix(path, "production.secrets.") {
			wrong = append(wrong, misplaced(path))
		}
	case []any:
		for i, each := range value {
			wrong = append(wrong, misplacedIn(fmt.Sprintf("%s[%d]", path, i), each)...)
		}
	case map[string]any:
		for key, each := range value {
			wrong = append(wrong, misplacedIn(path+"."+key, each)...)
		}
	}
	return wrong
}

// misplacedKeys finds the keys, of those that the program reads, that hold an encrypted value and may not. Where in
// production they are only the file tells.
func misplacedKeys(project string, secret func(key string) bool) (wrong []Problem) {
	var c Config
	for key := range c.providerFields() {
		if secret("aws:" + key) {
			wrong = append(wrong, misplaced("aws:"+key))
		}
	}
	for key := range c.fields() {
		if key != "production" && secret(project+":"+key) {
			wrong = append(wrong, misplaced(key))
		}
	}
	return wrong
}

func misplaced(path string) Problem {
	return Problem{Key: path, Wrong: path + " is encrypted", Remedy: "remove it, or write it in plain text if it is no secret; only the values of production.secrets are encrypted"}
}
