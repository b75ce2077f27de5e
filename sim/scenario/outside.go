package scenario

import (
	"path/filepath"
	"strconv"

	"github.com/pilotlight-dr/pilotlight/sim/wire"
)

// What a pulumi command and a program need that run on a stage in processes of
// their own.

// Dir is the project's folder.
func (s *Stage) Dir() string { return s.dir }

// Face is the world as it looks from the network.
func (s *Stage) Face() *wire.Face { return s.face }

// ProviderPort is where the stage's AWS provider listens, on this machine.
func (s *Stage) ProviderPort() int { return s.provider.Port() }

// EngineEnv tells the engine where the state is, and who plays the AWS provider.
func (s *Stage) EngineEnv() map[string]string {
	env := EngineEnv(s.dir, s.ProviderPort())
	env["TRACEPARENT"] = s.watch.Trace() // an engine that passes it on is watched alone
	return env
}

// EngineEnv is the environment of an engine that works on the project in a folder, with
// the provider on a port of this machine.
func EngineEnv(dir string, provider int) map[string]string {
	return map[string]string{
		"PULUMI_BACKEND_URL":                          "file://" + filepath.ToSlash(filepath.Join(dir, "state")) + "?metadata=skip", // a kill may halve what lies beside a state
		"PULUMI_HOME":                                 filepath.Join(dir, "home"),
		"PULUMI_CONFIG_PASSPHRASE":                    passphrase,
		"PULUMI_DEBUG_PROVIDERS":                      "aws:" + strconv.Itoa(provider),
		"PULUMI_SKIP_UPDATE_CHECK":                    "true",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
	}
}
