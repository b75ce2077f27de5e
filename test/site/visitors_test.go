package site

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/components"
	"github.com/pilotlight-dr/pilotlight/sim"
)

// TestVisitors holds what a visitor gets at, and what is known of them.
func TestVisitors(t *testing.T) {
	t.Parallel()
	s := newSide(t)
	for key, body := range map[string]string{"x.php": `<?php echo 6 * 7, "ran";`, "2026/11/x.PHP": `<?php echo 6 * 7, "ran";`, "2026/11/x.jpg": `<?php echo 6 * 7, "ran";`} {
		_, err := s.world.PutObject(home, bucket, key, sim.Content{Body: []byte(body), Type: "image/jpeg"}, sim.Condition{})
		require.NoError(t, err)
	}
	i := s.serving(s.image(putWordPress))
	v := i.visit()
	v.install()
	eventually(t, patience, func() error { return v.get("/wp-content/uploads/2026/11/x.jpg").want(200) })
	for _, path := range []string{"/x.php", "/2026/11/x.PHP", "/2026/11/x.jpg", "/x.php/y.jpg", "/", "/2026/", "/2026/11/"} {
		got := v.get("/wp-content/uploads" + path)
		assert.NotContains(t, got.text, "42ran", path)
		assert.NotContains(t, got.text, "Index of", path)
	}
	assert.Equal(t, 403, v.get("/wp-content/uploads/x.php").status)

	// Two hops: what visitors say of themselves is not believed.
	v.address = "198.51.100.66, 203.0.113.9"
	form := "comment_post_ID=1&author=Ann&email=ann@example.com&comment=" + strings.Repeat("word+", 3)
	require.NoError(t, v.send("POST", "/wp-comments-post.php", strings.NewReader(form), "Content-Type", "application/x-www-form-urlencoded").want(302))
	assert.Equal(t, "203.0.113.9", s.database.must("SELECT comment_author_IP FROM wordpress.wp_comments WHERE comment_author = 'Ann'"))
	log := i.must("cat /var/log/httpd/access_log")
	assert.Contains(t, log, `203.0.113.9 - - `)
	assert.NotContains(t, log, internet+" - - ", "the log has the balancer in the place of visitors")
	assert.Equal(t, 403, v.get("/wp-cron.php").status, "a timer runs jobs, visitors don't")
}

// TestHealthOfAnInstanceWithoutSettings has an instance that can read nothing: the balancer
// must send no visitors there.
func TestHealthOfAnInstanceWithoutSettings(t *testing.T) {
	t.Parallel()
	s := newSide(t)
	s.shutting(func(host string) bool {
		return strings.HasPrefix(host, "ssm.") || strings.HasPrefix(host, "secretsmanager.")
	})
	i := s.launch(home, s.image(putWordPress), s.script())
	require.NoError(t, i.boot(), i.log())
	eventually(t, patience, func() error {
		got := i.visit().get(components.HealthPath)
		if got.text != "starting\n" { // the web server's own 503 is not the page's
			return errors.New(got.text)
		}
		return got.want(503)
	})
	s.shutting(func(string) bool { return false })
	eventually(t, patience, func() error {
		if err := i.systemd.elapse(); err != nil {
			return err
		}
		return i.visit().get(components.HealthPath).want(200)
	})
}

// TestDebiansS3fs mounts the media with the s3fs of FUSE 2 that Debian has.
func TestDebiansS3fs(t *testing.T) {
	t.Parallel()
	s := newSide(t)
	s.s3fs = ""
	i := s.serving(s.image(putWordPress))
	require.Contains(t, i.must("s3fs --version"), "V1.9")
	eventually(t, patience, func() error { _, err := s.deep(i); return err })
}

// anchor is where an instance has RDS's certificates.
const anchor = "/etc/pki/ca-trust/source/anchors/rds.pem"

// TestDatabaseOfAnotherAuthority has RDS sign the database with a new authority: it is not
// believed until the instance has read the new certificates. It asks for them every ten minutes.
func TestDatabaseOfAnotherAuthority(t *testing.T) {
	t.Parallel()
	s := newSide(t)
	i := s.serving(s.image(putWordPress))
	eventually(t, patience, func() error { _, err := s.deep(i); return err })

	eventually(t, patience, func() error { // the first look may be in vain
		_, err := i.run("test -s " + anchor)
		if err != nil {
			err = errors.Join(err, i.systemd.start(refresh))
		}
		return err
	})

	next := s.signedAnew()
	got, err := s.deep(i)
	require.Error(t, err)
	assert.Equal(t, "unreachable", got.Database, "the database's certificate is not checked")
	refreshed := func() error {
		t.Helper()
		require.NoError(t, i.systemd.start(refresh))
		_, err := s.deep(i)
		return err
	}
	i.must("touch -d '11 minutes ago' " + anchor)
	require.Error(t, refreshed(), "an authority is believed that RDS does not know")

	s.certificates(home, next)
	require.Error(t, refreshed(), "certificates are read each minute")
	i.must("touch -d '11 minutes ago' " + anchor)
	require.NoError(t, refreshed())
}

