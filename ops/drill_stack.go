package ops

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"gopkg.in/yaml.v3"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/fileio"
	"github.com/pilotlight-dr/pilotlight/stacks/drill"
)

// openDrill opens the stack of a stack's drill. Its project lies in a folder of its
// own, so that nothing of it is ever among the files of the site.
func (s *Site) openDrill(ctx context.Context, args drill.Args, by opener) (*Stack, error) {
	o, err := s.found(ctx)
	if err != nil {
		return nil, err
	}
	dir, provider, err := drillProject(o.Dir, args.Config.Stack)
	if err != nil {
		return nil, err
	}
	o.EnvVars = withBackend(o.EnvVars, o.Dir)
	o.Dir, o.Env.Report = dir, s.keepReports()
	var with []auto.LocalWorkspaceOption
	if provider != "" {
		with = append(with, auto.SecretsProvider(provider))
	}
	stack, err := open(ctx, drill.StackName(args.Config.Stack), o, by, func(env failover.Env) pulumi.RunFunc { return drill.Program(env, args) }, with...)
	if err != nil {
		return nil, err
	}
	stack.takesOver = ofDrills
	stack.where = func() (failover.Site, error) { return drillSite(args.Config), nil }
	return stack, nil
}

// drillProject writes the project of a stack's drill: the site's own, and in the
// stack's file nothing but what encrypts its secrets, which is as in the drilled stack's.
func drillProject(dir, of string) (project, secretsProvider string, err error) {
	wrap := func(err error) error { return fmt.Errorf("preparing the drill of stack %s: %w", of, err) }
	encryption, err := config.ReadEncryption(filepath.Join(dir, config.FileName(of)))
	if err != nil {
		return "", "", wrap(err)
	}
	settings, err := yaml.Marshal(encryption)
	if err != nil {
		return "", "", wrap(err)
	}
	definition, err := drillDefinition(dir)
	if err != nil {
		return "", "", wrap(err)
	}
	project = filepath.Join(dir, filepath.FromSlash(drillFolder))
	err = os.MkdirAll(project, 0o700)
	for name, text := range map[string][]byte{"Pulumi.yaml": definition, config.FileName(drill.StackName(of)): settings} {
		path := filepath.Join(project, name)
		if held, _ := os.ReadFile(path); err == nil && !bytes.Equal(held, text) {
			err = os.WriteFile(path, text, 0o600)
		}
	}
	if err != nil {
		return "", "", wrap(err)
	}
	return project, encryption.Provider, nil
}

// drillDefinition is the project of a drill: of the site's own Pulumi.yaml its name and
// its backend. The rest belongs to the site: for each declaration of its configuration
// without a default, the engine demands a value of every stack.
func drillDefinition(dir string) ([]byte, error) {
	text, err := fileio.Read(filepath.Join(dir, "Pulumi.yaml"))
	if err != nil {
		return nil, err
	}
	type definition struct {
		Name    string         `yaml:"name"`
		Runtime string         `yaml:"runtime"`
		Backend map[string]any `yaml:"backend,omitempty"`
	}
	var site struct {
		Name    string         `yaml:"name"`
		Backend map[string]any `yaml:"backend"`
	}
	if err := yaml.Unmarshal(text, &site); err != nil {
		return nil, fmt.Errorf("reading Pulumi.yaml: %w", err)
	}
	return yaml.Marshal(definition{site.Name, "go", site.Backend})
}

// withBackend makes a backend in a folder that is named as seen from the site's project
// the same one for a project that lies elsewhere.
func withBackend(env map[string]string, dir string) map[string]string {
	const variable = "PULUMI_BACKEND_URL"
	var definition struct{ Backend struct{ URL string } }
	if text, err := fileio.Read(filepath.Join(dir, "Pulumi.yaml")); err == nil {
		_ = yaml.Unmarshal(text, &definition) // the engine complains of one that it can't read
	}
	url := cmp.Or(env[variable], os.Getenv(variable), definition.Backend.URL)
	path, local := strings.CutPrefix(url, "file://")
	absolute, err := filepath.Abs(filepath.Join(dir, path))
	if !local || err != nil || strings.HasPrefix(path, "/") || strings.HasPrefix(path, "~") {
		return env
	}
	env = maps.Clone(env)
	if env == nil {
		env = map[string]string{}
	}
	env[variable] = "file://" + filepath.ToSlash(absolute)
	return env
}

// drillFolder holds the projects of drills, below the site's, where reports are too.
const drillFolder = ".pilotlight/drill"

// stackOrDrill is a stack of the site, or that of its drill.
func (s *Site) stackOrDrill(ctx context.Context, name string) (*Stack, error) {
	if slices.Contains(s.stacks, name) {
		return s.Stack(ctx, name, false)
	}
	of, err := s.drilled(name)
	if err != nil {
		return nil, err
	}
	return s.openDrill(ctx, drill.Args{Config: of}, auto.SelectStackInlineSource)
}

// drilled is the configuration of the stack that a drill's stack is a copy of.
func (s *Site) drilled(name string) (config.Config, error) {
	for _, of := range s.stacks {
		if name == drill.StackName(of) {
			return s.configOf(of)
		}
	}
	return config.Config{}, noStack(name, s.stacks)
}
