package components

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/wordpress"
)

// TestInstanceWithoutSettings gets no visitors, and is replaced after a while: others may have
// them. While there are none yet, as the database is only being made, it is kept.
func TestInstanceWithoutSettings(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil  func(*instance)
		health string
	}{
		"AWS does not answer": {func(i *instance) { i.silence("parameters"); i.silence("secret") }, "status 503"},
		"it may not read":     {func(i *instance) { i.silence("secret") }, "status 503"},
		"no database is there yet": {func(i *instance) {
			i.answer("parameters", "/blog/dr/site\thttps://www.example.com\n/blog/dr/epoch\t1\n")
		}, "status 200"},
		"what was known is lost": {func(i *instance) { require.NoError(i.t, os.RemoveAll(i.path("/run/pilotlight"))) }, "status 503"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := machine(t, userData())
			tc.spoil(i)
			i.run(i.script)
			require.NoError(t, i.err, i.log)
			if name == "what was known is lost" {
				tc.spoil(i)
			}
			for page, want := range map[string]string{healthPage: tc.health, deepPage: "status 503", site + "/wp-config.php": "status 503"} {
				status, _ := i.page(page)
				assert.Equal(t, want, status, page)
			}
		})
	}
}

func TestInstanceIsHealthyOnceTheDatabaseIsThere(t *testing.T) {
	t.Parallel()
	i := machine(t, userData())
	parameters := i.asked("parameters")
	i.answer("parameters", "/blog/dr/epoch\t1\n")
	i.run(i.script)
	i.answer("parameters", parameters)
	i.refresh()
	assert.NoFileExists(t, i.path("/run/pilotlight/waiting"))
	status, text := i.page(healthPage)
	assert.Equal(t, "status 200 ok\n", status+" "+text)
}

// TestPagesArePrimed holds that the balancer finds no instance healthy whose first visitor would be the first of all, and
// that no page which does not come keeps it out.
func TestPagesArePrimed(t *testing.T) {
	t.Parallel()
	const mark = "/run/pilotlight/priming"
	i := machine(t, userData())
	i.put(filepath.Join(i.commands, "curl"), `#!/bin/sh
case "$*" in *127.0.0.1*) [ ! -e "$PILOTLIGHT_ROOT`+mark+`" ] || echo "before visitors: $*" >>"$CALLS"; exit 28 ;; esac`)
	i.run(i.script)
	require.NoError(t, i.err, i.log)
	_, asked, _ := strings.Cut(i.log, "systemctl enable --now")
	for _, page := range []string{"/", "/?feed=rss2", "/wp-login.php"} {
		assert.Contains(t, asked, "before visitors: -sS -o /dev/null --max-time 10 -H Host: www.example.com -H X-Forwarded-Proto: https http://127.0.0.1"+page+"\n")
	}
	assert.NoFileExists(t, i.path(mark))

	i.answer("parameters", i.read(parametersFile)+"/blog/dr/cache\tredis.example.net\n")
	i.refresh()
	assert.NotContains(t, i.constants(), "WP_REDIS_DISABLED")
	i.put(i.path(mark), "")
	assert.Contains(t, i.constants(), "WP_REDIS_DISABLED", "what a replica shows is remembered after its promotion")
	for age, want := range map[time.Duration]string{time.Second: "status 503 priming\n", time.Minute: "status 200 ok\n"} {
		i.put(i.path(mark), "")
		i.age(mark, age)
		status, text := i.page(healthPage)
		assert.Equal(t, want, status+" "+text)
	}
}

// mounts is where the kernel lists them.
const mounts = "/proc/mounts"

// mount has the kernel list the media.
func (i *instance) mount() {
	i.put(i.path(mounts), "/dev/xvda1 / xfs rw 0 0\ns3fs "+site+"/wp-content/uploads fuse.s3fs rw 0 0\n")
}

