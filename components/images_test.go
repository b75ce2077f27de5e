package components

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestImageWithWordPressServes(t *testing.T) {
	t.Parallel()
	i := boot(t, userData())
	require.NoError(t, i.err, i.log)
	assert.NotContains(t, i.log, "dnf")
	assert.NotContains(t, i.log, "wordpress.org")
	assert.Contains(t, i.log, "systemctl enable --now pilotlight-refresh.timer pilotlight-cron.timer php-fpm httpd")
	assert.Contains(t, i.log, "systemctl start pilotlight-media")
	assert.NotContains(t, i.log, "systemctl restart", "what is restarted fails those who ask it meanwhile")
	assert.Less(t, strings.Index(i.log, "systemctl stop php-fpm"), strings.Index(i.log, "systemctl enable --now"), "the image's does not know the site")
	assert.Contains(t, i.read("/etc/systemd/system/httpd.service.d/php.conf"), "After=php-fpm.service", "the web server asks a PHP that has not started")
	assert.FileExists(t, i.path(healthPage))

	config := i.read(site + "/wp-config.php")
	assert.Contains(t, config, "$table_prefix = 'blog_';", "the image's own")
	assert.NotContains(t, config, "it's", "secrets are in memory only")
	info, err := os.Stat(i.path(site + "/wp-config.php"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o640), info.Mode())
	assert.Contains(t, i.read("/run/pilotlight/parameters"), "/blog/dr/database\tblog-dr-1.us-west-2.rds.amazonaws.com\n")
}

// TestPHPProcesses has an image with a pool, and one that was taken of its instance.
func TestPHPProcesses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		memory    string // in KiB
		connected int
		want      string
	}{
		"the database takes any": {"2097152", 0, "process.max = 18\n"},
		"the database takes few": {"2097152", 7, "process.max = 10\n"},
		"memory is short":        {"524288", 7, "process.max = 6\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := userData()
			args.PHPProcesses = tc.connected
			i := machine(t, args)
			i.put(i.path("/proc/meminfo"), "MemTotal:  "+tc.memory+" kB\n")
			i.put(i.path("/etc/php-fpm.d/www.conf"), "; [old]\n[www]\npm = dynamic\n")
			i.put(i.path("/etc/php-fpm.d/zz.conf"), "[global]\nlog_level = error\n")
			for range 2 {
				i.run(i.script)
				require.NoError(t, i.err, i.log)
			}
			pool := i.read("/etc/php-fpm.d/00-pilotlight.conf")
			assert.Contains(t, pool, "[global]\n"+tc.want+"[pilotlight]\n", "the limit counts all pools: this one comes first")
			assert.True(t, strings.HasSuffix(pool, " = on\n[www]\nrequest_terminate_timeout = 300\npm.max_requests = 500\nphp_admin_value[upload_tmp_dir] = /var/tmp\n"), pool)
			assert.Contains(t, i.read("/etc/httpd/conf.d/pilotlight.conf"), "<IfModule proxy_fcgi_module>\n    <FilesMatch \"\\.php$\">\n      SetHandler \"proxy:unix:/run/php-fpm/pilotlight.sock|")
		})
	}
	i := running(t)
	assert.NoFileExists(t, i.path("/etc/php-fpm.d/00-pilotlight.conf"))
	assert.NotContains(t, i.read("/etc/httpd/conf.d/pilotlight.conf"), "pilotlight.sock", "nothing would answer")
}

// TestUploadsArriveOnDisk holds that the image may say where PHP keeps what is uploaded, and where PHP may read.
func TestUploadsArriveOnDisk(t *testing.T) {
	t.Parallel()
	needed(t, "php")
	for name, tc := range map[string]struct {
		pool, ini string
		want      bool
	}{
		"nothing is said":                     {"", "", true},
		"a comment says it":                   {";php_admin_value[upload_tmp_dir] = /srv\n", ";open_basedir = /srv\n", true},
		"the pool has a folder":               {"php_admin_value[upload_tmp_dir] = /srv\n", "", false},
		"the pool has a folder, as it is set": {"  php_value[upload_tmp_dir]=/srv\n", "", false},
		"the pool has one for all":            {"php_admin_value[sys_temp_dir] = /srv\n", "", false},
		"the pool may read elsewhere alone":   {"php_admin_value[open_basedir] = /var/www:/tmp\n", "", false},
		"PHP has a folder":                    {"", "upload_tmp_dir = /srv\n", false},
		"PHP has one for all":                 {"", "sys_temp_dir = /srv\n", false},
		"PHP may read elsewhere alone":        {"", "open_basedir = /var/www:/tmp\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := machine(t, userData())
			i.put(i.path("/etc/php-fpm.d/www.conf"), "[www]\nuser = apache\n"+tc.pool)
			i.answer("php.ini", tc.ini)
			i.run(i.script)
			require.NoError(t, i.err, i.log)
			pools := i.read("/etc/php-fpm.d/00-pilotlight.conf")
			assert.Contains(t, pools, "[www]\nrequest_terminate_timeout = 300\npm.max_requests = 500\n")
			assert.Equal(t, tc.want, strings.HasSuffix(pools, "\nphp_admin_value[upload_tmp_dir] = /var/tmp\n"), pools)
			assert.Equal(t, tc.want, strings.Contains(pools, "tmp_dir"), pools)
		})
	}
}

