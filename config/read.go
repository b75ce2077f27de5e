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
	if wrong := misplacedKeys(ctx.Project(), ctx.IsConfigSecret); len(wrong) > 0 {
		return Config{}, configError("", wrong) // nothing else is said: it could quote one of them
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
	ofProvider := c.providerFields()
	for key, field := range ofProvider {
		into("aws:"+key, field)
	}
	for key := range elsewhere { // an inline program can't list its keys
		if _, ok := get("aws:" + key); ok && !slices.Contains(there, "aws:"+key) {
			there = append(there, "aws:"+key)
		}
	}
	fields := c.fields()
	for key, field := range fields {
		into(project+":"+key, field)
	}
	wrong = append(wrong, unknownKeys("aws", there, ofProvider)...)
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

// unknownKeys finds keys of a namespace that have no field: mistyped ones, and those of the provider that would have no
// effect, since the stack makes its own provider.
func unknownKeys(namespace string, there []string, fields map[string]any) (wrong []Problem) {
	for _, key := range there {
		name, ours := strings.CutPrefix(key, namespace+":")
		if _, known := fields[name]; !ours || known {
			continue
		}
		p := Problem{Key: key, Wrong: key + " is not a key of this program", Remedy: "remove it, or correct its name"}
		if remedy, ok := elsewhere[name]; ok && namespace == "aws" {
			p.Wrong, p.Remedy = key+" is not used", remedy
		}
		wrong = append(wrong, p)
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

// providerFields lists the keys of the provider's namespace that are used, and where each goes.
func (c *Config) providerFields() map[string]any {
	return map[string]any{"region": &c.Region, "profile": &c.Profile, "allowedAccountIds": &c.Accounts}
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
