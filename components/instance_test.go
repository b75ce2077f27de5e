package components

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	site       = "/var/www/html"
	healthPage = "/usr/share/pilotlight/www/health.php"
	deepPage   = "/usr/share/pilotlight/www/deep.php"

	minutePage   = "/usr/share/pilotlight/minute.php"
	writablePage = "/usr/share/pilotlight/writable.php"
)

// instance is a machine of directories: the user data runs in it against commands
// that only write down what they were asked.
type instance struct {
	t        *testing.T
	root     string // what the script takes for /
	script   string
	commands string // the fakes
	calls    string // what they were asked
	cloud    string // what they answer, one file an answer
	env      []string
	log      string // what the script said, and every command it gave
	err      error
}

// commands are the fakes. $CLOUD holds their answers; a missing answer is a failure.
var commands = map[string]string{
	"aws": `[ "$AWS_METADATA_SERVICE_NUM_ATTEMPTS$AWS_METADATA_SERVICE_TIMEOUT" = 33 ] || exit 98 # one lost look is no answer
	case "$*" in
		*" ssm get-parameters "*) cat "$CLOUD/parameters" ;;
		*" ssm get-parameter "*) cat "$CLOUD/peer-epoch" ;;
		*" secretsmanager get-secret-value "*) cat "$CLOUD/secret" ;;
		*" s3api head-bucket --bucket blog-dr-media-1234567") cat "$CLOUD/bucket" ;;
		*" put-log-events "*) for last; do :; done; [ -e "$CLOUD/stream" ] && cat "${last#file://}" >"$CLOUD/sent" ;;
		*" create-log-stream "*) echo "$*" >"$CLOUD/stream" ;;
		*) exit 99 ;;
	esac`,
	"curl": `case "$*" in
		*wordpress.org/latest.tar.gz) from=wordpress.tar.gz ;;
		*) from=download ;;
	esac
	while [ "$1" != -o ]; do shift; done
	[ -e "$CLOUD/$from" ] && cat "$CLOUD/$from" >"$2"`,
	"dnf": `for package; do
		case $package in
			httpd|php-fpm) cp "$COMMANDS/true" "$COMMANDS/$package" ;;
			php-cli) cp "$COMMANDS/php.later" "$COMMANDS/php" ;;
			awscli-2) cp "$COMMANDS/aws.later" "$COMMANDS/aws" ;;
			s3fs-fuse) [ -e "$CLOUD/no-s3fs" ] || cp "$COMMANDS/true" "$COMMANDS/s3fs" ;;
		esac
	done`,
	"php": `case $2 in
		*mysqli*) [ ! -e "$CLOUD/no-mysqli" ] ;;
		*refused*) ;;
		*upload_tmp_dir*) [ ! -e "$CLOUD/php.ini" ] || PHP_INI_SCAN_DIR= "$PHP" -c "$CLOUD/php.ini" "$@" ;;
		*php_strip_whitespace*) exec "$PHP" -n "$@" ;;
		*master_*) cat "$3" ;; # real PHP does it in test/site
		*PharData*) mkdir -p "$4/redis-cache/includes"; echo drop-in >"$4/redis-cache/includes/object-cache.php" ;;
	esac`,
	"id":         `echo 48`,
	"mountpoint": `exit 1`,
	"true":       ``, "httpd": ``, "nft": ``, "php-fpm": ``, "s3fs": ``, "systemctl": ``, "chgrp": ``, "chown": ``, "sleep": ``, "update-ca-trust": ``,
}

// tools are the real commands that the scripts use.
var tools = []string{
	"bash", "sh", "cat", "chmod", "cp", "dirname", "find", "grep", "gzip", "ls", "mkdir", "mv", "rm", "sed", "stat", "tail", "tar", "timeout", "touch",
}

// realPHP is the machine's own, where it has one.
var realPHP, _ = exec.LookPath("php")