// TestFoldersOnTheWayToTheMedia has an image in which all may write to some of them. With the sticky bit, apache could not follow there what
// root has linked, nor root write what is apache's.
func TestFoldersOnTheWayToTheMedia(t *testing.T) {
	t.Parallel()
	i := machine(t, userData())
	require.NoError(t, os.MkdirAll(i.path(uploads), 0o755))
	for dir, mode := range map[string]os.FileMode{"/var/www": 0o777, site: 0o755, site + "/wp-content": 0o707} {
		require.NoError(t, os.Chmod(i.path(dir), mode))
	}
	i.run(i.script)
	require.NoError(t, i.err, i.log)
	for dir, mode := range map[string]os.FileMode{"/var/www": 0o775, site: 0o755, site + "/wp-content": 0o775} {
		info, err := os.Stat(i.path(dir))
		require.NoError(t, err)
		assert.Equal(t, os.ModeDir|os.ModeSticky|mode, info.Mode(), dir)
		assert.Contains(t, i.log, "chown root:apache "+i.path(dir)+"\n")
	}
}

// TestUploadsOfTheImageAreMovedAside has an image that was taken with files where the
// bucket is mounted, and one more that was taken of its instance.
func TestUploadsOfTheImageAreMovedAside(t *testing.T) {
	t.Parallel()
	i := machine(t, userData())
	for _, text := range []string{"first", "second"} {
		i.put(i.path(uploads+"/2025/photo.jpg"), text)
		i.run(i.script)
		require.NoError(t, i.err, i.log)
		assert.Contains(t, i.log, "they are in /var/www/uploads-of-image now")
		left, err := os.ReadDir(i.path(uploads))
		require.NoError(t, err)
		assert.Empty(t, left)
		assert.Equal(t, text, i.read("/var/www/uploads-of-image/2025/photo.jpg"))
		require.NoError(t, os.Chmod(i.path(uploads), 0o755))
	}
	assert.Equal(t, "first", i.read("/var/www/uploads-of-image.~1~/2025/photo.jpg"))
	i.run(i.script)
	assert.NotContains(t, i.log, "uploads-of-image")
}

func TestPlainImageInstallsWhatItNeeds(t *testing.T) {
	t.Parallel()
	i := machine(t, userData())
	require.NoError(t, os.RemoveAll(i.path(site)))
	i.answer("wordpress.tar.gz", wordpressArchive(t))
	i.lacks("aws", "httpd", "php", "php-fpm", "s3fs")
	i.run(i.script)
	require.NoError(t, i.err, i.log)
	assert.Contains(t, i.log, "install awscli-2 httpd php-cli php-fpm php-mysqlnd")
	assert.Contains(t, i.log, "dnf -y install spal-release\ndnf -y install s3fs-fuse\n")
	assert.Equal(t, "<?php // WordPress", i.read(site+"/index.php"))
	assert.Equal(t, "drop-in\n", i.read(site+"/wp-content/object-cache.php"))
	assert.Contains(t, i.read(site+"/wp-config.php"), "$table_prefix = 'wp_';")
	assert.FileExists(t, i.path(healthPage))
	asked := regexp.MustCompile(`(?m)^curl .*`).FindAllString(i.log, -1)
	assert.NotEmpty(t, asked)
	for _, line := range asked {
		assert.Regexp(t, ` --(speed-time|max-time) `, line, "a server that hangs must not keep an instance from ever starting")
	}
}

// TestPackagesWaitForAnother has dnf fail at first, as beside an update of the SSM agent.
func TestPackagesWaitForAnother(t *testing.T) {
	t.Parallel()
	i := machine(t, userData())
	i.lacks("httpd", "php-fpm", "s3fs")
	i.put(i.commands+"/dnf", "#!/bin/sh\necho \"$*\" >>\"$CLOUD/dnf\"\n[ \"$(grep -cxF -e \"$*\" \"$CLOUD/dnf\")\" -gt 3 ] || exit 1\n"+commands["dnf"]+"\n")
	i.run(i.script)
	require.NoError(t, i.err, i.log)
	assert.Contains(t, i.log, "sleep 10\nsleep 10\nsleep 20\n")
}