// TestInstanceWithoutMedia gets no visitors, and is replaced after a while, where the cause is its own: S3 answers. While s3fs
// may only be on its way, while nobody has the media, and where the site has moved, it is kept.
func TestInstanceWithoutMedia(t *testing.T) {
	t.Parallel()
	const mark = "/run/pilotlight/unmounted"
	for name, tc := range map[string]struct {
		spoil  func(*instance)
		health string
	}{
		"for three minutes":  {func(*instance) {}, "status 503 no media\n"},
		"for two minutes":    {func(i *instance) { i.age(mark, 2*time.Minute) }, "status 200 ok\n"},
		"S3 is away":         {func(i *instance) { i.silence("bucket") }, "status 200 ok\n"},
		"they are back":      {(*instance).mount, "status 200 ok\n"},
		"the site has moved": {func(i *instance) { i.answer("peer-epoch", "4\n") }, "status 200 ok\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := running(t)
			i.put(i.path(mounts), "/dev/xvda1 / xfs rw 0 0\n")
			i.refresh()
			status, text := i.page(healthPage)
			require.Equal(t, "status 200 ok\n", status+" "+text, "s3fs is on its way")
			i.age(mark, 3*time.Minute)
			tc.spoil(i)
			i.refresh()
			status, text = i.page(healthPage)
			assert.Equal(t, tc.health, status+" "+text)
		})
	}
}

func TestShallowPageAsksNoDatabase(t *testing.T) {
	t.Parallel()
	status, text := running(t).page(healthPage, "STUB=down")
	assert.Equal(t, "status 200", status)
	assert.Equal(t, "ok\n", text)
}

// freeze tells the instance that its site is frozen.
func (i *instance) freeze() {
	i.answer("parameters", i.read(parametersFile)+"/blog/dr/mode\tfrozen\n")
	i.refresh()
}

func TestDeepPageAnswersOnlyToItsToken(t *testing.T) {
	t.Parallel()
	i := running(t)
	secrets := func(change map[string]string) (all map[string]string) {
		require.NoError(t, json.Unmarshal([]byte(i.asked("secret")), &all))
		maps.Copy(all, change)
		return all
	}
	for name, strange := range map[string]map[string]string{
		"the password's own": secrets(map[string]string{"auth_salt": ""}), "the salt's own": secrets(map[string]string{wordpress.DatabasePassword: ""}), "nothing": nil,
	} {
		status, text := i.page(deepPage, "HTTP_X_PILOTLIGHT_TOKEN="+wordpress.DeepToken(strange))
		assert.Equal(t, "status 403", status, name)
		assert.Empty(t, text)
	}
	status, _ := i.page(deepPage)
	assert.Equal(t, "status 403", status)
}

// TestDeepPageAnswersBothSidesOfARotation rotates each part. Who asks may not have heard of it, or have seen its end, as the instance may.
func TestDeepPageAnswersBothSidesOfARotation(t *testing.T) {
	t.Parallel()
	before := wordpress.GenerateSecrets()
	for _, part := range wordpress.Parts() {
		begun := wordpress.Rotate(before, part)
		after := wordpress.Settle(begun)
		answers := func(i *instance, asks map[string]string) bool {
			status, _ := i.page(deepPage, "HTTP_X_PILOTLIGHT_TOKEN="+wordpress.DeepToken(asks))
			return status != "status 403"
		}
		i := running(t)
		i.holds(begun)
		for _, asks := range []map[string]string{before, begun, after} {
			assert.True(t, answers(i, asks), part)
		}
		if part.Has(wordpress.PartDatabase) { // which still lets it in by the previous user alone
			login := sha256.Sum256([]byte(before[wordpress.DatabaseUser] + ":" + before[wordpress.DatabasePassword]))
			i.put(i.path("/run/pilotlight/database-login"), hex.EncodeToString(login[:]))
			for _, asks := range []map[string]string{before, begun} {
				assert.True(t, answers(i, asks), part)
			}
		}
		i.holds(after)
		assert.True(t, answers(i, begun), part)
		assert.Equal(t, part == wordpress.PartCache, answers(i, before), "%s: the token of before is good for ever", part)
	}
}

