package site

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/components"
)

// TestInstanceServesWordPress goes the way of a first visitor: the installer, the log-in, a
// post, a comment, and an upload that must arrive in the bucket.
func TestInstanceServesWordPress(t *testing.T) {
	s := newSide(t)
	i := s.serving(s.image(putWordPress))
	eventually(t, 20*time.Second, func() error { _, err := s.deep(i); return err })
	got, err := s.deep(i)
	require.NoError(t, err)
	assert.Equal(t, "writable", got.Database)
	assert.Equal(t, "mounted", got.Media)

	v := i.visit()
	require.Equal(t, 302, v.get("/").status, "to the installer")
	v.install()
	require.NoError(t, v.get("/").want(200))
	nonce := v.logIn()
	require.NoError(t, v.rest(nonce, "/wp/v2/posts", "application/json", `{"title":"First of all","content":"Hello from the first region","status":"publish"}`).want(201))
	require.NoError(t, v.rest(nonce, "/wp/v2/comments", "application/json", `{"post":1,"content":"A word of mine"}`).want(201))
	assert.Contains(t, i.visit().get("/").text, "First of all")
	assert.Equal(t, "1", s.database.must("SELECT COUNT(*) FROM wordpress.wp_comments WHERE comment_content = 'A word of mine'"))

	medium := v.upload(nonce, "tide.txt", "text/plain", "high water at noon")
	eventually(t, 20*time.Second, func() error { return i.visit().get(medium).want(200) })
	assert.Equal(t, "high water at noon", i.visit().get(medium).text)
	assert.Contains(t, s.keys(home, bucket), medium[len("/wp-content/uploads/"):])
	assert.Empty(t, i.must("find / -xdev -path /proc -prune -o -name tide.txt -newer /var/www/html/index.php -print | grep -v '^/var/cache/s3fs' || true"), "an upload stays on the instance")
	require.NoError(t, i.visit().get(components.HealthPath).want(200))
}