// What is refused must not look healthy, and must say why.
func TestImageThatCannotServeIsRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(*instance)
		want  string
	}{
		"no s3fs anywhere": {func(i *instance) { i.lacks("s3fs"); i.answer("no-s3fs", "") }, "use an image that has s3fs-fuse"},
		"no mysqli":        {func(i *instance) { i.answer("no-mysqli", "") }, "php has no mysqli"},
		"a link in place of a folder": {func(i *instance) {
			require.NoError(t, os.Rename(i.path(site), i.path("/srv")))
			require.NoError(t, os.Symlink(i.path("/srv"), i.path(site)))
		}, "/var/www/html is a link: use an image where it is a folder"},
		"no WordPress": {func(i *instance) { require.NoError(t, os.RemoveAll(i.path(site))) }, "WordPress can't be downloaded"},
	} {
		t.Run(name, func(t *testing.T) {
			i := machine(t, userData())
			i.put(i.path(healthPage), "of the image")
			tc.spoil(i)
			i.run(i.script)
			assert.Error(t, i.err)
			assert.Contains(t, i.log, tc.want)
			assert.NoFileExists(t, i.path(healthPage))
			assert.NotContains(t, i.log, "systemctl enable")
		})
	}
}

// TestMultisiteIsRefused holds that PHP judges: a word in a comment is no network.
func TestMultisiteIsRefused(t *testing.T) {
	t.Parallel()
	needed(t, "php")
	for text, refused := range map[string]bool{
		"define('MULTISITE', true);":                                               true,
		"define( \"MULTISITE\" , TRUE );":                                          true,
		"define ('MULTISITE', true);":                                              true,
		"DEFINE('MULTISITE', 1);":                                                  true,
		"\\define('MULTISITE', // so\n  true);":                                    true,
		"defined('MULTISITE') || define('MULTISITE', true);":                       true,
		"define('MULTISITE', getenv('NETWORK') === 'yes');":                        true,
		"const MULTISITE = true;":                                                  true,
		"define('MULTISITE', false); /* until it is */ define('MULTISITE', true);": true,
		"":                                                 false,
		"// define('MULTISITE', true);":                    false,
		"# define('MULTISITE', true);":                     false,
		"/*\ndefine('MULTISITE', true);\n*/":               false,
		"// no MULTISITE here":                             false,
		"define('MULTISITE', false);":                      false,
		"define( 'MULTISITE',   FALSE );":                  false,
		"define('MULTISITE', 0);":                          false,
		"define('MULTISITE', '');":                         false,
		"const MULTISITE = false;":                         false,
		"define('WP_ALLOW_MULTISITE', false);":             false,
		"define('WP_ALLOW_MULTISITE', true);":              false,
		"if (defined('MULTISITE') && MULTISITE) { exit; }": false,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			i := machine(t, userData())
			i.put(i.path("/etc/pilotlight/wp-config.php"), "<?php\n"+text+"\n")
			i.run(i.script)
			if refused {
				require.Error(t, i.err)
				assert.Contains(t, i.log, "multisite is not supported")
				assert.NotContains(t, i.log, "systemctl enable")
				return
			}
			require.NoError(t, i.err, i.log)
		})
	}
}

// An image may have been taken from an instance of another region.
func TestImageForgetsWhereItComesFrom(t *testing.T) {
	t.Parallel()
	i := machine(t, userData())
	i.put(i.path("/run/pilotlight/parameters"), "/blog/prod/database\tlost\n")
	i.put(i.path("/var/lib/pilotlight/peer-epoch"), "9\n")
	i.silence("parameters")
	i.silence("secret")
	i.silence("peer-epoch")
	i.run(i.script)
	require.NoError(t, i.err, i.log)
	assert.NoFileExists(t, i.path("/run/pilotlight/parameters"))
	assert.NoFileExists(t, i.path("/run/pilotlight/fenced"))
	assert.Contains(t, i.log, "the parameters /blog/dr in us-west-2 can't be read")
}

// wordpressArchive is what wordpress.org sends.
func wordpressArchive(t *testing.T) string {
	t.Helper()
	var sent bytes.Buffer
	zipped := gzip.NewWriter(&sent)
	archive := tar.NewWriter(zipped)
	for name, text := range map[string]string{
		"wordpress/index.php": "<?php // WordPress", "wordpress/wp-content/plugins/index.php": "<?php",
	} {
		require.NoError(t, archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}))
		_, err := archive.Write([]byte(text))
		require.NoError(t, err)
	}
	require.NoError(t, archive.Close())
	require.NoError(t, zipped.Close())
	return sent.String()
}