// holds has the instance read other secrets.
func (i *instance) holds(secrets map[string]string) {
	i.t.Helper()
	text, err := json.Marshal(secrets)
	require.NoError(i.t, err)
	i.answer("secret", string(text))
	i.age("/run/pilotlight/secret.json", 11*time.Minute)
	i.refresh()
}

func TestDeepPage(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		stub    string
		spoil   func(*instance)
		status  string
		answers string
	}{
		"all well":            {"", nil, "status 200", `{"ok":true,"epoch":3,"marker":"written","database":"writable","media":"mounted","cache":"none"}`},
		"database replicates": {"read_only", nil, "status 503", `{"ok":false,"epoch":3,"marker":"arrived","database":"read-only","media":"mounted","cache":"none"}`},
		"no marker has come":  {"read_only 1146", nil, "status 503", `{"ok":false,"epoch":3,"database":"read-only","media":"mounted","cache":"none"}`},
		"writes are refused":  {"1290", nil, "status 503", `{"ok":false,"epoch":3,"marker":"arrived","database":"read-only","media":"mounted","cache":"none"}`},
		"writes fail":         {"1114", nil, "status 503", `{"ok":false,"epoch":3,"database":"unreachable","media":"mounted","cache":"none"}`},
		"database is down":    {"down", nil, "status 503", `{"ok":false,"epoch":3,"database":"unreachable","media":"mounted","cache":"none"}`},
		"media are missing": {"", func(i *instance) {
			i.put(i.path(mounts), "/dev/xvda1 / xfs rw 0 0\n")
		}, "status 503", `{"ok":false,"epoch":3,"marker":"written","database":"writable","media":"missing","cache":"none"}`},
		"cache is down, which is no reason": {"", func(i *instance) {
			i.answer("parameters", i.read(parametersFile)+"/blog/dr/cache\t127.0.0.1\n")
			i.refresh()
		}, "status 200", `{"ok":true,"epoch":3,"marker":"written","database":"writable","media":"mounted","cache":"unreachable"}`},
		"site has moved": {"", func(i *instance) {
			i.answer("peer-epoch", "4\n")
			i.refresh()
		}, "status 503", `{"ok":false,"epoch":3,"fenced":true}`},
		"site is being frozen": {"", (*instance).freeze, "status 503",
			`{"ok":false,"epoch":3,"frozen":true,"marker":"written","database":"writable","media":"mounted","cache":"none"}`},
		"site is frozen": {"read_only", (*instance).freeze, "status 503",
			`{"ok":false,"epoch":3,"frozen":true,"marker":"arrived","database":"read-only","media":"mounted","cache":"none"}`},
		"site is frozen for others than its user": {"read_only ignored", (*instance).freeze, "status 503",
			`{"ok":false,"epoch":3,"frozen":true,"ignores_read_only":true,"marker":"written","database":"writable","media":"mounted","cache":"none"}`},
		"site was frozen and has moved": {"", func(i *instance) {
			i.answer("peer-epoch", "4\n")
			i.freeze()
		}, "status 503", `{"ok":false,"epoch":3,"fenced":true,"frozen":true,"marker":"arrived","database":"writable","media":"mounted","cache":"none"}`},
		"site was thawed": {"", func(i *instance) {
			i.freeze()
			i.answer("parameters", strings.ReplaceAll(i.read(parametersFile), "\tfrozen\n", "\topen\n"))
			i.refresh()
		}, "status 200", `{"ok":true,"epoch":3,"marker":"written","database":"writable","media":"mounted","cache":"none"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := running(t)
			i.mount()
			if tc.spoil != nil {
				tc.spoil(i)
			}
			status, text := i.page(deepPage, "STUB="+tc.stub, "HTTP_X_PILOTLIGHT_TOKEN="+wordpress.DeepToken(map[string]string{wordpress.DatabasePassword: `it's "\`, "auth_salt": "5"}))
			assert.Equal(t, tc.status, status)
			assert.Equal(t, tc.answers+"\n", text)
		})
	}
}