// placed is an instance whose files are in a folder.
func placed(t *testing.T, dir string) *instance {
	t.Helper()
	i := &instance{
		t: t, root: filepath.Join(dir, "root"), script: filepath.Join(dir, "user-data"),
		commands: filepath.Join(dir, "commands"), calls: filepath.Join(dir, "calls"), cloud: filepath.Join(dir, "cloud"),
	}
	i.env = []string{
		"PATH=" + i.commands + ":" + filepath.Join(dir, "tools"),
		"COMMANDS=" + i.commands, "CLOUD=" + i.cloud, "CALLS=" + i.calls, "PILOTLIGHT_ROOT=" + i.root, "PHP=" + realPHP,
	}
	return i
}

// machine prepares an instance of an image with WordPress and all it needs.
func machine(t *testing.T, args UserDataArgs) *instance {
	t.Helper()
	return machineAt(t, t.TempDir(), args)
}

func machineAt(t *testing.T, dir string, args UserDataArgs) *instance {
	t.Helper()
	i := placed(t, dir)
	for name, body := range commands {
		i.put(filepath.Join(i.commands, name), "#!/bin/sh\necho \""+name+" $*\" >>\"$CALLS\"\n"+body+"\n")
	}
	require.NoError(t, os.Mkdir(filepath.Join(dir, "tools"), 0o755))
	for _, tool := range tools {
		path, err := exec.LookPath(tool)
		require.NoError(t, err)
		require.NoError(t, os.Symlink(path, filepath.Join(dir, "tools", tool)))
	}
	i.answer("parameters", "/blog/dr/database\tblog-dr-1.us-west-2.rds.amazonaws.com\n"+
		"/blog/dr/site\thttps://www.example.com\n/blog/dr/epoch\t3\n")
	i.answer("secret", `{"database_user":"wordpress","database_password":"it's \"\\","database_name":"wordpress","cache_token":"token",`+
		`"auth_key":"1","secure_auth_key":"2","logged_in_key":"3","nonce_key":"4","auth_salt":"5","secure_auth_salt":"6","logged_in_salt":"7","nonce_salt":"8"}`)
	i.answer("peer-epoch", "2\n")
	i.answer("download", "certificates")
	i.answer("bucket", "")
	i.put(i.path("/proc/meminfo"), "MemTotal:        2097152 kB\nMemFree: 1 kB\n")
	i.put(i.path(site+"/index.php"), "<?php")
	i.put(i.path(site+"/wp-config.php"), "<?php\n$table_prefix  = 'blog_';\n")

	script, err := UserData(args)
	require.NoError(t, err)
	i.put(i.script, script)
	return i
}

