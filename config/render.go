package config

import (
	"encoding/json"
	"fmt"

	"gopkg.in/yaml.v3"
)

// Render is a stack's file that reads as the configuration, with every default written out. encrypt
// makes of a secret what the file may hold; it is not called where there is none.
func (c Config) Render(encrypt func(secret string) (string, error)) ([]byte, error) {
	held := map[string]any{"aws:region": c.Region, "pulumi:disable-default-providers": []string{"aws"}}
	if c.Profile != "" {
		held["aws:profile"] = c.Profile
	}
	if len(c.Accounts) > 0 {
		held["aws:allowedAccountIds"] = c.Accounts
	}
	for key, field := range c.fields() {
		value, err := plain(field)
		if err != nil {
			return nil, fmt.Errorf("writing %s of stack %s: %w", key, c.Stack, err)
		}
		if value != nil {
			held[Project+":"+key] = value
		}
	}
	if production, ok := held[Project+":production"].(map[string]any); ok {
		secrets := map[string]any{}
		for key, secret := range c.Production.Secrets {
			sealed, err := encrypt(secret)
			if err != nil {
				return nil, fmt.Errorf("encrypting a secret of stack %s: %w", c.Stack, err)
			}
			secrets[key] = map[string]any{"secure": sealed}
		}
		production["secrets"] = secrets
	}
	return yaml.Marshal(map[string]any{"config": held})
}

// plain is a value of the configuration under its keys; nil for what is not set.
func plain(value any) (decoded any, err error) {
	text, err := json.Marshal(value)
	if err == nil {
		err = yaml.Unmarshal(text, &decoded) // JSON is YAML, whose numbers stay whole
	}
	return decoded, err
}
