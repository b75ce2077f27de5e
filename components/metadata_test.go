package components

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// asking tries both addresses of the metadata service as root and as another user,
// before and after the rules of an instance. It runs in a network of its own.
const asking = `set -e
ip link set lo up
ip address add 169.254.169.254/32 dev lo
ip address add fd00:ec2::254/128 dev lo nodad
php -r '$s = stream_socket_server("tcp://[::]:80"); while (true) if ($c = @stream_socket_accept($s)) fclose($c);' & # both families
trap 'kill $!' EXIT
ask() { # UID ADDRESS
	if timeout 5 setpriv --reuid "$1" --regid "$1" --clear-groups bash -c "exec 3<>/dev/tcp/$2/80" 2>/dev/null; then echo "$1 $2 open"; else echo "$1 $2 closed"; fi
}
for try in {1..100}; do [[ $(ask 0 169.254.169.254) == *open ]] && break; sleep 0.1; done
all() { for user in 0 48; do for address in 169.254.169.254 fd00:ec2::254 127.0.0.1; do ask "$user" "$address"; done; done; }
echo before; all
nft -f "$RULES"; nft -f "$RULES"
echo after; all
nft delete table inet pilotlight
`

// TestMetadataIsForRoot has the real firewall hold what the user data writes.
func TestMetadataIsForRoot(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"nft", "ip", "unshare", "setpriv", "php"} {
		needed(t, tool)
	}
	i := running(t)
	command := []string{"env", "RULES=" + i.path("/etc/pilotlight/metadata.nft"), "unshare", "--net", "bash", "-c", asking}
	if os.Geteuid() != 0 {
		needed(t, "sudo")
		command = append([]string{"sudo", "-n"}, command...)
	}
	out, err := exec.CommandContext(t.Context(), command[0], command[1:]...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Equal(t, `before
0 169.254.169.254 open
0 fd00:ec2::254 open
0 127.0.0.1 open
48 169.254.169.254 open
48 fd00:ec2::254 open
48 127.0.0.1 open
after
0 169.254.169.254 open
0 fd00:ec2::254 open
0 127.0.0.1 open
48 169.254.169.254 closed
48 fd00:ec2::254 closed
48 127.0.0.1 open
`, string(out))
}

// TestWebServerStartsBehindTheRules holds that a reboot brings the rules back before
// anything that visitors reach, and that what took them away is made good.
func TestWebServerStartsBehindTheRules(t *testing.T) {
	t.Parallel()
	i := running(t)
	unit := i.read("/etc/systemd/system/pilotlight-metadata.service")
	assert.Contains(t, unit, "/nft -f /etc/pilotlight/metadata.nft\n")
	for _, service := range []string{"httpd.service.d/pilotlight.conf", "php-fpm.service.d/pilotlight.conf", "pilotlight-cron.service"} {
		assert.Contains(t, i.read("/etc/systemd/system/"+service), "\nRequires=pilotlight-metadata.service\nAfter=pilotlight-metadata.service\n", service)
	}
	list, load := "nft list table inet pilotlight\n", "nft -f "+i.path("/etc/pilotlight/metadata.nft")+"\n"
	assert.Less(t, strings.Index(i.log, list), strings.Index(i.log, "systemctl enable --now"), "before the web server starts")
	i.refresh()
	assert.NotContains(t, i.log, load)

	i.put(i.commands+"/nft", "#!/bin/sh\necho \"nft $*\" >>\"$CALLS\"\n[ \"$1\" != list ]\n")
	i.refresh()
	assert.Contains(t, i.log, load, "somebody flushed them")
	i.put(i.commands+"/nft", "#!/bin/sh\nexit 1\n")
	i.refresh()
	assert.Contains(t, i.log, "the metadata service is open to all users")
}

// TestMountRunsNothing holds the same of the mount.
func TestMountRunsNothing(t *testing.T) {
	t.Parallel()
	assert.Contains(t, running(t).read("/etc/systemd/system/pilotlight-media.service"), ",nosuid,nodev,noexec,")
}
