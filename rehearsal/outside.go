package rehearsal

import (
	"path/filepath"
	"strconv"

	"github.com/pilotlight-dr/pilotlight/awssim/wire"
)

// What a pulumi command and a program need that run on a stage in processes of
// their own.

// Dir is the project's folder.
func (s *Stage) Dir() string { return s.dir }

// Face is the world as it looks from the network.
func (s *Stage) Face() *wire.Face { return s.face }

// EngineEnv tells the engine where the state is, and who plays the AWS provider.
func (s *Stage) EngineEnv() map[string]string {
	return map[string]string{
		"PULUMI_BACKEND_URL":                          "file://" + filepath.ToSlash(filepath.Join(s.dir, "state")) + "?metadata=skip", // a kill may halve what lies beside a state
		"PULUMI_HOME":                                 filepath.Join(s.dir, "home"),
		"PULUMI_CONFIG_PASSPHRASE":                    "rehearsal",
		"PULUMI_DEBUG_PROVIDERS":                      "aws:" + strconv.Itoa(s.provider.Port()),
		"PULUMI_SKIP_UPDATE_CHECK":                    "true",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
	}
}
