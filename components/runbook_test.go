package components

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRunbookReachesMySQL runs on an instance what the runbook says there, and reads what it writes as a client of MySQL does.
func TestRunbookReachesMySQL(t *testing.T) {
	t.Parallel()
	require.NotEmpty(t, realPHP, "PHP is missing: apt-get install php-cli")
	page, err := os.ReadFile("../docs/runbook.md")
	require.NoError(t, err)
	found := regexp.MustCompile(`(?s)\nphp -r '(.*?)'\n`).FindSubmatch(page)
	require.NotNil(t, found)
	for user, secret := range map[string]string{
		"wordpress": `{"database_user":"wordpress","database_password":"it's \"\\","database_name":"wordpress"}`,
		"admin":     `{"master_user":"admin","master_password":"it's \"\\","database_user":"wordpress","database_password":"another","database_name":"wordpress"}`,
	} {
		i := running(t)
		i.put(i.path("/run/pilotlight/secret.json"), secret)
		home := t.TempDir()
		// The settings name constants of mysqli, which a PHP without extensions lacks. Nothing here connects.
		script := `define("MYSQLI_CLIENT_SSL", 2048); define("MYSQLI_CLIENT_SSL_VERIFY_SERVER_CERT", 1 << 30); ` + strings.ReplaceAll(string(found[1]), "/usr/share/pilotlight", i.path("/usr/share/pilotlight"))
		run := exec.CommandContext(t.Context(), realPHP, "-n", "-r", script)
		run.Env = []string{"HOME=" + home, "PILOTLIGHT_ROOT=" + i.root}
		said, err := run.CombinedOutput()
		require.NoError(t, err, string(said))
		file := filepath.Join(home, ".my.cnf")
		written, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Equal(t, "[client]\nssl-verify-server-cert\nhost=\"blog-dr-1.us-west-2.rds.amazonaws.com\"\nuser=\""+user+"\"\npassword=\"it's \\\"\\\\\"\n"+
			"ssl-ca=\"/etc/pki/ca-trust/source/anchors/rds.pem\"\n", string(written))
		client, err := exec.LookPath("my_print_defaults")
		if err != nil {
			continue
		}
		read, err := exec.CommandContext(t.Context(), client, "--defaults-file="+file, "client").Output()
		require.NoError(t, err)
		assert.Contains(t, string(read), "--password=it's \"\\\n")
	}
}
