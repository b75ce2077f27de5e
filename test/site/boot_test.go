package site

import (
	"flag"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/components"
	"github.com/pilotlight-dr/pilotlight/sim"
)

// TestInstanceServesWordPress goes the way of a first visitor: the installer, the log-in, a
// post, a comment, and an upload that must arrive in the bucket.
func TestInstanceServesWordPress(t *testing.T) {
	t.Parallel()
	s := newSide(t)
	i := s.serving(s.image(putWordPress))
	eventually(t, patience, func() error { _, err := s.deep(i); return err })
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

	// WordPress needs no rights beyond its schema.
	assert.Contains(t, s.database.as(s.secrets, "database", "CREATE DATABASE other"), "ERROR 1044")
	s.database.must("ALTER USER '" + s.secrets["master_user"] + "'@'%' ACCOUNT LOCK")
	require.NoError(t, i.visit().get("/").want(200), "WordPress logs in as the master user")
	require.NoError(t, v.rest(nonce, "/wp/v2/posts", "application/json", `{"title":"Second","status":"publish"}`).want(201))

	medium := v.upload(nonce, "tide.txt", "text/plain", "high water at noon")
	eventually(t, patience, func() error { return i.visit().get(medium).want(200) })
	assert.Equal(t, "high water at noon", i.visit().get(medium).text)
	assert.Contains(t, s.keys(home, bucket), medium[len("/wp-content/uploads/"):])
	assert.Empty(t, i.must("find / -xdev -path /proc -prune -o -name tide.txt -newer /var/www/html/index.php -print | grep -v '^/var/cache/s3fs' || true"), "an upload stays on the instance")
	require.NoError(t, i.visit().get(components.HealthPath).want(200))

	i.must("runuser -u apache -- ln -s /run/pilotlight/secret.json /var/log/php-fpm/x.log")
	i.must("runuser -u apache -- touch /var/log/php-fpm/y.log; echo last >>/var/log/php-fpm/y.log")
	require.NoError(t, i.systemd.start(refresh))
	s.mu.Lock()
	defer s.mu.Unlock()
	logged := s.logged["/pilotlight"+path+" "+i.id]
	assert.Contains(t, logged, "pilotlight: the database has the user wordpress now")
	assert.Contains(t, logged, "php-fpm/y.log: last")
	assert.NotContains(t, logged, s.secrets["master_password"], "root reads what apache names")
}

var boots = flag.Int("boots", 6, "how many instances boot one after the other; one hundred take some minutes")

// slowPHP is a PHP that says a line at a time. A reader that leaves before the end makes it
// fail each time, and not by chance.
const slowPHP = `
cat >/usr/local/bin/php <<'EOF'
#!/bin/bash
set -o pipefail
/usr/bin/php "$@" | while IFS= read -r line || [[ -n $line ]]; do printf '%s\n' "$line" || exit; sleep 0.02; done
EOF
chmod 0755 /usr/local/bin/php
`

// TestManyBoots holds that no instance refuses by chance. Two boot at a time. The first two serve on, and one of them loses its media.
func TestManyBoots(t *testing.T) {
	t.Parallel()
	s := newSide(t)
	image := s.image(putWordPress + slowPHP)
	var all sync.WaitGroup
	turns := make(chan struct{}, 2)
	booted := make([]*instance, max(*boots, 2))
	for n := range booted {
		turns <- struct{}{}
		all.Go(func() {
			defer func() { <-turns }()
			i := s.launch(home, image, s.script())
			if n >= 2 {
				defer i.powerOff()
			}
			if err := i.boot(); assert.NoError(t, err, i.log()) {
				assert.Contains(t, i.said, "the instance serves the site from "+home)
			}
			booted[n] = i
		})
	}
	all.Wait()
	require.False(t, t.Failed())
	s.losesMedia(booted[0], booted[1])
}

