package site

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/wordpress"
)

// publish puts other secrets where the side's instances read them, and tells them to.
func (s *side) publish(version int, secrets map[string]string) {
	s.t.Helper()
	text, err := json.Marshal(secrets)
	require.NoError(s.t, err)
	s.world.Clock().Advance(time.Minute) // of two versions the later one counts
	name := fmt.Sprintf("version-%d", version)
	s.make(home, "aws:secretsmanager/secretVersion:SecretVersion", name, map[string]any{"secretId": s.arn, "secretString": string(text)})
	s.parameter(home, path+"/secret", name)
	s.secrets = secrets
}

// setMaster gives the master user another password, as RDS does.
func (s *server) setMaster(secrets map[string]string, password string) {
	s.t.Helper()
	s.must(fmt.Sprintf("ALTER USER '%s'@'%%' IDENTIFIED BY '%s'", secrets[wordpress.MasterUser], password))
}

// readable lists files with a text that WordPress can read.
func (i *instance) readable(text string) string {
	i.t.Helper()
	return i.must("runuser -u apache -- grep -rlsF " + text + " /run /etc /var/lib /usr/share/pilotlight || true")
}

// TestRotation rotates all secrets of a site that is visited all the while. Database and cache hear of the new ones late,
// as they do on AWS; a database forgets the new user, as a replica may that is promoted in the middle.
func TestRotation(t *testing.T) {
	t.Parallel()
	s := newSide(t)
	s.parameter(home, path+"/cache", cacheHost)
	r := s.cacheAt(cacheHost, s.secrets[wordpress.CacheToken])
	i := s.serving(s.image(putWordPress + redisCache(t)))
	i.visit().install()
	editor := i.visit()
	editor.logIn()
	require.NoError(t, editor.get("/wp-admin/index.php").want(200))
	refreshed := func() (page checks.DeepPage) {
		t.Helper()
		eventually(t, patience, func() (err error) { // AWS's command may time out on a busy machine
			require.NoError(t, i.systemd.start(refresh))
			page, err = s.deep(i)
			return err
		})
		return page
	}
	require.Equal(t, "ok", refreshed().Cache)

	ended, visits, noticed := make(chan struct{}), 0, []error{}
	var visitors sync.WaitGroup
	visitors.Go(func() {
		for v := i.visit(); ; visits++ {
			select {
			case <-ended:
				return
			case <-t.Context().Done():
				return
			case <-time.After(100 * time.Millisecond):
			}
			if err := v.get("/").want(200); err != nil && t.Context().Err() == nil {
				noticed = append(noticed, err)
			}
		}
	})

	before := s.secrets
	begun := wordpress.Rotate(before, wordpress.PartAll)
	s.database.setMaster(before, "not known here yet")
	s.publish(1, begun)
	page := refreshed()
	assert.Zero(t, page.Rotation, "the new user is not made yet")
	assert.Equal(t, "ok", page.Cache, "the cache is asked by the token before")
	assert.NotEmpty(t, i.readable(begun[wordpress.DatabasePassword]), "the test shows nothing")
	for _, s := range []map[string]string{before, begun} {
		assert.Empty(t, i.readable(s[wordpress.MasterPassword]), "WordPress can read the master user's password")
	}
	require.NoError(t, editor.get("/wp-admin/index.php").want(302), "other salts end log-ins")

	s.database.setMaster(before, begun[wordpress.MasterPassword])
	r.do("ACL", "SETUSER", "default", ">"+begun[wordpress.CacheToken]) // as with the strategy ROTATE
	page = refreshed()
	assert.Equal(t, 1, page.Rotation)
	assert.Equal(t, "ok", page.Cache)
	assert.Equal(t, "wordpress_2", begun[wordpress.DatabaseUser])

	close(ended)
	visitors.Wait()
	assert.Empty(t, noticed, "a visitor noticed")
	assert.Greater(t, visits, 3)

	// As a replica that had not heard of the new user: pages use the one before, until it takes writes.
	s.database.must("SET GLOBAL read_only = 1; DROP USER wordpress_2")
	require.NoError(t, i.visit().get("/wp-login.php").want(500), "the test shows nothing")
	require.NoError(t, i.systemd.start(refresh))
	page, err := s.deep(i)
	require.Error(t, err)
	assert.Equal(t, "read-only", page.Database)
	s.database.must("SET GLOBAL read_only = 0")
	assert.Equal(t, 1, refreshed().Rotation)

	after := wordpress.Settle(begun)
	assert.NotContains(t, s.database.as(before, "database", "SELECT 1"), "ERROR")
	s.publish(2, after)
	r.do("ACL", "SETUSER", "default", "resetpass", ">"+after[wordpress.CacheToken]) // as with SET
	page = refreshed()
	assert.Equal(t, 1, page.Rotation)
	assert.Equal(t, "ok", page.Cache)
	assert.Contains(t, s.database.as(before, "database", "SELECT 1"), "ERROR 4151", "MySQL says 3118")

	again := wordpress.Rotate(after, wordpress.PartDatabase)
	s.publish(3, again)
	assert.Equal(t, 2, refreshed().Rotation, "the user of before is made anew by the master's password of before")
	assert.NotContains(t, s.database.as(again, "database", "SELECT 1"), "ERROR")
	require.NoError(t, i.visit().get("/").want(200))
}
