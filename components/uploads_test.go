package components

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const uploads = site + "/wp-content/uploads"

// ways are how a distribution, or an image, may have tied PHP to Apache.
var ways = map[string]string{
	// Amazon Linux: php-fpm, by the end of the name.
	"php-fpm": `<FilesMatch \.(php|phar)$>
  SetHandler "proxy:unix:@ROOT@/fpm.sock|fcgi://localhost"
</FilesMatch>`,
	"mod_php by name":           "<FilesMatch \\.(php|phar|phtml)$>\n  SetHandler application/x-httpd-php\n</FilesMatch>",
	"mod_php by any extension":  "AddHandler application/x-httpd-php .php .phtml .phar",
	"mod_php by type":           "AddType application/x-httpd-php .php .phtml .phar",
	"mod_php for the directory": "<Directory @SITE@>\n  SetHandler application/x-httpd-php\n</Directory>",
}

// TestUploadsAreNeverRun puts into the bucket what runs elsewhere on a web server,
// and asks a real Apache with a real PHP for it.
func TestUploadsAreNeverRun(t *testing.T) {
	t.Parallel()
	needed(t, "apache2")
	for name, php := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := running(t)
			const ran = `<?php echo 6 * 7, "ran"; ?>`
			i.put(i.path(site+"/index.php"), ran)
			i.put(i.path(site+"/.htaccess"), "RewriteEngine On\nRewriteCond %{REQUEST_FILENAME} !-f\nRewriteCond %{REQUEST_FILENAME} !-d\nRewriteRule . /index.php [L]\n")
			require.NoError(t, os.Chmod(i.path(uploads), 0o755))
			for _, file := range []string{
				"a.php", "a.PHP", "a.php5", "a.phar", "a.phtml", "a.pht", "a.phps", "a.php.jpg", "a.jpg", "a.jpg.PhP", "index.php", "sub/index.php", "a.inc",
			} {
				i.put(i.path(uploads+"/"+file), ran)
			}
			i.put(i.path(uploads+"/hello.txt"), "hello")
			i.put(i.path(uploads+"/a.cgi"), "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'; echo $((6 * 7))ran\n")
			i.put(i.path(uploads+"/a.shtml"), `<!--#set var="n" value="42" --><!--#echo var="n" -->ran`)
			i.put(i.path(uploads+"/forced/x.jpg"), ran)
			handler := "application/x-httpd-php"
			if strings.Contains(php, "fpm") {
				handler = `"proxy:unix:` + i.path("/fpm.sock") + `|fcgi://localhost"`
			}
			i.put(i.path(uploads+"/forced/.htaccess"), "<FilesMatch jpg>\nSetHandler "+handler+"\n</FilesMatch>\nOptions +Indexes\n")
			i.put(i.path(uploads+"/.user.ini"), "auto_prepend_file=a.jpg")
			i.put(i.path(uploads+"/woocommerce_uploads/2026/paid.zip"), "paid")
			require.NoError(t, os.MkdirAll(i.path(uploads+"/2026/01"), 0o755))
			for _, path := range []string{"/run", "/run/pilotlight", "/run/pilotlight/wordpress.json"} { // the web server reads it
				require.NoError(t, os.Chmod(i.path(path), 0o755))
			}
			require.NoError(t, os.Symlink(i.path("/run/pilotlight/wordpress.json"), i.path(uploads+"/link.txt")))
			if os.Geteuid() == 0 { // as s3fs shows all of the bucket
				require.NoError(t, os.Lchown(i.path(uploads+"/link.txt"), 65534, 65534))
			}
			get := i.apache(php)

			status, text := get("/")
			assert.Equal(t, "200 42ran", fmt.Sprint(status, " ", text), "the site itself runs")
			status, text = get("/wp-content/uploads/hello.txt")
			assert.Equal(t, "200 hello", fmt.Sprint(status, " ", text))
			require.NoError(t, filepath.WalkDir(i.path(uploads), func(path string, entry os.DirEntry, err error) error {
				require.NoError(t, err)
				url := strings.TrimPrefix(path, i.path(site))
				for _, url := range []string{url, url + "/", url + "/x.php", url + "?a.php"} {
					_, text := get(url)
					assert.NotContains(t, text, "42ran", "%s was run", url)
					if entry.IsDir() {
						assert.NotContains(t, text, "Index of", url)
					}
				}
				return nil
			}))
			for url, want := range map[string]int{
				"a.php": 403, "a.PHP": 403, "a.phar": 403, "a.phtml": 403, "a.php.jpg": 403, "sub/index.php": 403, "forced/.htaccess": 403, ".user.ini": 403,
				"woocommerce_uploads/2026/paid.zip": 403, "forced/x.jpg": 200, "a.jpg": 200, "a.cgi": 200, "missing.jpg": 200,
			} {
				status, _ := get("/wp-content/uploads/" + url)
				assert.Equal(t, want, status, url)
			}
			if os.Geteuid() == 0 {
				status, text = get("/wp-content/uploads/link.txt")
				assert.Equal(t, 403, status, "a link leads out of the bucket: %s", text)
			}
		})
	}
}

