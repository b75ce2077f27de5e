package components

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	parametersFile = "/run/pilotlight/parameters"
	fencedFile     = "/run/pilotlight/fenced"
)

// running is an instance that has booted.
func running(t *testing.T) *instance {
	t.Helper()
	i := boot(t, userData())
	require.NoError(t, i.err, i.log)
	return i
}

func TestRefreshFollowsTheParameters(t *testing.T) {
	t.Parallel()
	i := running(t)
	assert.NotContains(t, i.read(parametersFile), "cache")
	i.answer("parameters", "/blog/dr/cache\tredis.example.net\n/blog/dr/database\tother\n/blog/dr/site\thttps://www.example.com\n/blog/dr/epoch\t3\n")
	i.refresh()
	assert.Contains(t, i.read(parametersFile), "/blog/dr/cache\tredis.example.net\n")
	assert.Contains(t, i.read(parametersFile), "/blog/dr/database\tother\n")
}

func TestRefreshKeepsWhatWasLastKnown(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(*instance)
		says  string
	}{
		"AWS does not answer": {func(i *instance) { i.silence("parameters"); i.silence("secret") }, "can't be read"},
		"a parameter is gone": {func(i *instance) { i.answer("parameters", "/blog/dr/site\thttps://other\n/blog/dr/epoch\t4\n") }, "parameter /blog/dr/database is missing"},
		"no secret in it":     {func(i *instance) { i.answer("secret", "None") }, "can't be read"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := running(t)
			parameters, secret := i.read(parametersFile), i.read("/run/pilotlight/secret.json")
			tc.spoil(i)
			i.age("/run/pilotlight/secret.json", 11*time.Minute)
			i.refresh()
			assert.Contains(t, i.log, tc.says)
			assert.Equal(t, parameters, i.read(parametersFile))
			assert.Equal(t, secret, i.read("/run/pilotlight/secret.json"))
		})
	}
}

func TestSecretIsReadSeldom(t *testing.T) {
	t.Parallel()
	const file, asks = "/run/pilotlight/secret.json", "secretsmanager get-secret-value"
	i := running(t)
	i.refresh()
	assert.NotContains(t, i.log, asks, "each minute the AWS CLI is started for a secret that seldom changes")

	i.answer("secret", `{"database_password":"new"}`)
	i.age(file, 11*time.Minute)
	i.refresh()
	assert.Contains(t, i.read(file), "new")
	i.refresh()
	assert.NotContains(t, i.log, asks)

	i.answer("secret", `{"database_password":"newer"}`)
	i.put(i.path("/run/pilotlight/refused"), "")
	i.refresh()
	assert.Contains(t, i.read(file), "newer", "a login was refused, and the secret is not asked for")
	i.refresh()
	assert.NotContains(t, i.log, asks)
}

func TestInstanceFencesItself(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		peer   string
		fenced bool
	}{
		"the peer is behind":          {"2", false},
		"the peer is at its epoch":    {"3", false},
		"the peer has taken over":     {"4", true},
		"epochs are numbers":          {"10", true},
		"the peer says nothing of it": {"None", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := running(t)
			i.answer("peer-epoch", tc.peer+"\n")
			i.refresh()
			if tc.fenced {
				assert.FileExists(t, i.path(fencedFile))
				assert.Contains(t, i.log, "systemctl stop pilotlight-media")
			} else {
				assert.NoFileExists(t, i.path(fencedFile))
				assert.NotContains(t, i.log, "systemctl stop")
			}
		})
	}
}

func TestFenceOutlastsThePeersSilence(t *testing.T) {
	t.Parallel()
	i := running(t)
	i.silence("peer-epoch")
	i.refresh()
	assert.NoFileExists(t, i.path(fencedFile), "a peer that can't be read is no reason to stop")

	i.answer("peer-epoch", "4\n")
	i.refresh()
	i.silence("peer-epoch")
	i.refresh()
	assert.FileExists(t, i.path(fencedFile), "what was once known stays true")

	i.answer("parameters", "/blog/dr/database\tdb\n/blog/dr/site\thttps://www.example.com\n/blog/dr/epoch\t5\n")
	i.refresh()
	assert.NoFileExists(t, i.path(fencedFile), "the site has come back")
	assert.Contains(t, i.log, "systemctl start pilotlight-media")
}

func TestPeerIsAskedBrieflyAndAloneInItsRegion(t *testing.T) {
	t.Parallel()
	i := running(t)
	assert.Contains(t, i.log, "aws --region us-east-2 --cli-connect-timeout 2 --cli-read-timeout 5 --output text "+
		"ssm get-parameter --name /blog/prod/epoch")

	args := userData()
	args.PeerRegion, args.PeerParameterPath = "", ""
	alone := boot(t, args)
	require.NoError(t, alone.err, alone.log)
	assert.NotContains(t, alone.log, "ssm get-parameter ")
}

func TestFencedSiteAnswersMaintenance(t *testing.T) {
	t.Parallel()
	conf := running(t).read("/etc/httpd/conf.d/pilotlight.conf")
	assert.Contains(t, conf, "RewriteCond /run/pilotlight/fenced -f [OR]\nRewriteCond /run/pilotlight/frozen -f\nRewriteRule !^/pilotlight/ - [R=503,L]\n")
}
