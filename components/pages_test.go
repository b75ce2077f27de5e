package components

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mysqlStub stands in for PHP's mysqli, an extension of its own in Linux
// distributions, and built in elsewhere: there it takes the place of what would
// connect. It answers as $STUB says.
const mysqlStub = `<?php
if (!extension_loaded('mysqli')) {
    define('MYSQLI_REPORT_ERROR', 1);
    define('MYSQLI_REPORT_STRICT', 2);
    define('MYSQLI_OPT_CONNECT_TIMEOUT', 0);
    define('MYSQLI_OPT_READ_TIMEOUT', 11);
    define('MYSQLI_CLIENT_SSL', 2048);
    define('MYSQLI_CLIENT_SSL_VERIFY_SERVER_CERT', 1073741824);
    class mysqli_sql_exception extends RuntimeException {}
}
class stub
{
    function options(...$any) {}
    function real_connect($host, $user, $password, $name, $port, $socket, $flags)
    {
        if (getenv('STUB') === 'down' || !($flags & MYSQLI_CLIENT_SSL)) {
            throw new mysqli_sql_exception('no connection', 2002);
        }
        if (strpos((string) getenv('STUB'), 'denied') === 0 && $user !== 'admin') {
            throw new mysqli_sql_exception("Access denied for user '$user'", (int) substr(getenv('STUB'), 7));
        }
    }
    private $answer;
    private $marker = 'arrived';
    function query($sql)
    {
        if (strpos($sql, 'SELECT MAX(marker)') === 0) {
            if (getenv('STUB') === 'read_only 1146') {
                throw new mysqli_sql_exception('no such table', 1146);
            }
            $this->answer = $this->marker;
            return $this;
        }
        if (strpos($sql, 'SELECT') === 0) {
            $this->answer = strpos((string) getenv('STUB'), 'read_only') !== false ? 1 : 0;
            return $this;
        }
        if (strpos($sql, 'USER') || strpos($sql, 'GRANT') === 0) {
            file_put_contents(getenv('PILOTLIGHT_ROOT') . '/queries', "$sql\n", FILE_APPEND);
            return;
        }
        if (getenv('STUB') !== '' && getenv('STUB') !== 'read_only ignored') {
            throw new mysqli_sql_exception('refused', (int) getenv('STUB') ?: 1290);
        }
        $this->marker = 'written';
    }
    function real_escape_string($text) { return addslashes($text); }
    function fetch_row() { return [$this->answer]; }
}
function mysqli_report($how) {}
function mysqli_init() { return new stub(); }
register_shutdown_function(function () { fwrite(STDERR, 'status ' . http_response_code()); });
`

