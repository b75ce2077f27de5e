package ops

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/cmdutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"

	"github.com/pilotlight-dr/pilotlight/awsregion"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/ops/engine"
	"github.com/pilotlight-dr/pilotlight/refusal"
)

// machine is what this machine has to have.
func (s *Site) machine(ctx context.Context) []Requirement {
	all := []Requirement{{Subject: "engine", Code: EngineMissing, Reason: "there is no Pulumi " + engine.Version + " or newer on this machine",
		Remedy: "install it, or run pilotlight rehearse, which builds one"}}
	if s.options.EngineRoot != "" {
		all[0] = met("engine", "Pulumi is in "+s.options.EngineRoot)
	} else if root, ok := engine.Installed(ctx); ok {
		all[0] = met("engine", "Pulumi is in "+root)
	}
	return append(all, s.options.plugin())
}

// plugin is Pulumi's provider for AWS, which takes long to download.
func (o Options) plugin() Requirement {
	if running, _ := o.lookup("PULUMI_DEBUG_PROVIDERS"); strings.Contains(running, "aws:") {
		return met("plugin", "a running provider stands for AWS")
	}
	if path, ok := o.pluginOnPath(); ok {
		return met("plugin", "Pulumi's plugin for AWS is "+path)
	}
	home := pulumiHome(o.EnvVars)
	version := pluginVersion()
	if _, err := os.Stat(filepath.Join(home, "plugins", "resource-aws-v"+version)); err != nil {
		return Requirement{Subject: "plugin", Code: PluginMissing, Reason: fmt.Sprintf("Pulumi's plugin for AWS %s is not below %s", version, home),
			Remedy: "pulumi plugin install resource aws " + version}
	}
	return met("plugin", fmt.Sprintf("Pulumi's plugin for AWS %s is there", version))
}

// pluginOnPath finds the plugin that the engine takes, of whatever version, before those that are installed below its home, unless it was
// told not to (Pulumi's sdk/go/common/workspace/plugins.go).
func (o Options) pluginOnPath() (path string, ok bool) {
	if ignored, _ := o.lookup("PULUMI_IGNORE_AMBIENT_PLUGINS"); cmdutil.IsTruthy(ignored) {
		return "", false
	}
	path, err := exec.LookPath("pulumi-resource-aws")
	return path, err == nil
}

// requirePlugin refuses an operation without the provider, which the pulumi command is not to download: see engine.Command. The
// engine would find that out only once the claim is saved, where the state names no provider yet.
func (o Options) requirePlugin() error {
	if plugin := o.plugin(); o.Command == nil && !plugin.OK {
		return refusal.New(plugin.Code, "%s: %s", plugin.Reason, plugin.Remedy)
	}
	return nil
}

// pulumiHome is the folder of Pulumi's own files, as the engine finds it: not by HOME, which may be another in a container
// of CI. It is empty where the machine does not know its user.
func pulumiHome(env map[string]string) string {
	if home := env["PULUMI_HOME"]; home != "" {
		return home
	}
	home, _ := workspace.GetPulumiHomeDir() // the engine says it too
	return home
}

// pluginVersion is the version of pulumi-aws that the program was built with; the
// engine asks for that very one.
func pluginVersion() string {
	info, ok := debug.ReadBuildInfo()
	if ok {
		for _, dep := range info.Deps {
			if dep.Path == "github.com/pulumi/pulumi-aws/sdk/v6" {
				return strings.TrimPrefix(dep.Version, "v")
			}
		}
	}
	return "6.83.0" // a test binary does not say
}

// credentials asks the side's region whose they are: those that depend on the lost
// region do not answer when it is.
func (s *Site) credentials(ctx context.Context, side Side) Requirement {
	bounded, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	fail := func(err error) Requirement {
		return Requirement{Subject: "credentials", Code: CredentialsUnusable, Reason: err.Error(), Remedy: "sign in so that " + side.Config.Region + " accepts it, and not through the region that may be lost"}
	}
	account, err := s.caller(bounded, side)
	if err != nil {
		return fail(err)
	}
	if len(side.Config.Accounts) > 0 && !slices.Contains(side.Config.Accounts, account) {
		return fail(fmt.Errorf("they are of account %s, which aws:allowedAccountIds does not name", account))
	}
	return met("credentials", fmt.Sprintf("%s answers them, as account %s%s", side.Config.Region, account,
		byProfile(side.Config.Profile, cmp.Or(s.options.EnvVars["AWS_PROFILE"], os.Getenv("AWS_PROFILE")))))
}

// byProfile says whose credentials were taken where a stack's file names a profile: that comes before what the environment has.
func byProfile(file, environment string) string {
	switch {
	case file == "":
		return ""
	case environment == "" || environment == file:
		return ", by aws:profile " + file + " of its file"
	}
	return fmt.Sprintf(", by aws:profile %s of its file, and not by AWS_PROFILE=%s", file, environment)
}

// caller is the account whose credentials AWS in a side's region takes these for.
func (s *Site) caller(ctx context.Context, side Side) (account string, err error) {
	return failover.Account(ctx, s.options.Env, side.Config.Region, side.Config.Profile)
}

// KeysInRegion is the code of a requirement: the key to the secrets in the states is in the region that may be lost.
// StateInRegion is the same of the states.
const (
	KeysInRegion  = "keys-in-region"
	StateInRegion = "state-in-region"
)

// risks are requirements of a failover: it can read the state, and has the keys to its secrets. leading is the region that
// may be lost, other that of the other side. It is the one judgement of check and status.
func risks(state string, keys []string, leading, other string) []Requirement {
	all := []Requirement{riskOf("state", state, leading, other)}
	for _, key := range keys {
		all = append(all, riskOf("keys", key, leading, other))
	}
	return all
}

func riskOf(what, address, leading, other string) Requirement {
	region := regionOf(address)
	switch {
	case region == "" && leading != "":
		return met(what, fmt.Sprintf("%s; see yourself that it does not depend on %s", address, leading))
	case region == "" || region != leading:
		return met(what, address)
	}
	place := "REGION, best a third one"
	if awsregion.Partition(leading) == "aws-cn" { // it has two regions
		place = other
	}
	q := Requirement{
		Subject: what, Code: StateInRegion,
		Reason: fmt.Sprintf("%s is in %s, the active side's region: losing that loses the %s too", address, region, what),
		Remedy: fmt.Sprintf("pilotlight bootstrap --move --region %s", place),
	}
	if what == "keys" {
		q.Code = KeysInRegion
		q.Remedy += ", or pulumi stack change-secrets-provider for each stack, with a key that is there already"
	}
	return q
}

// stateAndKeys are the requirements that state and keys can be read when they are needed. A
// failover needs them once the leading region is lost; a switchover or a failback while both live.
func (s *Site) stateAndKeys(ctx context.Context, purpose Purpose, e Evidence, leading, other string) (all []Requirement) {
	for _, q := range risks(s.backend(ctx), s.keys(e.Sides), leading, other) {
		if purpose != ForFailover {
			q.OK, q.Code = true, ""
		}
		all = append(all, q)
	}
	return append(all, keylessRequirements(e.Keyless)...)
}
