package setup

import (
	"github.com/pilotlight-dr/pilotlight/awsregion"
	"github.com/pilotlight-dr/pilotlight/config"
)

// Step is a command to run next, and why.
type Step struct {
	Command string `json:"command"`
	Why     string `json:"why"`
}

// Next lists what leads from the files to a site with its pilot light. What is
// in capitals is the reader's.
func (s Site) Next() []Step {
	region := "REGION"
	if awsregion.Partition(s.DR.Region) == "aws-cn" { // it has two
		region = s.DR.Region
	}
	steps := []Step{{"pilotlight bootstrap --region " + region, "a bucket and a key for the state, not in " + s.Prod.Region + "; then the login that it prints"}}
	files := ""
	for _, stack := range s.Stacks() {
		files += " " + config.FileName(stack)
		steps = append(steps, Step{"pulumi stack init " + stack + " --secrets-provider 'PROVIDER'", "with the provider that bootstrap printed"})
	}
	if s.Existing != nil {
		steps = append(steps, Step{
			"pulumi config set -s dr --secret --path production.secrets.KEY",
			"what WordPress uses in production, for each key that docs/configuration.md lists",
		})
	}
	steps = append(steps, Step{"git add" + files + " && git commit -m 'Configure the stacks'", "they say how the secrets are encrypted"})
	if s.Existing != nil {
		return append(steps, Step{"pilotlight deploy", "the pilot light; docs/existing-production.md has what production must allow before and after it"})
	}
	return append(steps, Step{"pilotlight deploy", "production, then the pilot light, then what each needs of the other"})
}
