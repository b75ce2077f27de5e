package config

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/roles"
)

// Read reads and checks the stack's whole configuration. Its error names
// every problem, one a line, with key, value and remedy.
func Read(ctx *pulumi.Context) (Config, error) {
	// The SDK lists no keys, so look at what the CLI handed over to find those
	// that there are not; inline programs are typed by their callers.
	var handed map[string]string
	if err := json.Unmarshal([]byte(os.Getenv(pulumi.EnvConfig)), &handed); err != nil {
		handed = nil // no CLI, nothing to look at
	}
	c, wrong := read(ctx.Stack(), ctx.Project(), ctx.GetConfig, slices.Collect(maps.Keys(handed)))
	if c.Production != nil && !ctx.IsConfigSecret(ctx.Project()+":production") {
		wrong = append(wrong, c.plainSecrets()...)
	}
	return c, configError("", append(wrong, c.Problems()...))
}

// read makes the configuration of a stack of what its keys hold, as Pulumi
// renders it. Of the keys that are there, as far as they are known, each must be
// one of the program's.
func read(stack, project string, get func(key string) (string, bool), there []string) (Config, []Problem) {
	c := defaults()
	c.Stack = stack
	c.Region, _ = get("aws:region")
	c.Profile, _ = get("aws:profile")

	var wrong []Problem
	into := func(key string, field any) {
		text, ok := get(key)
		if !ok {
			return
		}
		if err := decode(text, field); err != nil {
			wrong = append(wrong, Problem{Key: key, Wrong: key + ": " + err.Error(), Remedy: "see the configuration reference for its form"})
		}
	}
	into("aws:allowedAccountIds", &c.Accounts)
	wrong = append(wrong, unusedKeys(get)...)
	fields := c.fields()
	for key, field := range fields {
		into(project+":"+key, field)
	}
	return c, append(wrong, unknownKeys(project, there, fields)...)
}

// decode reads one value as Pulumi hands it over: plain text for a string,
// JSON for the rest. A key that there is not is an error, since a mistyped one
// would silently leave a default in force.
func decode(text string, into any) error {
	switch into := into.(type) {
	case *string:
		*into = text
		return nil
	case *roles.Role:
		*into = roles.Role(text)
		return nil
	}
	decoder := json.NewDecoder(bytes.NewBufferString(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("it holds more than one value")
	}
	return nil
}

// unknownKeys finds mistyped keys at the top level of the project's namespace.
func unknownKeys(project string, there []string, fields map[string]any) (wrong []Problem) {
	for _, key := range there {
		name, ours := strings.CutPrefix(key, project+":")
		if _, known := fields[name]; ours && !known {
			wrong = append(wrong, Problem{Key: key, Wrong: key + " is not a key of this program", Remedy: "remove it, or correct its name"})
		}
	}
	return wrong
}

// Error is a configuration that cannot be meant. Nothing was touched.
type Error struct {
	File     string // that holds it; empty for what the engine handed over
	Problems []Problem
	Err      error // why the file can't be read; nil when it can
}

// Error lists the problems, one a line.
func (e *Error) Error() string {
	text := "the configuration is refused, nothing was changed:"
	if e.File != "" {
		text = e.File + ": " + text
	}
	for _, p := range e.Problems {
		text += "\n  " + p.String()
	}
	return text
}

// Unwrap is why the file can't be read.
func (e *Error) Unwrap() error { return e.Err }

// configError holds problems in a stable order, without repeating any; nil for none.
func configError(file string, wrong []Problem) error {
	if len(wrong) == 0 {
		return nil
	}
	slices.SortFunc(wrong, func(a, b Problem) int { return cmp.Compare(a.String(), b.String()) })
	return &Error{File: file, Problems: slices.Compact(wrong)}
}

// fields lists every key of the project's namespace and where it goes.
func (c *Config) fields() map[string]any {
	return map[string]any{
		"site": &c.Site, "domain": &c.Domain, "names": &c.Names, "role": &c.Role, "home": &c.Home, "visitors": &c.Visitors, "peer": &c.Peer, "production": &c.Production,
		"network": &c.Network, "database": &c.Database, "app": &c.App, "cache": &c.Cache, "media": &c.Media,
		"dns": &c.DNS, "keepWarm": &c.KeepWarm, "logDays": &c.LogDays, "alarms": &c.Alarms, "images": &c.Images, "rebuild": &c.Rebuild, "retire": &c.Retire, "acceptNoSnapshot": &c.AcceptNoSnapshot, "rotate": &c.Rotate, "teardown": &c.Teardown,
		"acceptDataLoss": &c.AcceptDataLoss, "ignoreProduction": &c.IgnoreProduction, "acceptStandby": &c.AcceptStandby, "abort": &c.Abort, "failover": &c.Failover,
	}
}
