package site

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/components"
	"github.com/pilotlight-dr/pilotlight/wordpress"
)

// hasty is what an image has whose Apache waits two seconds where it would wait a minute, and one where it would wait five;
// and that has one process of 120 threads in place of two of 200. It has a page that takes longer than it waits.
const hasty = `
sed -i 's/^Listen 80$/&\nTimeout 2\nKeepAliveTimeout 1/' /etc/httpd/conf/httpd.conf
printf 'ThreadsPerChild 120\nMaxRequestWorkers 120\n' >/etc/httpd/conf.d/z.conf
echo '<?php sleep(4); echo "slow, and whole";' >/var/www/html/slow.php
`

// idle is how many connections the balancer's machines keep after a rush: more than thrice the threads, which is all that
// Apache takes by default, and more than the files that systemd gives to a process by default.
const idle = 1100

// TestLimitsOfAnInstance holds that a page may take its time, that a connection which the balancer keeps is open when it is
// used again, and that many of those keep no other one out, and not the balancer's check.
func TestLimitsOfAnInstance(t *testing.T) {
	t.Parallel()
	s := newSide(t)
	i := s.serving(s.image(putWordPress + hasty))

	kept := make([]*connection, idle)
	for n := range kept {
		kept[n] = i.connect()
		require.NoError(t, kept[n].get("/pilotlight/maintenance.html"), "connection %d", n)
	}
	require.NoError(t, i.connect().get("/pilotlight/health.php"), "beside %d idle connections", idle)

	got := i.visit().get("/slow.php") // meanwhile the connections are idle
	require.NoError(t, got.want(http.StatusOK))
	assert.Equal(t, "slow, and whole", got.text)

	for n, c := range kept {
		require.NoError(t, c.get("/pilotlight/maintenance.html"), "connection %d is closed, and a visitor gets a 502", n)
	}
}

// A connection is one that a balancer keeps.
type connection struct {
	net.Conn
	t    *testing.T
	from *bufio.Reader
}

// connect opens a connection to the instance's web server.
func (i *instance) connect() *connection {
	i.t.Helper()
	conn, err := net.DialTimeout("tcp", net.JoinHostPort(i.address, "80"), 5*time.Second)
	require.NoError(i.t, err)
	i.t.Cleanup(func() { _ = conn.Close() })
	return &connection{conn, i.t, bufio.NewReader(conn)}
}

// get asks for a page, which must leave the connection open. It waits as long as the balancer's check does.
func (c *connection) get(path string) error {
	c.t.Helper()
	require.NoError(c.t, c.SetDeadline(time.Now().Add(5*time.Second)))
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, "http://www.example.com"+path, http.NoBody)
	require.NoError(c.t, err)
	if err := req.Write(c); err != nil {
		return err
	}
	res, err := http.ReadResponse(c.from, req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK || res.Close {
		return fmt.Errorf("status %d, and the connection ends with it: %t", res.StatusCode, res.Close)
	}
	return nil
}

// forgetful is what an image has whose s3fs remembers nothing for more than a second, where it would for a minute.
const forgetful = `
printf '#!/bin/bash\nexec /usr/bin/s3fs "${@/stat_cache_expire=60/stat_cache_expire=1}"\n' >/usr/local/bin/s3fs
chmod 0755 /usr/local/bin/s3fs
`

// impatient has the refresh wait three seconds for the media, where it would wait thirty.
const impatient = `sed -i 's/timeout 30 tail/timeout 3 tail/' /usr/local/sbin/pilotlight-refresh`

// TestInstanceHeals has processes of an instance killed for want of memory, S3 stall, and the mount of the media hang. It serves
// on, or again, and is not replaced.
func TestInstanceHeals(t *testing.T) {
	t.Parallel()
	s := newSide(t)
	i := s.serving(s.image(putWordPress + blocking + forgetful))
	eventually(t, patience, func() error { _, err := s.deep(i); return err })

	slow := make(chan page)
	go func() { slow <- i.visit().get("/blocking.php") }()
	eventually(t, patience, func() error { _, err := i.run("test -e /tmp/blocking"); return err })
	i.systemd.outOfMemory("php-fpm.service", "php-fpm: pool pilotlight")
	i.must("touch /run/open")
	got := <-slow
	require.NoError(t, got.want(http.StatusOK), "a page is lost with the process of another one")
	assert.Equal(t, "served with /var/tmp", got.text)

	for name, process := range map[string]string{"php-fpm.service": "php-fpm: master", "httpd.service": "sbin/apache2"} {
		i.systemd.outOfMemory(name, process)
		eventually(t, patience, func() error { return i.visit().get("/").want(http.StatusFound) })
		require.NoError(t, i.visit().get(components.HealthPath).want(http.StatusOK))
	}

	i.must(impatient)
	release := s.stall()
	defer release()
	var visitors sync.WaitGroup
	for n := range 12 { // more than the threads of FUSE 3
		visitors.Go(func() { i.visit().get(fmt.Sprintf("/wp-content/uploads/%d.jpg", n)) })
	}
	upload := i.begin("upload", "runuser", "-u", "apache", "--", "sh", "-c", "echo late >/var/www/html/wp-content/uploads/late.txt")
	s.answersBesideDeepPages(i)
	require.NoError(t, i.systemd.start(refresh))
	require.NotContains(t, i.must("cat /var/log/pilotlight.log"), "the media do not answer", "an upload that waits for S3 is lost")
	release()
	visitors.Wait()
	require.NoError(t, upload.wait(), i.log())
	eventually(t, patience, func() error {
		if keys := s.keys(home, bucket); !slices.Contains(keys, "late.txt") {
			return fmt.Errorf("late.txt is not among %v", keys)
		}
		return nil
	})

	i.signal("STOP", "s3fs "+bucket)
	s.answersBesideDeepPages(i)
	require.NoError(t, i.systemd.start(refresh))
	assert.Contains(t, i.must("cat /var/log/pilotlight.log"), "the media do not answer")
	eventually(t, patience, func() error { _, err := s.deep(i); return err })
}

// answersBesideDeepPages asks for the deep page more often than the pages beside the site have processes. None may wait for the media:
// the balancer's check must find one.
func (s *side) answersBesideDeepPages(i *instance) {
	s.t.Helper()
	const asked = 4
	answers := make(chan error, asked)
	for range asked {
		go func() {
			v := i.visit()
			v.client.Timeout = 5 * time.Second
			answers <- v.get(components.DeepPath, "X-Pilotlight-Token", wordpress.DeepToken(s.secrets)).want(http.StatusOK)
		}()
	}
	for range asked {
		assert.NoError(s.t, <-answers)
	}
	balancer := i.visit()
	balancer.client.Timeout = 5 * time.Second
	require.NoError(s.t, balancer.get(components.HealthPath).want(http.StatusOK))
}