// page runs a PHP file of an instance, and answers its status and what it prints.
func (i *instance) page(path string, env ...string) (status, text string) {
	i.t.Helper()
	cmd := i.php(path, env...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	require.NoError(i.t, cmd.Run(), "%s%s", &out, &said)
	return said.String(), out.String()
}

// php runs a PHP file of an instance beside the stub of the database.
func (i *instance) php(path string, env ...string) *exec.Cmd {
	i.t.Helper()
	php := needed(i.t, "php")
	prepend := filepath.Join(filepath.Dir(i.root), "mysqli.php")
	i.put(prepend, mysqlStub)
	// -n: without extensions. A disabled function may be defined anew, since PHP 8.
	cmd := exec.Command(php, "-n", "-d", "disable_functions=mysqli_init,mysqli_report", "-d", "auto_prepend_file="+prepend, i.path(path))
	cmd.Env = append(env, "PILOTLIGHT_ROOT="+i.root)
	return cmd
}

// constants are what WordPress would find defined.
func (i *instance) constants(env ...string) map[string]any {
	i.t.Helper()
	i.put(i.path(site+"/wp-settings.php"), `<?php
		echo json_encode(get_defined_constants(true)['user'] + ['prefix' => $table_prefix, 'https' => $_SERVER['HTTPS'] ?? 'off']);`)
	_, text := i.page(site+"/wp-config.php", env...)
	var defined map[string]any
	require.NoError(i.t, json.Unmarshal([]byte(text), &defined), text)
	return defined
}

func TestConfigurationHoldsWhatWordPressNeeds(t *testing.T) {
	t.Parallel()
	defined := running(t).constants()
	for name, want := range map[string]any{
		"DB_HOST": "blog-dr-1.us-west-2.rds.amazonaws.com", "DB_USER": "wordpress", "DB_NAME": "wordpress", "DB_PASSWORD": `it's "\`,
		"WP_HOME": "https://www.example.com", "WP_SITEURL": "https://www.example.com",
		"AUTH_KEY": "1", "SECURE_AUTH_KEY": "2", "LOGGED_IN_KEY": "3", "NONCE_KEY": "4",
		"AUTH_SALT": "5", "SECURE_AUTH_SALT": "6", "LOGGED_IN_SALT": "7", "NONCE_SALT": "8",
		"FORCE_SSL_ADMIN": true, "DISABLE_WP_CRON": true, "WP_REDIS_DISABLED": true,
		"MYSQL_CLIENT_FLAGS": 2048.0 + 1073741824, "prefix": "blog_", "https": "on", // for a job, too
	} {
		assert.Equal(t, want, defined[name], name)
	}
	assert.NotContains(t, defined, "WP_REDIS_HOST")
}

func TestConfigurationSeesTheBalancersTLS(t *testing.T) {
	t.Parallel()
	i := running(t)
	i.answer("parameters", strings.ReplaceAll(i.read(parametersFile), "\thttps://", "\thttp://"))
	i.refresh()
	assert.Equal(t, "off", i.constants()["https"])
	assert.Equal(t, "on", i.constants("HTTP_X_FORWARDED_PROTO=https")["https"])
}

func TestConfigurationEncryptsEvenWithoutCertificates(t *testing.T) {
	t.Parallel()
	i := running(t)
	require.NoError(t, os.Remove(i.path("/etc/pki/ca-trust/source/anchors/rds.pem")))
	assert.Equal(t, 2048.0, i.constants()["MYSQL_CLIENT_FLAGS"])
}

func TestConfigurationTakesTheCacheWhenThereIsOne(t *testing.T) {
	t.Parallel()
	i := running(t)
	i.answer("parameters", i.read(parametersFile)+"/blog/dr/cache\tredis.example.net\n")
	i.refresh()
	defined := i.constants()
	assert.Equal(t, "redis.example.net", defined["WP_REDIS_HOST"])
	assert.Equal(t, "tls", defined["WP_REDIS_SCHEME"])
	assert.Equal(t, true, defined["WP_REDIS_GRACEFUL"], "a cache that fails ends no page")
	assert.Equal(t, "epoch-3:", defined["WP_REDIS_PREFIX"], "what another epoch cached is not read")
	assert.Equal(t, 86400.0, defined["WP_REDIS_MAXTTL"])
	assert.Equal(t, "token", defined["WP_REDIS_PASSWORD"])
	assert.NotContains(t, defined, "WP_REDIS_DISABLED")
}

// TestWordPressLeavesItsCodeAlone unless the configuration lets it.
func TestWordPressLeavesItsCodeAlone(t *testing.T) {
	t.Parallel()
	for _, fileMods := range []bool{false, true} {
		args := userData()
		args.FileMods = fileMods
		i := boot(t, args)
		require.NoError(t, i.err, i.log)
		defined := i.constants()
		for _, name := range []string{"DISALLOW_FILE_MODS", "AUTOMATIC_UPDATER_DISABLED"} {
			_, is := defined[name]
			assert.Equal(t, !fileMods, is, name)
		}
	}
}

// TestImageHasConstantsOfItsOwn holds that they are there before WordPress is, know those
// of the site, and read no secret on the way.
func TestImageHasConstantsOfItsOwn(t *testing.T) {
	t.Parallel()
	i := machine(t, userData())
	i.put(i.path("/etc/pilotlight/wp-config.php"), "<?php define('WP_MEMORY_LIMIT', '256M'); define('WP_CACHE', WP_HOME !== ''); define('LEFT', isset($pilotlight));")
	i.run(i.script)
	require.NoError(t, i.err, i.log)
	defined := i.constants()
	assert.Equal(t, "256M", defined["WP_MEMORY_LIMIT"])
	assert.Equal(t, true, defined["WP_CACHE"])
	assert.Equal(t, false, defined["LEFT"])
}

// TestWordPressHasItsOwnDatabaseUser holds who makes it: an instance that the user is not
// known to, at a database that takes writes, with the master's password.
func TestWordPressHasItsOwnDatabaseUser(t *testing.T) {
	t.Parallel()
	const made = `CREATE USER IF NOT EXISTS 'wordpress'@'%' IDENTIFIED BY 'it\'s \"\\' REQUIRE SSL
ALTER USER 'wordpress'@'%' IDENTIFIED BY 'it\'s \"\\' REQUIRE SSL ACCOUNT UNLOCK
GRANT ALL ON ` + "`word\\_press`" + `.* TO 'wordpress'@'%'
`
	for name, tc := range map[string]struct {
		stub  string
		spoil func(*instance)
		want  string
	}{
		"nobody knows it":  {"denied 1045", nil, made},
		"it has no rights": {"denied 1044", nil, made},
		"it is there":      {"", nil, ""},
		"nothing answers":  {"down", nil, ""},
		"the site brought its own": {"denied 1045", func(i *instance) {
			i.answer("secret", strings.Replace(i.asked("secret"), `"master_user":"admin",`, "", 1))
			i.age("/run/pilotlight/secret.json", 11*time.Minute)
			i.refresh()
		}, ""},
		"the site has moved":        {"denied 1045", func(i *instance) { i.answer("peer-epoch", "4\n"); i.refresh() }, ""},
		"the database is a replica": {"denied 1045 read_only", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := running(t)
			i.answer("secret", `{"master_user":"admin","master_password":"TOPSECRET",`+strings.Replace(i.asked("secret")[1:], `"database_name":"wordpress"`, `"database_name":"word_press"`, 1))
			i.age("/run/pilotlight/secret.json", 11*time.Minute)
			i.refresh()
			if tc.spoil != nil {
				tc.spoil(i)
			}
			_, said := i.page(minutePage, "STUB="+tc.stub)
			queries, err := os.ReadFile(i.path("/queries"))
			if tc.want == "" {
				assert.ErrorIs(t, err, os.ErrNotExist)
				assert.Empty(t, said)
				return
			}
			require.NoError(t, err, said)
			assert.Equal(t, tc.want, string(queries))
			assert.Equal(t, "pilotlight: the database has the user wordpress now\n", said)
		})
	}
}

// TestJobsRunWhereTheDatabaseTakesWrites asks as the jobs' unit does, each time. They leave the first minutes to visitors.
func TestJobsRunWhereTheDatabaseTakesWrites(t *testing.T) {
	t.Parallel()
	const seen = "/run/pilotlight/writable"
	i := running(t)
	unit := i.read("/etc/systemd/system/pilotlight-cron.service")
	assert.Contains(t, unit, "\nExecCondition=/usr/bin/php "+writablePage+"\nExecStart=/usr/bin/php -d mysqlnd.net_read_timeout=600 /var/www/html/wp-cron.php\n")
	assert.Contains(t, i.read("/etc/systemd/system/pilotlight-cron.timer"), "\nRandomizedDelaySec=30s\n", "instances that booted together run jobs together")
	runs := func(stub string) bool { return i.php(writablePage, "STUB="+stub).Run() == nil }
	assert.False(t, runs(""), "nobody has seen yet that it takes writes")

	i.page(minutePage)
	assert.False(t, runs(""), "it does so only now")
	i.age(seen, 5*time.Minute)
	i.page(minutePage)
	for stub, want := range map[string]bool{"": true, "read_only": false, "down": false} {
		assert.Equal(t, want, runs(stub), stub)
	}
	i.page(minutePage, "STUB=down")
	assert.True(t, runs(""), "one minute without the database is no promotion")
	i.page(minutePage, "STUB=read_only")
	assert.NoFileExists(t, i.path(seen))
	require.NoError(t, os.RemoveAll(i.path("/run/pilotlight")))
	assert.False(t, runs(""), "nothing is known")
}