// losesMedia has one instance of two lose its media for good. The balancer sends visitors to the other. While S3 is away, which no other instance would
// mend, it finds both healthy.
func (s *side) losesMedia(ill, well *instance) {
	s.t.Helper()
	for _, i := range []*instance{ill, well} {
		eventually(s.t, patience, func() error { _, err := s.deep(i); return err })
	}
	minutes := func() {
		s.t.Helper()
		require.NoError(s.t, ill.systemd.start(refresh))
		ill.must("touch -d '3 minutes ago' /run/pilotlight/unmounted")
		require.NoError(s.t, ill.systemd.start(refresh))
	}
	ill.must("mount --bind /dev/null /dev/fuse; systemctl stop pilotlight-media")
	minutes()
	got := ill.visit().get(components.HealthPath)
	require.NoError(s.t, got.want(503))
	assert.Equal(s.t, "no media\n", got.text)
	require.NoError(s.t, well.visit().get(components.HealthPath).want(200))
	well.visit().install()
	require.NoError(s.t, well.visit().get("/").want(200))

	s.shutting(func(host string) bool { return strings.Contains(host, ".s3.") })
	minutes()
	require.NoError(s.t, ill.visit().get(components.HealthPath).want(200), "an instance is replaced while S3 is away")
	s.shutting(func(string) bool { return false })

	ill.must("umount /dev/fuse")
	eventually(s.t, patience, func() error { _, err := s.deep(ill); return err })
	require.NoError(s.t, ill.systemd.start(refresh))
	require.NoError(s.t, ill.visit().get(components.HealthPath).want(200))
}

// TestBareImage boots plain Amazon Linux, where all has to be installed.
func TestBareImage(t *testing.T) {
	t.Parallel()
	s := newSide(t)
	s.downloads["https://wordpress.org/latest.tar.gz"] = archive(t)
	i := s.serving(s.image(lacks("aws", "httpd", "php", "php-fpm", "nft", "s3fs")))
	assert.Contains(t, i.said, "installing awscli-2 httpd nftables php-cli php-fpm")
	assert.Contains(t, i.said, "the Redis Object Cache plugin can't be downloaded")
	eventually(t, patience, func() error { _, err := s.deep(i); return err })
	v := i.visit()
	v.install()
	require.NoError(t, v.get("/").want(200))
}

// TestImageWithUploads boots an image that was taken of a server with media in its folder:
// they hide nothing of the bucket, and are not lost. All of the site is apache's own, or all may write to it.
func TestImageWithUploads(t *testing.T) {
	t.Parallel()
	s := newSide(t)
	_, err := s.world.PutObject(home, bucket, "2026/01/of-the-bucket.txt", sim.Content{Body: []byte("of the bucket"), Type: "text/plain"}, sim.Condition{})
	require.NoError(t, err)
	i := s.serving(s.image(putWordPress + "mkdir -p /var/www/html/wp-content/uploads/2026/01\necho of the image >/var/www/html/wp-content/uploads/2026/01/of-the-image.txt\nchown -R apache:apache /var/www/html\nchmod 0777 /var/www /var/www/html/wp-content\n"))
	eventually(t, patience, func() error { return i.visit().get("/wp-content/uploads/2026/01/of-the-bucket.txt").want(200) })
	assert.Equal(t, "of the bucket", i.visit().get("/wp-content/uploads/2026/01/of-the-bucket.txt").text)
	assert.NotEqual(t, "of the image\n", i.visit().get("/wp-content/uploads/2026/01/of-the-image.txt").text)
	assert.Equal(t, "of the image\n", i.must("cat /var/www/uploads-of-image/2026/01/of-the-image.txt"))
	i.keepsTheWayToTheMedia()
	i.must("runuser -u apache -- sh -c 'echo >/var/www/html/.htaccess; mkdir /var/www/html/wp-content/cache; mv /var/www/html/wp-content/themes /var/www/html/wp-content/others; mkdir /var/www/own'")
}

// TestReboot has an instance start again what systemd would.
func TestReboot(t *testing.T) {
	t.Parallel()
	s := newSide(t)
	i := s.serving(s.image(putWordPress))
	i.visit().install()
	i.reboot()
	require.NoError(t, i.systemd.elapse(), "OnBootSec")
	eventually(t, patience, func() error { return i.visit().get("/").want(200) })
	eventually(t, patience, func() error { _, err := s.deep(i); return err })
	assert.Contains(t, i.must("nft list table inet pilotlight"), "169.254.169.254")
	_, err := i.run("runuser -u apache -- curl -sS --max-time 3 http://" + metadata + "/latest/meta-data/")
	assert.Error(t, err, "the web server's user reaches the metadata service")
}