// booted are the machines that ran the user data, by its arguments. Most of what a boot
// costs is the start of its commands.
var (
	booted     sync.Map // func() *instance
	bootedDirs string
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "pilotlight-booted-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	bootedDirs = dir
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// boot runs the user data on such an instance: once for all tests, each of which has a
// copy of the machine.
func boot(t *testing.T, args UserDataArgs) *instance {
	t.Helper()
	once, _ := booted.LoadOrStore(fmt.Sprintf("%+v", args), sync.OnceValue(func() *instance {
		dir, err := os.MkdirTemp(bootedDirs, "") //nolint:usetesting // it outlives the test that makes it
		require.NoError(t, err)
		i := machineAt(t, dir, args)
		i.run(i.script)
		return i
	}))
	first := once.(func() *instance)()
	i, dir := placed(t, t.TempDir()), filepath.Dir(first.root)
	said, err := exec.CommandContext(t.Context(), "cp", "-a", dir+"/.", filepath.Dir(i.root)).CombinedOutput()
	require.NoError(t, err, string(said))
	i.log, i.err = first.log, first.err
	return i
}

// run runs a script, and keeps what it said and which commands it gave.
func (i *instance) run(script string) {
	i.t.Helper()
	require.NoError(i.t, os.WriteFile(i.calls, nil, 0o644))
	cmd := exec.Command("bash", script)
	cmd.Env = i.env
	said, err := cmd.CombinedOutput()
	given, readErr := os.ReadFile(i.calls)
	require.NoError(i.t, readErr)
	i.log, i.err = string(said)+string(given), err
}

// refresh is what the timer does every minute.
func (i *instance) refresh() {
	i.t.Helper()
	i.run(i.path("/usr/local/sbin/pilotlight-refresh"))
	require.NoError(i.t, i.err, i.log)
}

// answer sets what AWS or the internet says; silence takes it back.
func (i *instance) answer(what, with string) { i.put(filepath.Join(i.cloud, what), with) }

// asked is what AWS says.
func (i *instance) asked(what string) string {
	text, err := os.ReadFile(filepath.Join(i.cloud, what))
	require.NoError(i.t, err)
	return string(text)
}

func (i *instance) silence(what string) {
	require.NoError(i.t, os.Remove(filepath.Join(i.cloud, what)))
}

func (i *instance) put(path, text string) {
	i.t.Helper()
	require.NoError(i.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(i.t, os.WriteFile(path, []byte(text), 0o755))
}

func (i *instance) read(path string) string {
	i.t.Helper()
	text, err := os.ReadFile(i.path(path))
	require.NoError(i.t, err)
	return string(text)
}

func (i *instance) path(path string) string { return filepath.Join(i.root, path) }

// age makes a file so old.
func (i *instance) age(path string, by time.Duration) {
	i.t.Helper()
	then := time.Now().Add(-by)
	require.NoError(i.t, os.Chtimes(i.path(path), then, then))
}

// lacks takes commands away from the image; dnf can bring them back.
func (i *instance) lacks(names ...string) {
	for _, name := range names {
		require.NoError(i.t, os.Rename(filepath.Join(i.commands, name), filepath.Join(i.commands, name+".later")))
	}
}

// TestInstanceOfACopyRunsNoJobs has an image with the units of the site that it was
// taken of.
func TestInstanceOfACopyRunsNoJobs(t *testing.T) {
	t.Parallel()
	args := userData()
	args.NoJobs = true
	i := machine(t, args)
	i.put(i.path("/etc/systemd/system/pilotlight-cron.timer"), "[Timer]")
	i.run(i.script)
	require.NoError(t, i.err, i.log)
	assert.NotContains(t, i.log, "enable --now pilotlight-refresh.timer pilotlight-cron.timer")
	assert.Contains(t, i.log, "systemctl enable --now pilotlight-refresh.timer php-fpm httpd")
	assert.NoFileExists(t, i.path("/etc/systemd/system/pilotlight-cron.timer"))
	assert.NoFileExists(t, i.path("/etc/systemd/system/pilotlight-cron.service"))
	assert.Contains(t, i.read("/etc/httpd/conf.d/pilotlight.conf"), "<Files wp-cron.php>\n  Require all denied\n</Files>\n")
}

func TestMediaAreMountedFromTheirOwnRegion(t *testing.T) {
	t.Parallel()
	for region, url := range map[string]string{
		"us-west-2":      "https://s3.us-west-2.amazonaws.com",
		"cn-northwest-1": "https://s3.cn-northwest-1.amazonaws.com.cn",
	} {
		args := userData()
		args.Region = region
		i := boot(t, args)
		require.NoError(t, i.err, i.log)
		unit := i.read("/etc/systemd/system/pilotlight-media.service")
		assert.Contains(t, unit, "s3fs blog-dr-media-1234567 /var/www/html/wp-content/uploads -f ")
		assert.Contains(t, unit, "iam_role=auto,url="+url+",endpoint="+region+",")
		assert.Contains(t, unit, "\nRestart=always\n", "s3fs ends with 0 when it gets no role")
		info, err := os.Stat(i.path(site + "/wp-content/uploads"))
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o555), info.Mode().Perm(), "without its mount it must take no uploads")
		assert.Contains(t, i.read("/etc/httpd/conf.d/pilotlight.conf"),
			"<Directory /var/www/html/wp-content/uploads>\n  AllowOverride None\n  Options SymLinksIfOwnerMatch\n  EnableMMAP Off\n  EnableSendfile Off\n",
			"Apache's manual wants it so of a network's file system")
	}
}