// signedAnew has another authority sign the side's database.
func (s *side) signedAnew() *authority {
	s.t.Helper()
	next, err := newAuthority("Test's next RDS")
	require.NoError(s.t, err)
	s.database.stop()
	next.put(s.t, s.database.dir, host)
	s.database.start()
	return next
}

// TestImageBringsCertificates boots images with certificates of RDS. Those of the region where an image was made are of no use in
// another one, and those of all regions are enough where they can't be downloaded.
func TestImageBringsCertificates(t *testing.T) {
	t.Parallel()
	other, err := newAuthority("Amazon RDS " + away + " Root CA RSA2048 G1")
	require.NoError(t, err)
	own, err := rds()
	require.NoError(t, err)
	all := string(other.pem) + string(own.pem)
	for name, tc := range map[string]struct {
		brings  string
		offline bool
		has     string
	}{
		"of the other region":                         {string(other.pem), false, string(own.pem)},
		"of the other region, and none can be loaded": {string(other.pem), true, ""},
		"of all regions, and none can be loaded":      {all, true, all},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSide(t)
			s.shutting(func(host string) bool { return tc.offline && strings.HasPrefix(host, "truststore.") })
			i := s.serving(s.image(putWordPress + "cat >" + anchor + " <<EOF\n" + tc.brings + "EOF\nupdate-ca-trust\n"))
			eventually(t, patience, func() error { _, err := s.deep(i); return err })
			assert.Equal(t, tc.has, i.must("cat "+anchor+" 2>/dev/null || true"))
			if tc.has != "" {
				s.signedAnew()
				_, err := s.deep(i)
				assert.Error(t, err, "the database's certificate is not checked")
			}
		})
	}
}

// TestDatabaseHangs has the database's machine stop in its tracks: it takes connections, and says nothing. The deep page
// tells so, and the pages beside the site keep their processes: the balancer's page answers.
func TestDatabaseHangs(t *testing.T) {
	t.Parallel()
	s := newSide(t)
	i := s.serving(s.image(putWordPress))
	eventually(t, patience, func() error { _, err := s.deep(i); return err })
	require.NoError(t, s.database.cmd.Process.Signal(syscall.SIGSTOP))
	got, err := s.deep(i)
	require.Error(t, err)
	assert.Equal(t, "unreachable", got.Database, err)
	assert.NoError(t, i.visit().get(components.HealthPath).want(200))
}

// TestSlowRequests sends requests to the pages beside the site whose bodies do not end, as many as there are processes. Nothing that a
// visitor sends may hold these: the balancer would find the instance ill, and the group replace it.
func TestSlowRequests(t *testing.T) {
	t.Parallel()
	s := newSide(t)
	i := s.serving(s.image(putWordPress + `
		ln -s /usr/lib/apache2/modules /etc/httpd/modules
		sed -i /reqtimeout/d /etc/httpd/conf.modules.d/00-base.conf
	`))
	eventually(t, patience, func() error { _, err := s.deep(i); return err })
	for _, request := range []string{
		"POST %s HTTP/1.1\r\nHost: www.example.com\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000000\r\n\r\na=",
		"POST %s HTTP/1.1\r\nHost: www.example.com\r\nContent-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n--b\r\n",
		"GET %s HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 1000000\r\n\r\na",
		"GET %s HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 1\r\n\r\n",
	} {
		for range 3 {
			for _, path := range []string{components.HealthPath, components.DeepPath} {
				conn, err := net.Dial("tcp", net.JoinHostPort(i.address, "80"))
				require.NoError(t, err)
				t.Cleanup(func() { _ = conn.Close() })
				require.NoError(t, conn.SetDeadline(time.Now().Add(15*time.Second))) // Apache ends the request itself after 20
				_, err = fmt.Fprintf(conn, request, path)
				require.NoError(t, err)
				res, err := http.ReadResponse(bufio.NewReader(conn), nil)
				require.NoError(t, err, request)
				assert.Equal(t, 413, res.StatusCode, request)
				assert.NoError(t, res.Body.Close())
			}
		}
	}
	v := i.visit()
	v.client.Timeout = 15 * time.Second
	require.NoError(t, v.get(components.HealthPath).want(200))
	require.NoError(t, v.send("HEAD", components.HealthPath, nil, "Content-Length", "0").want(200))
	_, err := s.deep(i)
	require.NoError(t, err)
	assert.Contains(t, i.must("httpd -t -D DUMP_MODULES"), "reqtimeout_module", "nothing ends a request that does not come")
}