// TestLateNetwork has everything but S3 and SSM come minutes after the boot. The instance asks each minute, and gets no visitors until then.
func TestLateNetwork(t *testing.T) {
	t.Parallel()
	s := newSide(t)
	s.shutting(func(host string) bool {
		return host != metadata && host != internet && !strings.Contains(host, "s3.") && !strings.HasPrefix(host, "ssm.")
	})
	s.database.stop()
	i := s.launch(home, s.image(putWordPress), s.script())
	require.NoError(t, i.boot(), i.log())
	eventually(t, patience, func() error { return i.visit().get("/").want(503) })
	for minute := range 2 {
		before := s.attempts("secretsmanager")
		require.NoError(t, i.systemd.elapse())
		assert.Greater(t, s.attempts("secretsmanager"), before, "minute %d", minute)
		require.NoError(t, i.visit().get("/").want(503))
		assert.Equal(t, "starting\n", i.visit().get(components.HealthPath).text)
		_, err := s.deep(i)
		require.Error(t, err)
	}

	s.shutting(func(string) bool { return false })
	s.database.start()
	require.NoError(t, i.systemd.elapse())
	eventually(t, patience, func() error { _, err := s.deep(i); return err })
	i.visit().install()
	require.NoError(t, i.visit().get("/").want(200))
}

// keepsTheWayToTheMedia holds that apache can't have root mount the media elsewhere, by a link in place of a folder on the way.
func (i *instance) keepsTheWayToTheMedia() {
	i.t.Helper()
	for _, from := range []string{"/var/www", "/var/www/html", "/var/www/html/wp-content", "/var/www/html/wp-content/uploads", "/var/www/html/wp-config.php"} {
		_, err := i.run("runuser -u apache -- mv " + from + " " + from + "-moved")
		assert.ErrorContains(i.t, err, "cannot move", "apache can put a link in place of %s", from)
	}
	_, err := i.run("systemctl stop pilotlight-media; runuser -u apache -- rmdir /var/www/html/wp-content/uploads")
	assert.ErrorContains(i.t, err, "failed to remove")
	i.must("systemctl start pilotlight-media")
}

// changing is what an image has that changes itself: a page that has WordPress install a plugin.
const changing = `
python3 -c 'import zipfile; zipfile.ZipFile("/srv/tide.zip", "w").writestr("tide/tide.php", "<?php /* Plugin Name: Tide */")'
cat >/var/www/html/change.php <<'EOF'
<?php
require __DIR__ . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/admin.php';
require_once ABSPATH . 'wp-admin/includes/class-wp-upgrader.php';
$skin = new Automatic_Upgrader_Skin();
(new Plugin_Upgrader($skin))->install('/srv/tide.zip');
echo implode("\n", $skin->get_upgrade_messages()), is_file(WP_PLUGIN_DIR . '/tide/tide.php') ? ' is there' : ' is missing';
EOF
`

// TestWordPressChangesItself has WordPress install a plugin, and replace a file of its own, where it may.
func TestWordPressChangesItself(t *testing.T) {
	t.Parallel()
	s := newSide(t)
	script, err := components.UserData(components.UserDataArgs{Region: home, ParameterPath: path, SecretARN: s.arn, Bucket: bucket, Network: network, FileMods: true})
	require.NoError(t, err)
	i := s.launch(home, s.image(putWordPress+changing), script)
	require.NoError(t, i.boot(), i.log())
	eventually(t, patience, func() error { _, err := s.deep(i); return err })
	v := i.visit()
	v.install()
	assert.Contains(t, v.get("/change.php").text, " is there")
	i.must("runuser -u apache -- sh -c 'cd /var/www/html; cp wp-login.php new.php; mv -f new.php wp-login.php'")
	i.keepsTheWayToTheMedia()
}