// TestMediaThatHangAreMountedAgain has the mount not answer. What waits for it is not waited for.
func TestMediaThatHangAreMountedAgain(t *testing.T) {
	t.Parallel()
	const again = "systemctl kill --signal=KILL pilotlight-media\n"
	i := running(t)
	i.refresh()
	assert.NotContains(t, i.log, again)
	i.put(i.commands+"/timeout", "#!/bin/sh\ncase \"$2\" in tail) exit 124 ;; esac\nshift\nexec \"$@\"\n")
	i.silence("bucket")
	i.refresh()
	assert.NotContains(t, i.log, again, "S3 stalls, and what waits for it is lost")
	i.answer("bucket", "")
	i.refresh()
	assert.Contains(t, i.log, again)
	i.answer("peer-epoch", "4\n")
	i.refresh()
	assert.NotContains(t, i.log, again, "where the site has moved there are none")
}

// s3fsOptions are those that every s3fs from 1.90 to 1.97 knows (src/s3fs.cpp), and what
// mount itself takes (nosuid, nodev, noexec). endpoint is region's name before 1.96.
var s3fsOptions = []string{
	"iam_role", "url", "endpoint", "allow_other", "nosuid", "nodev", "noexec", "uid", "gid", "umask",
	"stat_cache_expire", "use_cache", "ensure_diskfree", "del_cache",
}

func TestEveryS3fsMountsTheMedia(t *testing.T) {
	t.Parallel()
	unit := running(t).read("/etc/systemd/system/pilotlight-media.service")
	_, options, found := strings.Cut(unit, " -f -o ")
	require.True(t, found)
	options, _, _ = strings.Cut(options, "\n")
	for option := range strings.SplitSeq(options, ",") {
		name, _, _ := strings.Cut(option, "=")
		assert.Contains(t, s3fsOptions, name)
	}
}

func TestCertificatesOfTheRightPartition(t *testing.T) {
	t.Parallel()
	for region, url := range map[string]string{
		"us-west-2":  "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem",
		"cn-north-1": "https://rds-truststore.s3.cn-north-1.amazonaws.com.cn/global/global-bundle.pem",
	} {
		args := userData()
		args.Region = region
		i := boot(t, args)
		assert.Contains(t, i.log, url)
		assert.Contains(t, i.log, "update-ca-trust")
		assert.Equal(t, "certificates", i.read("/etc/pki/ca-trust/source/anchors/rds.pem"))
	}
}

func TestSiteStartsWithoutTheCertificates(t *testing.T) {
	t.Parallel()
	i := machine(t, userData())
	i.silence("download")
	i.run(i.script)
	require.NoError(t, i.err, i.log)
	assert.Contains(t, i.log, "the database's certificate is not checked")
	assert.NoFileExists(t, i.path("/etc/pki/ca-trust/source/anchors/rds.pem"))
}

// TestCertificatesAreRenewed holds that they are read again after a month, and that those
// of yesterday do while they can't be.
func TestCertificatesAreRenewed(t *testing.T) {
	t.Parallel()
	const ca = "/etc/pki/ca-trust/source/anchors/rds.pem"
	i := running(t)
	i.answer("download", "newer")
	i.refresh()
	assert.Equal(t, "certificates", i.read(ca), "they are new")

	old := time.Now().AddDate(0, 0, -31)
	require.NoError(t, os.Chtimes(i.path(ca), old, old))
	i.silence("download")
	i.refresh()
	assert.Contains(t, i.log, "the certificates of RDS can't be read")
	assert.NotContains(t, i.log, "is not checked")
	assert.Equal(t, "certificates", i.read(ca))
	i.refresh()
	assert.NotContains(t, i.log, "curl", "not every minute")

	i.answer("download", "newer")
	require.NoError(t, os.Chtimes(i.path(ca), old, old))
	i.refresh()
	assert.Equal(t, "newer", i.read(ca))
}
