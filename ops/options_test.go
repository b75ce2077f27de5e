package ops

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"

	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/refusal"
)

// TestSameAWS holds that the engine and this process call AWS as the same one, or not at all. It is not parallel: the
// environment is the process's.
func TestSameAWS(t *testing.T) {
	t.Setenv("AWS_PROFILE", "night")
	ended, end := context.WithCancel(t.Context())
	end()
	clients := func(context.Context, string, string) (aws.Config, error) { return aws.Config{}, nil }
	for name, tc := range map[string]struct {
		env  map[string]string
		aws  func(context.Context, string, string) (aws.Config, error)
		says string
	}{
		"nothing":           {env: map[string]string{"PULUMI_BACKEND_URL": "file:///state"}},
		"as the process":    {env: map[string]string{"AWS_PROFILE": "night"}},
		"both are given":    {env: map[string]string{"AWS_PROFILE": "day"}, aws: clients},
		"another profile":   {env: map[string]string{"AWS_PROFILE": "day"}, says: "AWS_PROFILE"},
		"keys of their own": {env: map[string]string{"AWS_SECRET_ACCESS_KEY": "b", "AWS_ACCESS_KEY_ID": "a"}, says: "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY"},
	} {
		o := Options{Dir: t.TempDir(), EnvVars: tc.env, Env: failover.Env{AWS: tc.aws}, Command: silentEngine{}}
		_, err := OpenSite(o)
		if tc.says == "" {
			assert.Equal(t, refusal.CodeNoProject, refusal.CodeOf(err), name)
			continue
		}
		_, opening := Open(ended, "dr", o)
		for _, err := range []error{err, opening} {
			assert.Equal(t, refusal.CodeMismatch, refusal.CodeOf(err), name)
			assert.ErrorContains(t, err, "give "+tc.says+" to the engine alone: set the same", name)
		}
	}
}