// TestVisitorsHaveTheirOwnAddress asks as a balancer of the network does: it appends the
// visitor's address to what the visitor sent.
func TestVisitorsHaveTheirOwnAddress(t *testing.T) {
	t.Parallel()
	needed(t, "apache2")
	for name, tc := range map[string]struct{ network, forwarded, want string }{
		"a visitor":                       {"127.0.0.0/8", "203.0.113.7", "203.0.113.7"},
		"one who claims to be another":    {"127.0.0.0/8", "198.51.100.1, 203.0.113.7", "203.0.113.7"},
		"not through the balancer at all": {"10.0.0.0/16", "198.51.100.1", "127.0.0.1"},
		"the balancer's own check":        {"127.0.0.0/8", "", "127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := userData()
			args.Network = tc.network
			i := boot(t, args)
			require.NoError(t, i.err, i.log)
			i.put(i.path(site+"/index.php"), `<?php echo $_SERVER['REMOTE_ADDR'];`)
			var headers []string
			if tc.forwarded != "" {
				headers = append(headers, "X-Forwarded-For: "+tc.forwarded)
			}
			_, text := i.apache(ways["php-fpm"])("/", headers...)
			assert.Equal(t, tc.want, text)
			assert.Eventually(t, func() bool { return strings.Contains("\n"+i.read("/access.log"), "\n"+tc.want+" - ") }, 10*time.Second, 20*time.Millisecond, "it is written when all was sent")
		})
	}
}

// apache serves the instance's site, with PHP in one of the ways.
func (i *instance) apache(php string) (get func(path string, headers ...string) (status int, text string)) {
	i.t.Helper()
	const modules = "/usr/lib/apache2/modules/"
	adapt := strings.NewReplacer("@ROOT@", i.root, "@SITE@", i.path(site))
	lines := []string{"ServerName localhost", "ServerRoot " + i.root, "PidFile " + i.path("/httpd.pid"), "ErrorLog " + i.path("/error.log"), "DefaultRuntimeDir " + i.root,
		"User www-data", "Group www-data", "DocumentRoot " + i.path(site), "TypesConfig /dev/null"}
	for _, module := range []string{"mpm_prefork", "authz_core", "authz_host", "access_compat", "alias", "autoindex", "cgi", "dir", "env", "filter", "include", "mime", "negotiation", "proxy", "proxy_fcgi", "remoteip", "reqtimeout", "rewrite", "setenvif"} {
		lines = append(lines, "LoadModule "+module+"_module "+modules+"mod_"+module+".so")
	}
	if strings.Contains(php, "fpm") {
		i.fpm()
	} else {
		found, err := filepath.Glob(modules + "libphp*.so")
		require.NoError(i.t, err)
		if len(found) == 0 {
			needed(i.t, "libapache2-mod-php")
		}
		lines = append(lines, "LoadModule php_module "+found[0])
	}
	port := freePort(i.t)
	lines = append(lines, "Listen 127.0.0.1:"+port, `LogFormat "%h %l %u %t \"%r\" %>s %b" common`, "CustomLog "+i.path("/access.log")+" common",
		// As Amazon Linux has it, and as bad as images may be.
		"<Directory />\n  Require all denied\n</Directory>",
		"<Directory "+i.path(site)+">\n  Options Indexes FollowSymLinks ExecCGI Includes MultiViews\n  Require all granted\n</Directory>",
		"DirectoryIndex index.php index.html", "AddType text/html .shtml", "AddOutputFilter INCLUDES .shtml", "AddHandler cgi-script .cgi",
		adapt.Replace(php),
		strings.ReplaceAll(strings.ReplaceAll(i.read("/etc/httpd/conf.d/pilotlight.conf"), site, i.path(site)), "/usr/share/pilotlight", i.path("/usr/share/pilotlight")))
	i.put(i.path("/httpd.conf"), strings.Join(lines, "\n")+"\n")
	i.open()
	i.daemon("/usr/sbin/apache2", "-f", i.path("/httpd.conf"), "-DFOREGROUND")
	return func(path string, headers ...string) (int, string) {
		i.t.Helper()
		req, err := http.NewRequestWithContext(i.t.Context(), http.MethodGet, "http://127.0.0.1:"+port+path, http.NoBody)
		require.NoError(i.t, err)
		for _, header := range headers {
			name, value, _ := strings.Cut(header, ": ")
			req.Header.Add(name, value)
		}
		var res *http.Response
		require.Eventually(i.t, func() bool {
			var err error
			res, err = http.DefaultClient.Do(req) //nolint:gosec // a server of this test
			return err == nil
		}, 20*time.Second, 50*time.Millisecond, "apache does not answer")
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		require.NoError(i.t, err)
		return res.StatusCode, string(text)
	}
}

// fpm runs PHP beside Apache.
func (i *instance) fpm() {
	i.t.Helper()
	found, err := filepath.Glob("/usr/sbin/php-fpm*")
	require.NoError(i.t, err)
	if len(found) == 0 {
		needed(i.t, "php-fpm")
	}
	i.put(i.path("/fpm.conf"), "[global]\nerror_log = "+i.path("/fpm.log")+"\n[www]\nuser = www-data\ngroup = www-data\nlisten = "+i.path("/fpm.sock")+
		"\nlisten.mode = 0666\npm = static\npm.max_children = 2\nsecurity.limit_extensions =\n")
	i.daemon(found[0], "-F", "-y", i.path("/fpm.conf"))
	require.Eventually(i.t, func() bool { _, err := os.Stat(i.path("/fpm.sock")); return err == nil }, 20*time.Second, 50*time.Millisecond)
}

// open lets the web server's user into the instance's folders.
func (i *instance) open() {
	for dir := i.root; strings.HasPrefix(dir, os.TempDir()+"/"); dir = filepath.Dir(dir) {
		require.NoError(i.t, os.Chmod(dir, 0o755))
	}
}

func (i *instance) daemon(path string, args ...string) {
	i.t.Helper()
	cmd := exec.Command(path, args...)
	cmd.Dir = i.root
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Apache ends all of its group
	require.NoError(i.t, cmd.Start())
	i.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	return port
}
