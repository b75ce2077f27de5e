package config

import (
	"errors"
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

	"github.com/pilotlight-dr/pilotlight/fileio"
)

// Project is the name of the Pulumi project, which is the namespace of its configuration.
const Project = "pilotlight"

// FileName is the name of the file that holds a stack's configuration.
func FileName(stack string) string { return "Pulumi." + stack + ".yaml" }

// ReadFile reads a stack's configuration from its file, Pulumi.<stack>.yaml, as
// the program itself would read it, and checks it by the same rules. What it
// could read comes with the error, too, which is a *Error. It asks neither engine
// nor AWS, and decrypts nothing: a secret reads as "[secret]". One that isn't set yet is
// left to the program to refuse, since the place for it is made with the file's help.
func ReadFile(path string) (Config, error) {
	stack, ok := strings.CutPrefix(filepath.Base(path), "Pulumi.")
	stack, ending := strings.CutSuffix(stack, ".yaml")
	if !ok || !ending || stack == "" {
		return Config{}, fmt.Errorf("%s is not the file of a stack: name one like %s", path, FileName("dr"))
	}
	text, err := fileio.Read(path)
	if err != nil {
		return Config{}, unreadable(path, err)
	}
	held, err := values(text)
	if errors.Is(err, errEnvironment) {
		return Config{}, configError(path, []Problem{{Key: "environment", Wrong: err.Error(), Remedy: "write its keys into the file, remove environment from it, " +
			"and have its variables by pulumi env run ENVIRONMENT -- pilotlight …"}})
	}
	if err != nil {
		return Config{}, unreadable(path, err)
	}
	c, wrong := readValues(stack, held)
	wrong = append(wrong, append(c.plainSecrets(), misplacedSecrets(held)...)...)
	return c, configError(path, append(wrong, slices.DeleteFunc(c.Problems(), Problem.Secret)...))
}

// errEnvironment is a file of which a part lies in Pulumi Cloud. The engine reads it there; nothing else would know of it.
var errEnvironment = errors.New("it takes values from an environment of Pulumi Cloud, which pilotlight does not read")

func unreadable(path string, err error) error {
	return &Error{File: path, Err: err, Problems: []Problem{{Wrong: "it can't be read: " + err.Error(), Remedy: "correct it, or restore it from version control"}}}
}

// CheckProject refuses a project's file that Pulumi can't read, or that is of another
// program. A folder without one is left to Pulumi.
func CheckProject(path string) error {
	if _, err := fileio.Read(path); errors.Is(err, os.ErrNotExist) {
		return nil
	} else if err != nil {
		return unreadable(path, err)
	}
	project, err := workspace.LoadProject(path)
	if err != nil {
		return unreadable(path, err)
	}
	if name := project.Name.String(); name != Project {
		return configError(path, []Problem{{Key: "name", Value: name, Remedy: "set it to " + Project + ", in whose namespace the stacks' files hold their configuration"}})
	}
	return nil
}

// Parse is ReadFile of a text, without the check: it refuses only what can't be
// read, and keys that there are not.
func Parse(stack string, text []byte) (Config, error) {
	held, err := values(text)
	if err != nil {
		return Config{}, unreadable(FileName(stack), err)
	}
	c, wrong := readValues(stack, held)
	return c, configError("", wrong)
}

// values are what the keys in a stack's file hold, in Pulumi's own rendering.
func values(text []byte) (map[string]string, error) {
	project := &workspace.Project{Name: tokens.PackageName(Project)}
	file, err := workspace.LoadProjectStackBytes(nil, project, text, FileName("any"), encoding.YAML)
	if err != nil {
		return nil, err
	}
	if file.Environment != nil {
		return nil, errEnvironment
	}
	plain, err := file.Config.Decrypt(config.NewBlindingDecrypter())
	if err != nil {
		return nil, err
	}
	held := make(map[string]string, len(plain))
	for key, value := range plain {
		held[key.String()] = value
	}
	return held, nil
}

func readValues(stack string, held map[string]string) (Config, []Problem) {
	get := func(key string) (string, bool) {
		value, ok := held[key]
		return value, ok
	}
	return read(stack, Project, get, slices.Collect(maps.Keys(held)))
}
