package stacks

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/encoding"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
)

// Project is the name of the Pulumi project, which is the namespace of its configuration.
const Project = "pilotlight"

// FileName is the name of the file that holds a stack's configuration.
func FileName(stack string) string { return "Pulumi." + stack + ".yaml" }

// ReadFile reads a stack's configuration from its file, Pulumi.<stack>.yaml, as
// the program itself would read it, and checks it by the same rules. What it
// could read comes with the error, too. It asks neither engine nor AWS, and
// decrypts nothing: a secret reads as "[secret]".
func ReadFile(path string) (Config, error) {
	stack, ok := strings.CutPrefix(filepath.Base(path), "Pulumi.")
	stack, yaml := strings.CutSuffix(stack, ".yaml")
	if !ok || !yaml || stack == "" {
		return Config{}, fmt.Errorf("%s is not the file of a stack: name one like %s", path, FileName("dr"))
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("reading the configuration of stack %s: %w", stack, err)
	}
	// Pulumi's own reader, so that it is read here as it will be there.
	project := &workspace.Project{Name: tokens.PackageName(Project)}
	file, err := workspace.LoadProjectStackBytes(nil, project, text, path, encoding.YAML)
	if err != nil {
		return Config{}, fmt.Errorf("reading %s: %w", path, err)
	}
	values, err := file.Config.Decrypt(config.NewBlindingDecrypter())
	if err != nil {
		return Config{}, fmt.Errorf("reading %s: %w", path, err)
	}
	held := make(map[string]string, len(values))
	for key, value := range values {
		held[key.String()] = value
	}
	get := func(key string) (string, bool) {
		value, ok := held[key]
		return value, ok
	}
	c, err := read(stack, Project, get, slices.Collect(maps.Keys(held)))
	if err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}
